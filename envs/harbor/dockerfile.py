"""A Dockerfile: what an image is built from, and what of it a sandbox can be made from without one.

Honoured without an image: `WORKDIR`, `COPY` and `ADD` of the folder's files (with `--chmod` and `--chown`), `ENV`,
`ARG` with a default, `USER` agent or root; `FROM` names the base. Passed over, for nothing of the image's is started:
`CMD`, `ENTRYPOINT`, `EXPOSE`, `LABEL`, `MAINTAINER`, `STOPSIGNAL`, `SHELL`. Every other line is `needed`: docker builds
the image, without a network, and a backend that builds none refuses to start the task. Lines that no build of ours can
carry out (`ADD` of an address) or that want files from outside of the folder are errors wherever the task is played.
"""

from __future__ import annotations

import os
import posixpath
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from selftrain.envs.harbor.folders import files_below, read_file, read_text
from selftrain.errors import TaskError
from selftrain.evidence import MIB
from selftrain.sandboxes.base import ALWAYS_WRITABLE, PATH

DEFAULT_WORKDIR = "/app"
MOST_CONTEXT_BYTES = 64 * MIB
"""Of the files beside a Dockerfile, which a task carries along."""
_NOTHING_TO_DO = ("CMD", "ENTRYPOINT", "EXPOSE", "LABEL", "MAINTAINER", "STOPSIGNAL", "SHELL")
# of the system, which is read-only: a writable folder there would hide what is in it
_SYSTEM = frozenset({"", "bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "sys", "usr"})
_SHARED = frozenset({"home", "mnt", "opt", "run", "srv", "var"})
_MOST_NAME_BYTES = 255  # of a file system's
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
# what may hold "<<" without a document after it
_QUOTED = re.compile(r"""(?<!<)(?<!<-)(?:"[^"]*"|'[^']*')|\$\(\([^)]*\)\)""")
_HEREDOC = re.compile(r"""(?<!<)<<-?\s*["']?[A-Za-z_]""")
_VARIABLE = re.compile(r"\\\$|\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})")


@dataclass
class Built:
    """What a Dockerfile comes to.

    Attributes:
        base: the first FROM.
        bases: every image that it begins a stage with or copies from, stages left out; as docker names them.
        text: of the file, with what stands for its bases in their place.
        numbers: of the line that each instruction begins in.
        folders: work folders, the last one first.
        files: absolute path → bytes.
        modes: absolute path → permission bits, for those of `files` that can be run.
        env: variables that are set.
        user: "" where it says nothing.
        needed: lines that only an image can honour, as errors name them.
    """

    base: str = ""
    bases: list[str] = field(default_factory=list)
    text: str = ""
    numbers: list[int] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    user: Literal["", "agent", "root"] = ""
    needed: list[str] = field(default_factory=list)


class _ImageNeededError(TaskError):
    """A line that only an image can honour."""


def writable_folder(path: str, what: str) -> str:
    """The folder that must be writable for a file at `path`; "" when it is so in every sandbox.

    Raises:
        TaskError: it lies in the read-only system; `what` names who wants it.
    """
    if any(path == folder or path.startswith(f"{folder}/") for folder in ALWAYS_WRITABLE):
        return ""
    top, *below = path.split("/")[1:]
    if top in _SYSTEM and not path.startswith("/usr/src/"):
        raise TaskError(f"{what}: {path} lies in the sandbox's read-only system; use a folder of the task's own")
    # the folders below these belong to different owners, and a writable folder hides what a system has in it
    depth = 3 if top == "usr" else 2 if top in _SHARED else 1
    return "/" + "/".join([top, *below[:-1]][:depth])


def docker_name(image: str) -> str:
    """An image's name with its tag."""
    return image if ":" in image.rpartition("/")[2] or "@" in image else f"{image}:latest"


def read_dockerfile(context: Path, folder: Path, stand_in: Callable[[str], str] = docker_name) -> Built:
    """What `Dockerfile` in `context` comes to; nothing where there is none.

    Args:
        context: the folder that its COPY lines read.
        folder: of the task, which no file may lie outside of.
        stand_in: from the name of a base to the image that is taken, as docker names it.

    Raises:
        TaskError: a line that is wrong, with its number.
    """
    built = Built()
    if not (context / "Dockerfile").exists():
        return built
    if (context / ".dockerignore").exists():
        raise TaskError(f"{context}/.dockerignore is not supported: take the files that it names out of the folder")
    _check_size(context)
    built.text = read_text(context, "Dockerfile", folder)
    _check_characters(context, built.text)
    known: dict[str, str] = {"PATH": PATH}
    stages: list[str] = []
    for number, word, rest in _lines(built.text):
        built.numbers.append(number)
        line = _Line(f"{context}/Dockerfile line {number}: {word}", rest, context, folder)
        try:
            _take(line, word, built, known, stages, stand_in)
        except _ImageNeededError as error:
            built.needed.append(str(error))
    return built


def _check_size(context: Path) -> None:
    sizes = {path: path.stat().st_size for path in context.rglob("*") if path.is_file() and not path.is_symlink()}
    if (total := sum(sizes.values())) > MOST_CONTEXT_BYTES:
        largest = max(sizes, key=sizes.__getitem__)
        raise TaskError(
            f"{context} holds {total / MIB:.0f} MB, over {MOST_CONTEXT_BYTES // MIB}; the largest is {largest} with "
            f"{sizes[largest] / MIB:.0f} MB: take out what no COPY needs, or make large files in a base image"
        )


def _check_characters(context: Path, text: str) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        if found := _CONTROL.search(line):
            raise TaskError(
                f"{context}/Dockerfile line {number} has the control character U+{ord(found[0]):04X}: take it out"
            )


def _take(
    line: _Line, word: str, built: Built, known: dict[str, str], stages: list[str], stand_in: Callable[[str], str]
) -> None:
    """Carry out one line."""
    rest = line.rest
    if word in ("RUN", "COPY", "ADD"):
        line.refuse_heredoc()
    if word == "FROM":
        line.begin_stage(built, known, stages, stand_in)
    elif word == "WORKDIR":
        last = built.folders[0] if built.folders else "/"
        workdir = line.checked(posixpath.normpath(posixpath.join(last, line.filled(known).strip("\"' "))))
        writable_folder(workdir, line.where)
        built.folders.insert(0, workdir)
    elif word in ("COPY", "ADD"):
        line.refuse_addresses()
        line.take_source(built, stages, stand_in)
        line.copy(built, known)
    elif word == "ENV":
        built.env |= line.assignments(known)
        known |= built.env
    elif word == "ARG":
        known |= line.assignments(known) if "=" in rest else {}
    elif word == "USER" and rest in ("root", "0", "agent", "1000"):
        built.user = "root" if rest in ("root", "0") else "agent"
    elif word not in _NOTHING_TO_DO:
        raise line.needs_image()


def _lines(text: str) -> Iterator[tuple[int, str, str]]:
    """Instructions: line number, name in capitals, and the rest with continued lines joined."""
    whole, start = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("#") or (not line and not whole):
            continue
        start = start if whole else number
        if line.endswith("\\"):
            whole += line[:-1] + " "
            continue
        word, _, rest = (whole + line).strip().partition(" ")
        whole = ""
        yield start, word.upper(), rest.strip()
    if whole.strip():
        word, _, rest = whole.strip().partition(" ")
        yield start, word.upper(), rest.strip()


@dataclass(frozen=True)
class _Line:
    where: str
    rest: str
    context: Path
    folder: Path

    def wrong(self, what: str) -> TaskError:
        return TaskError(f"{self.where} {self.rest[:80]}: {what}")

    def needs_image(self, why: str = "") -> _ImageNeededError:
        return _ImageNeededError(f"{self.where} {self.rest[:80]}{f': {why}' if why else ''}")

    def filled(self, known: Mapping[str, str], text: str | None = None) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            if name is None:
                return "$"
            if name not in known and match[3] is None:
                raise self.needs_image(f"${name} is not set by a line before")
            return known.get(name, match[3] or "")

        return _VARIABLE.sub(value, self.rest if text is None else text)

    def begin_stage(
        self, built: Built, known: Mapping[str, str], stages: list[str], stand_in: Callable[[str], str]
    ) -> None:
        """FROM: a base, or a stage before; what stands for a base takes its place in the text."""
        words = [word for word in self.rest.split() if not word.startswith("--")]
        if not words:
            raise self.wrong("names no image")
        later, name = bool(stages), self.filled(known, words[0])
        if not later:
            built.base = name
        if name.lower() not in ("scratch", *stages):
            self._name_base(built, words[0], stand_in(name))
        stages.append(words[2].lower() if len(words) == 3 and words[1].lower() == "as" else str(len(stages)))
        if later:  # nothing of the stages before is in the image but what is copied from them
            for made in (built.folders, built.files, built.modes, built.env):
                made.clear()
            built.user = ""
            raise self.needs_image("is a second stage")

    def take_source(self, built: Built, stages: list[str], stand_in: Callable[[str], str]) -> None:
        """`COPY --from`: another stage, by name or number, or an image."""
        for word in self.rest.split():
            source = word.removeprefix("--from=")
            if source != word and source.lower() not in (*stages, *map(str, range(len(stages)))):
                self._name_base(built, source, stand_in(source))
        if not self._copies_from_folder():
            raise self.needs_image()

    def _name_base(self, built: Built, written: str, name: str) -> None:
        if name not in built.bases:
            built.bases.append(name)
        lines = built.text.splitlines(keepends=True)
        index = built.numbers[-1] - 1
        word = rf"(?<![^\s=]){re.escape(written)}(?!\S)"
        lines[index], count = re.subn(word, lambda _: name, lines[index], count=1)
        if not count:
            raise self.wrong(f"names {written!r} on another line than it begins on: write them on one")
        built.text = "".join(lines)

    def assignments(self, known: Mapping[str, str]) -> dict[str, str]:
        words = self._words(self.rest)
        if words and "=" not in words[0]:  # the old form, ENV NAME the rest
            words = [f"{words[0]}={' '.join(words[1:])}"]
        pairs = dict(word.partition("=")[::2] for word in words)
        if refused := [name for name in ("HOME", "USER") if name in pairs]:
            raise self.wrong(f"{refused[0]} is the sandbox's own")
        return {name: self.filled(known, value) for name, value in pairs.items()}

    def refuse_addresses(self) -> None:
        """What `ADD` would fetch, the daemon fetches itself, with or without a network for the build."""
        if self.where.endswith("ADD") and re.search(r"://|(^|\s)git@", self.rest):
            raise self.wrong("wants the network, and images are built without one: put the file beside the Dockerfile")

    def refuse_heredoc(self) -> None:
        """Its lines would be read as instructions, here and by docker."""
        if not self.rest.startswith("[") and _HEREDOC.search(_QUOTED.sub("", self.rest)):
            raise self.wrong(
                "heredocs are not supported (Docker here builds without BuildKit): write a script beside the Dockerfile"
            )

    def checked(self, path: str) -> str:
        """The same path, when a file system can hold it."""
        if any(len(part.encode()) > _MOST_NAME_BYTES for part in path.split("/")):
            raise self.wrong(f"a name in {path[:40]}... has over {_MOST_NAME_BYTES} bytes, which no file can have")
        return path

    def _copies_from_folder(self) -> bool:
        words = self.rest.split()
        return not (
            self.rest.startswith("[")
            or any(word.startswith("--") and not word.startswith(("--chmod=", "--chown=")) for word in words)
            or (self.where.endswith("ADD") and re.search(r"\.(tar|tgz|tar\.\w+)\s", self.rest))
        )

    def copy(self, built: Built, known: Mapping[str, str]) -> None:
        words = self._words(self.filled(known))
        options = [word for word in words if word.startswith("--")]
        mode = next((word.removeprefix("--chmod=") for word in options if word.startswith("--chmod=")), "")
        if not re.fullmatch("[0-7]{0,4}", mode):
            raise self.wrong("--chmod must be octal")
        *sources, target = [word for word in words if not word.startswith("--")] or [""]
        if not sources:
            raise self.wrong("needs a source and a target")
        into = target.endswith(("/", ".")) or len(sources) > 1
        place = posixpath.normpath(posixpath.join(built.folders[0] if built.folders else "/", target))
        for source in sources:
            for path, (data, bits) in self._found(source, place, into).items():
                if not self._is_writable(path, built):
                    continue
                built.files[self.checked(path)] = data
                if (bits := int(mode, 8) if mode else bits) != 0o644:
                    built.modes[path] = bits

    def _is_writable(self, path: str, built: Built) -> bool:
        """Whether the file is to be written; in the system it is the image that has it."""
        if path.split("/")[1] in _SYSTEM and not path.startswith("/usr/src/"):
            raise self.needs_image("puts a file into the system")
        if path.count("/") == 1:
            raise self.needs_image("puts a file into /")
        if parent := writable_folder(path, self.where):
            inside = any(parent == one or parent.startswith(f"{one}/") for one in built.folders)
            if not inside:
                built.folders.append(parent)
        return True

    def _found(self, source: str, place: str, into: bool) -> dict[str, tuple[bytes, int]]:
        relative = self.checked(posixpath.normpath(source.lstrip("/")))
        try:
            paths = sorted(self.context.glob(relative)) if any(mark in source for mark in "*?[") else []
        except (ValueError, OSError) as error:
            raise self.wrong(f"{relative!r} is no pattern: {error}") from error
        paths = paths or [self.context / relative]
        found: dict[str, tuple[bytes, int]] = {}
        for path in paths:
            if ".." in relative.split("/") or not os.path.lexists(path):
                raise self.wrong(f"no such file in {self.context}")
            if path.is_dir():
                below = files_below(path, self.folder)
                found |= {posixpath.join(place, name): file for name, file in below.items()}
            else:
                target = posixpath.join(place, path.name) if into or len(paths) > 1 else place
                found[target] = read_file(path, self.folder)
        return found

    def _words(self, text: str) -> list[str]:
        try:
            return shlex.split(text)
        except ValueError as error:
            raise self.wrong(str(error)) from error
