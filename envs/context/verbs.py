"""What one message of the agent asks for. Parsing is total: every string is some verb."""

from __future__ import annotations

from dataclasses import dataclass

COMPACT, NOTE, READ, BRANCH, RETURN = "/compact", "/note", "/read", "/branch", "/return"
NOTE_OPERATIONS = ("write", "append", "delete")


@dataclass(frozen=True)
class Verb:
    """A parsed message.

    Attributes:
        name: "act" (for the environment), "compact", "note", "read", "branch", "return" or "invalid".
        text: the action, notes, file content, prompt or message; of "invalid" the reason.
        operation: of "note": "write", "append" or "delete".
        path: of "note" and "read"; of "branch" its description.
    """

    name: str
    text: str = ""
    operation: str = ""
    path: str = ""


def parse(message: str) -> Verb:
    """The verb of a message: what its first line begins with, or else the whole message as an action."""
    line, _, rest = message.lstrip("\r\n").partition("\n")
    word, tail = _first_word(line)
    if word == COMPACT:
        return Verb("compact", f"{tail}\n{rest}".strip())
    if word == RETURN:
        return Verb("return", f"{tail}\n{rest}".strip())
    if word == BRANCH:
        return Verb("branch", rest, path=tail) if tail else Verb("invalid", f"{BRANCH} needs a description after it")
    if word == READ:
        return Verb("read", path="" if tail == "." else tail)
    if word == NOTE:
        return _note(tail, rest)
    return Verb("act", message)


def _note(tail: str, rest: str) -> Verb:
    operation, path = _first_word(tail)
    if operation not in NOTE_OPERATIONS or not path:
        return Verb("invalid", f"write {NOTE} write PATH, {NOTE} append PATH or {NOTE} delete PATH, then the text")
    return Verb("note", rest, operation, path)


def _first_word(line: str) -> tuple[str, str]:
    word, *rest = line.split(maxsplit=1) or [""]
    return word, rest[0].strip() if rest else ""


def notes_of(message: str) -> str:
    """The notes in the answer to a request for them: all of it, without a leading `/compact`."""
    verb = parse(message)
    return verb.text if verb.name in ("compact", "return") else message.strip()
