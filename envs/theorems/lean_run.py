"""How Lean is run and read: its command line, the texts it is given, and the messages it prints."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from dataclasses import dataclass

from selftrain.envs.theorems.lean_screen import blocks
from selftrain.envs.theorems.theorem import Statement

# what a module does not hand on to those that import it; the rest of a preamble is compiled once
_LOCAL = re.compile(r"(?:open|universe|universes|set_option|local|variable)\b(?!.*\bin$)")
_IMPORT = re.compile(r"(?:public )?import\b")
_BUILT = (".lake/build/lib/lean", ".lake/build/lib")


@dataclass(frozen=True)
class Message:
    """One message of Lean.

    Attributes:
        severity: "error", "warning" or "information".
        line: where it is, counted from 1.
        text: what it says.
    """

    severity: str
    line: int
    text: str


def messages(printed: bytes) -> list[Message]:
    """The messages in what `lean --json` printed; lines that are none are errors without a place."""
    found = []
    for line in printed.decode("utf-8", "replace").splitlines():
        if line.strip():
            found.append(_message(line))
    return found


def _message(line: str) -> Message:
    try:
        fields = json.loads(line)
        return Message(str(fields["severity"]), int(fields["pos"]["line"]), str(fields["data"]).strip())
    except (ValueError, TypeError, KeyError, RecursionError):
        return Message("error", 0, line.strip())


def command(name: str, project: str, compiled: bool) -> str:
    """Bash that checks `name`.lean in the folder it runs in, and compiles it there when `compiled`.

    The libraries of `project` are found where lake builds them. Lake itself is not run: it writes into the project,
    and a sandbox sees that read-only.
    """
    libraries = ""
    if project:
        folders = [f"{root}/{built}" for root in (".", ".lake/packages/*") for built in _BUILT]
        listed = f"(cd {shlex.quote(project)} && ls -d {' '.join(folders)} 2>/dev/null)"
        libraries = f'$({listed} | while read -r f; do printf ":%s/%s" {shlex.quote(project)} "$f"; done)'
    output = f" -o {name}.olean" if compiled else ""
    return f'LEAN_PATH="$PWD{libraries}" exec lean --json --root=.{output} {name}.lean'


def split_preamble(preamble: str) -> tuple[str, str]:
    """The imports of a preamble, and those commands that hold for their own file only."""
    chunks = re.split(r"\n(?=\S)", preamble.strip())
    imports = [chunk for chunk in chunks if _IMPORT.match(chunk)]
    return "\n".join(imports), "\n".join(chunk for chunk in chunks if _LOCAL.match(chunk))


def specification(statement: Statement, proposition: str) -> str:
    """A module with the preamble, and the statement under the name `proposition`."""
    text = textwrap.indent(statement.proposition.strip(), "  ")
    return f"{statement.preamble.strip()}\n\ndef {proposition} : Prop :=\n{text}\n\nexample : Prop := {proposition}\n"


def theorem(statement: Statement, head: str, proof: str) -> tuple[str, int]:
    """A module with the theorem and these tactics as its proof after `head`, and the line of its `by`."""
    text = textwrap.indent(statement.proposition.strip(), "    ")
    opening = f"{head.strip()}\n\ntheorem {statement.name} :\n{text}\n".lstrip()
    # the first tactic does nothing, so that a proof without any is well-formed
    body = textwrap.indent("\n".join(["skip", *blocks(proof)]), "  ")
    return f"{opening}  := by\n{body}\n", opening.count("\n") + 1
