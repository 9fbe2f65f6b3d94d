#!/usr/bin/env python3
"""Stands in for the `lean` of a Lean 4 toolchain, which no package registry holds.

It keeps the command line (`lean --json --root=. [-o NAME.olean] NAME.lean`), the look-up of imported modules in
LEAN_PATH, one JSON message a line, exit code 1 after an error, and "unsolved goals" at the line of `by`. Its logic is
a toy: propositions are texts; it knows `∧`, `True` and equations, the tactics `skip`, `trivial`, `rfl`, `constructor`,
`exact`, `sorry`, `loop` and the bullet `·`, and the commands `axiom`, `def`, `theorem`, `example` and `#print axioms`.
A compiled module is JSON. So the tests that use it hold what is asked of Lean and how its answers are read, not Lean.
"""

import json
import os
import re
import sys
import time
from pathlib import Path

errors: list[str] = []
known: dict[str, tuple[str, list[str]]] = {}  # name → its type, the axioms below it
own: dict[str, tuple[str, list[str]]] = {}


def say(severity: str, line: int, text: str) -> None:
    if severity == "error":
        errors.append(text)
    message = {"severity": severity, "pos": {"line": line, "column": 0}, "data": text, "fileName": "x"}
    sys.stdout.write(json.dumps(message) + "\n")


def load(module: str) -> None:
    for folder in os.environ.get("LEAN_PATH", "").split(":"):
        path = Path(folder or "/nowhere") / f"{module}.olean"
        if path.is_file():
            known.update({name: (kind, axioms) for name, (kind, axioms) in json.loads(path.read_text()).items()})
            return
    say("error", 1, f"unknown module prefix '{module}'")


def declare(name: str, kind: str, axioms: list[str], line: int) -> None:
    if name in known:
        say("error", line, f"'{name}' has already been declared")
    known[name] = own[name] = (kind, axioms)


def split(goal: str) -> list[str] | None:
    left, mark, right = goal.partition(" ∧ ")
    return [left.strip("() "), right.strip("() ")] if mark else None


def closes(tactic: str, goal: str, axioms: list[str]) -> bool:
    word, _, name = tactic.partition(" ")
    if tactic == "sorry":
        axioms.append("sorryAx")
    elif word == "exact" and known.get(name, ("",))[0] == goal:
        axioms += known[name][1]
    elif tactic == "rfl":
        left, _, right = goal.partition(" = ")
        return left == right
    else:
        return tactic == "trivial" and goal == "True"
    return True


def prove(proposition: str, tactics: list[str], by: int) -> tuple[bool, list[str]]:
    goals, axioms = [proposition], list[str]()
    for at, line in enumerate(tactics, by + 1):
        tactic = line.strip().removeprefix("· ")
        if tactic == "skip" or not tactic:
            continue
        if tactic == "loop":
            time.sleep(60)
        parts = split(goals[0]) if goals and tactic == "constructor" else None
        if parts is not None:
            goals[:1] = parts
        elif goals and closes(tactic, goals[0], axioms):
            goals.pop(0)
        else:
            say("error", at, f"tactic '{tactic}' failed" if goals else "no goals to be proved")
            return False, axioms
    if goals:
        say("error", by, "unsolved goals\n" + "\n\n".join(f"⊢ {goal}" for goal in goals))
    return not goals, axioms


def theorem(name: str, text: str, line: int) -> None:
    head, mark, proof = text.partition(":= by")
    if not mark:
        proposition, _, term = (part.strip() for part in text.partition(":="))
        kind, axioms = known.get(term.lstrip("@"), ("nothing", []))
        if known.get(proposition, (proposition,))[0] != kind:
            say("error", line, f"type mismatch: {term} has type {kind}")
        else:
            declare(name, proposition, axioms, line)
        return
    proven, axioms = prove(head.strip(), proof.split("\n")[1:], line + head.count("\n"))
    if proven:
        declare(name, head.strip(), axioms, line)


def run(command: str, line: int) -> None:
    word, _, rest = command.partition(" ")
    if word == "import":
        load(rest.strip())
    elif word == "axiom":
        name, _, kind = rest.partition(" : ")
        declare(name, kind.strip(), [name], line)
    elif word == "def":
        name, _, body = rest.partition(" : Prop :=")
        if "?" in body:
            say("error", line, "unexpected token '?'")
        declare(name, body.strip(), [], line)
    elif word == "theorem":
        name, _, text = rest.partition(":")
        theorem(name.strip(), text.lstrip(" "), line)
    elif command.startswith("#print axioms "):
        name = rest.removeprefix("axioms ").strip()
        axioms = known.get(name, ("", []))[1]
        listed = (
            f"depends on axioms: [{', '.join(dict.fromkeys(axioms))}]" if axioms else "does not depend on any axioms"
        )
        say("information", line, f"'{name}' {listed}")


def main() -> int:
    source, arguments = Path(sys.argv[-1]).read_text("utf-8"), sys.argv[1:-1]
    assert "--json" in arguments and "--root=." in arguments, arguments
    line = 1
    for command in re.split(r"\n(?=\S)", source):
        run(command.strip("\n"), line)
        line += command.count("\n") + 1
    if "-o" in arguments and not errors:
        Path(arguments[arguments.index("-o") + 1]).write_text(json.dumps(own))
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
