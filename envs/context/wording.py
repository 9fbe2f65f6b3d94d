"""Every sentence that the context budget itself says to the agent. Short: each of them costs context."""

from __future__ import annotations

from collections.abc import Sequence

from selftrain.envs.context.settings import Settings
from selftrain.envs.context.verbs import BRANCH, COMPACT, NOTE, READ, RETURN

NOTES_HEADING = "# Your notes"
LATEST_HEADING = "# Latest"
NO_NOTES = "(none)"


def system(settings: Settings, has_notebook: bool) -> str:
    """How the work goes on past the context, for the system message."""
    lines = ["Each message you send is one action. You see a limited context."]
    if settings.asks_for_notes:
        lines.append("When it is full you are asked for notes: only the task and your notes remain after that.")
    if settings.allows_voluntary:
        lines.append(f"`{COMPACT}` and your notes do the same earlier.")
    if has_notebook:
        lines.append(
            f"Files that outlive the context: `{NOTE} write PATH` (or append, delete) with the text below it, "
            f"`{READ} PATH`, `{READ} .` to list. PATH begins with segment/, episode/, task/, lab/ or agent/."
        )
    if settings.mode == "notebook":
        lines.append("When the context is full, it starts again with the task and a list of those files.")
    if settings.mode == "fold":
        lines.append(
            f"`{BRANCH} DESCRIPTION` opens a side context; `{RETURN} MESSAGE` closes it, and only the message stays."
        )
    return " ".join(lines)


def opening(task: str, notes: str | None, pending: str) -> str:
    """The first user message: the task, after a cut the notes, and what was not shown before the cut."""
    parts = [task] if task else []
    if notes is not None:
        parts.append(f"{NOTES_HEADING}\n{notes or NO_NOTES}")
    if pending:
        parts.append(f"{LATEST_HEADING}\n{pending}")
    return "\n\n".join(parts)


def request(limit: int, in_branch: bool, size: int = 0) -> str:
    """What the agent is told when it has to write notes; `size` is that of notes that were too long."""
    what = "the message to return" if in_branch else "notes for yourself, the rest is dropped"
    again = f"That was {size} tokens, too long. " if size else ""
    return f"[{again}The context is full. Answer with {what}: at most {limit} tokens.]"


def branch_begins(description: str) -> str:
    """The answer to a branch call."""
    return f"[branch {description!r} begins; end it with {RETURN} MESSAGE]"


def branch_returned(description: str, message: str, pending: str) -> str:
    """What stays of a branch in the context it came from."""
    tail = f"\n\n{LATEST_HEADING}\n{pending}" if pending else ""
    return f"[branch {description!r} returned]\n{message}{tail}"


def invalid(why: str) -> str:
    """The answer to a message that could not be carried out."""
    return f"[not carried out: {why}]"


def index(listing: Sequence[tuple[str, int]]) -> str:
    """The files of a notebook, one line each."""
    return "\n".join(f"{path} ({size} bytes)" for path, size in listing)


def more_files(number: int) -> str:
    """The line that stands for files whose names do not fit."""
    return f"[{number} more: {READ} .]"
