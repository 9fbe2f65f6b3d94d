"""The commands of the command line that make pages: `view` and `report`."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from selftrain.errors import OptionError, SelfTrainError

out = Console()


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(view)
    app.command()(report)


def view(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="folder of a run, or a file of records")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one")] = 8008,
    export: Annotated[
        Path | None, typer.Option(help="write the pages to this folder, for a browser without a server, and end")
    ] = None,
) -> None:
    """Look at the episodes of a run in a browser: turns, contexts, cuts, notes, verdicts."""
    _need("jinja2", "starlette", "uvicorn")
    from selftrain.web import viewer
    from selftrain.web.runs import RunFolder

    run = RunFolder(directory)
    episodes = len(run.summaries())
    if export is not None:
        pages = viewer.export(run, export)
        out.print(f"{pages} pages: {export / viewer.INDEX}", markup=False, highlight=False, soft_wrap=True)
        return
    with viewer.bind(port) as bound:
        address = f"http://{viewer.HOST}:{bound.getsockname()[1]}/"
        out.print(f"{episodes} episodes at {address} (Ctrl+C ends it)", highlight=False, soft_wrap=True)
        viewer.serve(run, bound)


def report(
    directories: Annotated[list[Path], typer.Argument(metavar="DIR...", help="folders of runs, or files of records")],
    file: Annotated[Path, typer.Option("--out", help="where the page goes")] = Path("report.html"),
    chance: Annotated[
        float | None, typer.Option(min=0, max=1, help="success of guessing, where the environment does not state it")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the numbers as JSON, and write no page")] = False,
) -> None:
    """Compute how success, notes and tokens depend on cuts, from the records of runs, as one HTML page."""
    _need("jinja2", "matplotlib", "scipy")
    from selftrain.web.report import as_dict, make_report, report_page

    found = make_report(directories, chance)
    if as_json:
        print(json.dumps(as_dict(found), indent=1, ensure_ascii=False))  # noqa: T201  plain JSON is the contract
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(report_page(found), encoding="utf-8")
    except OSError as error:
        raise OptionError(f"{file} cannot be written: {error.strerror}") from error
    out.print(f"{file}", markup=False, highlight=False, soft_wrap=True)


def _need(*packages: str) -> None:
    if missing := [name for name in packages if importlib.util.find_spec(name) is None]:
        raise SelfTrainError(f"pages need {' and '.join(missing)}: pip install 'selftrain[web]'")
