"""What commands share: options that are more than one value, what they come to, and the bar of progress."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from selftrain.errors import OptionError
from selftrain.records import read_records

_AGENT, _CONTEXT = "Agent", "Context budget"

AgentName = Annotated[
    str, typer.Option(help="oracle, nop, random, human, chat, local, or module:Class", rich_help_panel=_AGENT)
]
Model = Annotated[str | None, typer.Option(help="name of the agent's model", rich_help_panel=_AGENT)]
BaseUrl = Annotated[
    str | None, typer.Option(help="endpoint of the model, such as http://localhost:8080/v1", rich_help_panel=_AGENT)
]
Temperature = Annotated[float | None, typer.Option(min=0.0, help="of the model's sampling", rich_help_panel=_AGENT)]

Budget = Annotated[
    str | None, typer.Option(help="tokens of the context; LOW,HIGH draws per task", rich_help_panel=_CONTEXT)
]
Reserve = Annotated[int | None, typer.Option(help="tokens of one message of the agent", rich_help_panel=_CONTEXT)]
NotesBudget = Annotated[int | None, typer.Option("--notes", help="tokens of the notes", rich_help_panel=_CONTEXT)]
Mode = Annotated[
    str | None, typer.Option(help="rewrite, fold, notebook, window, none or oracle_full", rich_help_panel=_CONTEXT)
]
Trigger = Annotated[str | None, typer.Option(help="forced, voluntary, both or every:K", rich_help_panel=_CONTEXT)]
View = Annotated[str | None, typer.Option(help="messages or tokens", rich_help_panel=_CONTEXT)]
Tokenizer = Annotated[
    str | None,
    typer.Option(help="bytes, a tokenizer.json, or the folder of a tokenizer", rich_help_panel=_CONTEXT),
]
NotebookFolder = Annotated[
    str | None,
    typer.Option(
        "--notebook",
        help="folder of the files that outlive cuts; episodes are then played one by one",
        rich_help_panel=_CONTEXT,
    ),
]
MaxTurns = Annotated[int | None, typer.Option(help="messages after which an episode ends", rich_help_panel=_CONTEXT)]
MaxCuts = Annotated[int | None, typer.Option(help="cuts after which an episode ends", rich_help_panel=_CONTEXT)]
Ablation = Annotated[
    str | None,
    typer.Option(help="notes delivered after a cut: own, wiped, shuffled or other", rich_help_panel=_CONTEXT),
]
Donors = Annotated[
    Path | None,
    typer.Option(help="folder of a run whose notes `--ablation other` delivers in turn", rich_help_panel=_CONTEXT),
]
Settings = Annotated[list[str] | None, typer.Option("--set", help="NAME=VALUE for the environment, value as JSON")]
AgentSettings = Annotated[
    list[str] | None,
    typer.Option("--agent-set", help="NAME=VALUE for the agent, value as JSON", rich_help_panel=_AGENT),
]


def given(**values: Any) -> dict[str, Any]:
    """The options that the user gave."""
    return {name: value for name, value in values.items() if value is not None}


def budget_of(text: str | None) -> int | list[int] | None:
    """`--budget`: one number, or two with a comma between them.

    Raises:
        OptionError: it is something else.
    """
    if text is None:
        return None
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2):
        raise OptionError(f"--budget {text!r} must be a number of tokens, or LOW,HIGH")
    return numbers if len(numbers) == 2 else numbers[0]


def donor_notes_of(donors: Path | None, ablation: str | None) -> list[str] | None:
    """`--donors`: the notes in force in the valid episodes of a run, in their order; None when it was not given.

    Raises:
        OptionError: it is missing for `--ablation other`, or given for another one, or there are no notes.
        RecordError: the records cannot be read.
    """
    if (donors is None) == (ablation == "other"):
        raise OptionError(
            "--ablation other and --donors DIR need each other: the notes of the run in DIR are delivered"
        )
    if donors is None:
        return None
    episodes: dict[int, list[str]] = {}
    for record in read_records(donors):
        if record.valid:
            episodes[record.episode] = [part.notes for part in record.segments if part.notes and part.kind == "work"]
    notes = [one for _, its_notes in sorted(episodes.items()) for one in its_notes]
    if not notes:
        raise OptionError(f"--donors {donors}: none of its {len(episodes)} valid episodes has notes after a cut")
    return notes


def settings_of(items: list[str] | None) -> dict[str, Any]:
    """`--set` and `--agent-set`: each value as JSON, or as text where it is none.

    Raises:
        OptionError: an item has no name or no value.
    """
    found: dict[str, Any] = {}
    for item in items or ():
        name, equals, value = item.partition("=")
        if not (name.isidentifier() and equals):
            raise OptionError(f"setting {item!r} must be NAME=VALUE")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def progress_bar() -> Progress:
    """A bar on standard error for a known number of things."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True))
