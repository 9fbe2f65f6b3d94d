"""An ordinary project that grows commit by commit, for the families whose tasks are about its history."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from selftrain.envs.families.git_history import History
from selftrain.envs.families.material import (
    SERVICES,
    WORDS,
    Person,
    between,
    chance_of,
    later,
    people,
    pick,
    sample,
    sentence,
    start_of_story,
)


class Project:
    """A growing project: a tree of sources, settings and notes, the people on it, and a clock that only advances."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.history = History()
        self.team: list[Person] = people(rng, between(rng, 3, 6))
        self.now: datetime = start_of_story(rng)
        self.name = f"{pick(rng, SERVICES)}-{pick(rng, ('api', 'core', 'tools', 'worker', 'agent'))}"
        self._serial = 0

    def first_tree(self) -> dict[str, bytes]:
        """The files of the first commit."""
        tree = {"README.md": f"# {self.name}\n\n{sentence(self.rng, 12)}\n".encode(), "CHANGELOG.md": b"# Changes\n"}
        for service in sample(self.rng, SERVICES, 3):
            tree[f"config/{service}.yaml"] = self._settings(service)
        for word in sample(self.rng, WORDS, 4):
            tree[f"src/{word}.py"] = f'"""{sentence(self.rng, 6)}"""\n'.encode() + self._function(word)
        return tree

    def edit(self, tree: dict[str, bytes]) -> tuple[dict[str, bytes], str]:
        """The tree after one ordinary change, and the message of its commit."""
        kind = int(self.rng.integers(5))
        if kind == 0:
            word = self.fresh_word()
            return {**tree, f"src/{word}.py": self._function(word)}, f"Add {word}"
        if kind == 1:
            path = pick(self.rng, [name for name in sorted(tree) if name.startswith("config/")])
            key, value = pick(self.rng, ("timeout_s", "retries", "workers", "batch")), between(self.rng, 2, 900)
            lines = [
                f"{key}: {value}" if line.startswith(f"{key}:") else line for line in tree[path].decode().split("\n")
            ]
            changed = "\n".join(lines).encode()
            if changed != tree[path]:
                return {**tree, path: changed}, f"{path.split('/')[1][:-5]}: set {key} to {value}"
        if kind == 2:
            words = sentence(self.rng, 8)
            return {**tree, "CHANGELOG.md": tree["CHANGELOG.md"] + f"- {words}\n".encode()}, f"Note: {words[:-1]}"
        if kind == 3:
            section = f"\n## {sentence(self.rng, 2)[:-1]}\n\n{sentence(self.rng, 18)}\n"
            return {**tree, "README.md": tree["README.md"] + section.encode()}, f"Describe {section.split()[1].lower()}"
        path = pick(self.rng, [name for name in sorted(tree) if name.startswith("src/")])
        word = self.fresh_word()
        return {**tree, path: tree[path] + self._function(word)}, f"{path[4:-3]}: add {word}"

    def grow(self, parent: str, count: int) -> list[str]:
        """`count` ordinary commits on top of `parent` ("" for the first ever); returns their ids, oldest first."""
        made: list[str] = []
        for _ in range(count):
            if not parent:
                tree, message = self.first_tree(), "Start the project"
            else:
                tree, message = self.edit(dict(self.history.commits[parent].tree))
            parent = self.commit(parent, tree, message)
            made.append(parent)
        return made

    def commit(self, parent: str, tree: dict[str, bytes], message: str, author: Person | None = None) -> str:
        """One commit by `author` (somebody of the team when left out), some time after the last."""
        self.now = later(self.rng, self.now, 600)
        body = f"\n\n{sentence(self.rng, 10)}" if chance_of(self.rng, 0.3) else ""
        parents = (parent,) if parent else ()
        return self.history.commit(parents, tree, author or pick(self.rng, self.team), self.now, message + body)

    def fresh_word(self) -> str:
        """A name that no file or function of this project has yet."""
        self._serial += 1
        return f"{pick(self.rng, WORDS)}_{pick(self.rng, WORDS)}_{self._serial}"

    def _settings(self, service: str) -> bytes:
        values = {key: between(self.rng, 2, 900) for key in ("timeout_s", "retries", "workers", "batch")}
        lines = [f"service: {service}", *(f"{key}: {value}" for key, value in values.items())]
        return ("\n".join(lines) + "\n").encode()

    def _function(self, word: str) -> bytes:
        first, second = between(self.rng, 2, 99), between(self.rng, 2, 999)
        return f"\n\ndef {word}(value):\n    return value * {first} + {second}\n".encode()
