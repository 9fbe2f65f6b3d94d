"""The commands `selftrain pack validate` and `selftrain pack card`: the admission gate and its report cards."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from selftrain.cli_options import progress_bar
from selftrain.errors import OptionError, SelfTrainError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from selftrain.envs.gate.card import Card, TaskReport

NEGATIVE, UNDECIDED = 1, 3
CARD, PAGE, PAGE_HASH = "card.json", "card.html", "page_sha256"
_COLORS = {"admitted": "green", "refused": "red", "undecided": "yellow"}

out, err = Console(), Console(stderr=True)


def register(app: typer.Typer) -> None:
    """Add the commands to `selftrain pack`."""
    app.command()(validate)
    app.command()(card)


def validate(
    what: Annotated[
        str, typer.Argument(metavar="DIR", help="folder of a pack, or of one task, or the name of a pack that is found")
    ],
    task: Annotated[list[str] | None, typer.Option(metavar="GLOB", help="only tasks of these names")] = None,
    backend: Annotated[str, typer.Option(help="auto, bubblewrap or docker")] = "auto",
    image: Annotated[str, typer.Option(help="image to run in; empty is a task's own, or the backend's default")] = "",
    base: Annotated[
        list[str] | None,
        typer.Option(metavar="IMAGE=OURS", help="what stands for an image that tasks name; OURS alone, for all"),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="play tasks that ask for the network without it, and refuse none for it")
    ] = False,
    parallel: Annotated[int | None, typer.Option(min=1, help="tasks at once; as many as cores when left out")] = None,
    repetitions: Annotated[int, typer.Option(min=1, help="times that the oracle is played")] = 3,
    directory: Annotated[
        Path | None, typer.Option("--out", help="folder of the card; the same command goes on where it was stopped")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="Ed25519 key in PEM to sign with; your own, made at first use, when left out")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the card as JSON")] = False,
) -> None:
    """Try every task before its rewards are believed, and write a signed report card.

    Exit code: 0 admitted, 1 refused, 3 when something could not be asked on this machine that a verdict needs.
    """
    if importlib.util.find_spec("jinja2") is None:
        raise SelfTrainError("report cards need jinja2: pip install 'selftrain[packs]'")
    from selftrain.envs.gate.candidates import read_subject
    from selftrain.envs.gate.signing import fingerprint_of, load_key
    from selftrain.envs.gate.validating import validate as judge
    from selftrain.envs.harbor.bases import chosen_bases, chosen_offline, set_images
    from selftrain.sandboxes import make_backend

    signer = load_key(key)
    set_images(base or (), offline)
    bases, offline = chosen_bases(), chosen_offline()  # what the environment of the process says holds here too
    subject = read_subject(what, bases, offline)
    directory = directory or Path("cards") / subject.name
    # what the pack's own Python prints is no part of what is told here
    with contextlib.redirect_stdout(sys.stderr), progress_bar() as progress:
        bar = progress.add_task("judging", total=None)

        def tell(done: int, total: int, report: TaskReport | None) -> None:
            progress.update(bar, completed=done, total=total)
            if report is None and done and not as_json:
                progress.console.print(f"{done} of {total} tasks were judged before, and are as they were")
            elif report is not None and report.decision != "admitted" and not as_json:
                _tell_of(report, progress.console)

        found = judge(
            subject, make_backend(backend), image, out=directory, tasks=task or (), parallel=parallel,
            repetitions=repetitions, bases=bases, offline=offline, progress=tell,
        )  # fmt: skip
    _write(found, directory, signer)
    if as_json:
        print((directory / CARD).read_text(encoding="utf-8"), end="")  # noqa: T201  plain JSON is the contract
    else:
        out.print(_plain(found.verdict), markup=False, highlight=False, soft_wrap=True, style=_COLORS[found.decision])
        say(f"card: {directory / PAGE}, signed by {fingerprint_of(signer)}: {directory / CARD}")
    raise typer.Exit({"admitted": 0, "refused": NEGATIVE, "undecided": UNDECIDED}[found.decision])


def card(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="card.json, or the folder that it lies in")],
    signer: Annotated[
        str | None, typer.Option(metavar="FINGERPRINT", help="who must have signed it: sha256 of the public key")
    ] = None,
) -> None:
    """Check that a report card is as it was signed, and show it.

    Exit code: 0 when the signature is right (and `--signer`'s) and a page that lies beside it is the card's, else 1.
    Whose key it is, only `--signer` can tell.
    """
    from selftrain.envs.gate.card import read_card
    from selftrain.envs.gate.signing import opened

    file = file / CARD if file.is_dir() else file
    try:
        signed = opened(file)
        _check_page(file, signed.card)
        found = read_card(signed.card)
        table, verdict = _table(found.tasks), _plain(found.verdict)
    except OptionError as error:
        err.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True, style="red")
        raise typer.Exit(NEGATIVE) from None
    except (KeyError, TypeError, AttributeError) as error:
        raise OptionError(f"{file} is signed, but no card that this version reads: {error!r}") from error
    right = signer is None or signer.casefold() == signed.fingerprint
    whose = "as was asked" if signer else "whoever that is: --signer FINGERPRINT asks for one"
    say(f"signature: right, by {signed.fingerprint} ({whose if right else f'not {signer}'})")
    played = f"judged {found.date} by {found.gate} on {found.backend} {found.image}".rstrip()
    say(_plain(f"{found.pack} {found.version}, {played}"))
    out.print(table)
    for finding in found.findings:
        out.print(_plain(f"{finding.check}: {finding.state}: {finding.summary}"), markup=False, highlight=False)
    out.print(verdict, markup=False, highlight=False, soft_wrap=True, style=_COLORS[found.decision])
    raise typer.Exit(0 if right else NEGATIVE)


def say(line: str) -> None:
    """Print a line as it is."""
    out.print(line, markup=False, highlight=False, soft_wrap=True)


def _tell_of(report: TaskReport, console: Console) -> None:
    """Why a task is not admitted, as soon as that is known."""
    found = [finding for finding in report.findings if finding.state == "fail"] or report.missing
    why = "; ".join(f"{finding.check}: {finding.summary}" for finding in found)
    line = _plain(f"{report.decision} {report.name}: {why}")
    console.print(line[:1000], markup=False, highlight=False, style=_COLORS[report.decision])


def _plain(text: str) -> str:
    """Without what would command a terminal: names and findings are of the task, and a card of whoever signed it."""
    return "".join(char if char.isprintable() else " " for char in text)


def _check_page(file: Path, signed: Mapping[str, Any]) -> None:
    """OptionError where the page beside a card is another than was signed: people read that one."""
    page = file.with_name(PAGE)
    if file.name != CARD or not page.exists():
        return
    try:
        digest = hashlib.sha256(page.read_bytes()).hexdigest()
    except OSError as error:
        raise OptionError(f"{page} cannot be read: {error.strerror}") from error
    if digest != signed.get(PAGE_HASH):
        raise OptionError(f"{page} is not the page of this card; the signature of {file} is right")


def _write(found: Card, directory: Path, signer: Ed25519PrivateKey) -> None:
    from selftrain.envs.gate.signing import fingerprint_of, sealed
    from selftrain.web.card import card_page

    page = card_page(found, fingerprint_of(signer)).encode()
    # a page cannot be made again to be compared: it looks as the version that made it lets it look
    table = {**found.as_dict(), PAGE_HASH: hashlib.sha256(page).hexdigest()}
    try:
        (directory / CARD).write_bytes(sealed(table, signer))
        (directory / PAGE).write_bytes(page)
    except OSError as error:
        raise OptionError(f"{directory} cannot be written: {error.strerror}") from error


def _table(tasks: Sequence[TaskReport]) -> Table:
    table = Table("task", "verdict", "fails", "not checked")
    for task in tasks:
        unchecked = ", ".join(finding.check for finding in task.findings if finding.state == "unchecked")
        color = _COLORS[task.decision]
        fails = ", ".join(task.failed)
        table.add_row(_cell(task.name), f"[{color}]{task.decision}[/]", _cell(fails), _cell(unchecked))
    return table


def _cell(text: str) -> str:
    return escape(_plain(text))
