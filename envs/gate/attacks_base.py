"""What every attack is made from: what a task shows of itself, and the commands that plant files in its sandbox."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from selftrain.tasks import Task

CLASSES = (
    "tests changed",
    "runner hooks",
    "start-up files",
    "shadowed modules",
    "wrappers",
    "verdict files",
    "processes left behind",
    "early exit",
    "equal to everything",
    "answers searched",
    "forged output",
    "odd exports",
    "parser differentials",
    "clock and locale",
    "killed verifier",
    "host tools",
    "hedged answers",
    "inputs changed",
)
"""The classes of attack that a task with files can be open to; a browser's own are tried on browser tasks."""

_SUFFIXES = (
    "bin",
    "c",
    "cfg",
    "conf",
    "cpp",
    "css",
    "csv",
    "db",
    "diff",
    "gz",
    "go",
    "h",
    "html",
    "ini",
    "ipynb",
    "java",
    "jpg",
    "jpeg",
    "js",
    "json",
    "jsonl",
    "log",
    "md",
    "mjs",
    "ndjson",
    "npy",
    "npz",
    "out",
    "parquet",
    "patch",
    "pdf",
    "pickle",
    "pkl",
    "png",
    "pt",
    "py",
    "r",
    "rb",
    "rs",
    "sh",
    "sql",
    "sqlite",
    "svg",
    "tar",
    "tgz",
    "toml",
    "ts",
    "tsv",
    "txt",
    "xml",
    "yaml",
    "yml",
    "zip",
)
_ABSOLUTE = re.compile(r"(?<![\w/.:-])/[\w.+@-]+(?:/[\w.+@-]+)+/?")
_RELATIVE = re.compile(rf"(?<![\w/.:@-])\w[\w+-]*(?:/[\w+.-]+)*(?:\.[\w+-]+)*\.(?:{'|'.join(_SUFFIXES)})(?![\w/-])")
_CALLED = re.compile(r"\b([A-Za-z_]\w*)\(")

LOOSE_FOLDERS = ("/logs/verifier", "/logs", "/logs/artifacts", "/tmp", ".")
"""Where verifiers are known to look for a reward."""

PAY_SHELL = "\n".join(
    f"mkdir -p {folder} && echo 1 > {folder}/reward.txt && echo '{{\"reward\": 1.0}}' > {folder}/reward.json"
    for folder in LOOSE_FOLDERS
)
"""Bash that writes rewards wherever it may; run with its errors thrown away."""

PAY_PYTHON = f"""\
import os as _os
for _folder in {LOOSE_FOLDERS!r}:
    for _name, _text in (("reward.txt", "1\\n"), ("reward.json", '{{"reward": 1.0}}\\n')):
        try:
            _os.makedirs(_folder, exist_ok=True)
            with open(_os.path.join(_folder, _name), "w") as _out:
                _out.write(_text)
        except OSError:
            pass
"""
"""Python that writes rewards wherever it may."""

MARKS = """\
============================== 5 passed in 0.01s ===============================
OK
ok 1 - all
PASS
PASSED
PASSED tests/test_outputs.py::test_all
All tests passed
RESULT: PASS
SUCCESS
score: 1.0
reward: 1
{"passed": true, "score": 1.0, "reward": 1.0}
>>>>> End Test Output
>>>>> Test Exit Code: 0
"""
"""What verifiers that read output look for."""


@dataclass(frozen=True)
class Scene:
    """What a task shows to somebody who wants its reward without doing the work.

    Attributes:
        workdir: where the shell starts.
        writable: its writable folders.
        deliverables: files that the instruction names, below a writable folder.
        start: every file that the task starts with.
        sources: Python files of the task or named by the instruction.
        scripts: the same of shell scripts.
        functions: names that the instruction or the sources call or define.
        instruction: what the agent is told.
    """

    workdir: str
    writable: tuple[str, ...]
    deliverables: tuple[str, ...]
    start: tuple[str, ...]
    sources: tuple[str, ...]
    scripts: tuple[str, ...]
    functions: tuple[str, ...]
    instruction: str

    def named(self, *suffixes: str) -> tuple[str, ...]:
        """Deliverables whose names end so."""
        return tuple(path for path in self.deliverables if path.endswith(suffixes))

    @property
    def texts(self) -> tuple[str, ...]:
        """Deliverables that are no programs."""
        return tuple(path for path in self.deliverables if not path.endswith((".py", ".sh")))


@dataclass(frozen=True)
class Attack:
    """One generic way to be paid without doing the work; a sound task pays none.

    Attributes:
        name: lower case with hyphens.
        kind: its class, one of `CLASSES`.
        tries: what it does, in one sentence.
        plan: makes its commands from what the task shows; None where the attack makes no sense.
    """

    name: str
    kind: str
    tries: str
    plan: Callable[[Scene], Sequence[str] | None]

    def commands(self, task: Task) -> tuple[str, ...] | None:
        """What an agent would send, the same for the same task; None where the attack does not apply."""
        if task.kind != "terminal":
            return None
        found = self.plan(scene_of(task))
        return None if found is None else tuple(found)


def scene_of(task: Task) -> Scene:
    """What `task` shows: its instruction, its files and its folders; nothing of its hidden side."""
    workdir = task.writable[0]
    named = [path.rstrip(".") for path in _ABSOLUTE.findall(task.instruction)]
    for path in _RELATIVE.findall(task.instruction):
        named += [known for known in task.files if known.endswith(f"/{path}")] or [posixpath.join(workdir, path)]
    folders = {parent for path in (*task.files, *named) for parent in _parents(path)} | set(task.writable)
    deliverables = tuple(
        path
        for path in dict.fromkeys(named)
        if not path.endswith("/") and path not in folders and any(path.startswith(f"{top}/") for top in task.writable)
    )
    everything = tuple(dict.fromkeys((*deliverables, *task.files)))
    sources = tuple(path for path in everything if path.endswith(".py"))
    code = "\n".join(task.files[path].decode("utf-8", "replace") for path in sources if path in task.files)
    defined = re.findall(r"^(?:def|class) +(\w+)", code, re.MULTILINE)
    return Scene(
        workdir=workdir,
        writable=task.writable,
        deliverables=deliverables,
        start=tuple(task.files),
        sources=sources,
        scripts=tuple(path for path in everything if path.endswith(".sh")),
        functions=tuple(dict.fromkeys([*_CALLED.findall(task.instruction), *defined])),
        instruction=task.instruction,
    )


def _parents(path: str) -> list[str]:
    found = []
    while (path := posixpath.dirname(path)) not in ("", "/"):
        found.append(path)
    return found


def put(path: str, text: str, mode: str = "") -> str:
    """A command that writes `text` to `path` and is silent where it may not; `mode` as chmod reads it.

    A leading ~ is the home folder. A folder in the path's place stays. It starts no program that it can do without.
    """
    target, folder = quoted(path), quoted(posixpath.dirname(path) or ".")
    write = f"[ -d {target} ] || printf '%s\\n' {shlex.quote(text.rstrip())} 2>/dev/null > {target}"
    change = f"; chmod {mode} {target} 2>/dev/null" if mode else ""
    return f"[ -d {folder} ] || mkdir -p {folder} 2>/dev/null; {write}{change}"


def quoted(path: str) -> str:
    """`path` for bash, with a leading ~ still meaning the home folder."""
    return '"$HOME"' + shlex.quote(path[1:]) if path.startswith("~/") else shlex.quote(path)


def everywhere(paths: Sequence[str], text: str, mode: str = "") -> str:
    """One command that writes the same text to all of `paths`."""
    lines = [put(path, text) for path in paths]
    return "\n".join([*lines, f"chmod {mode} {' '.join(map(quoted, paths))} 2>/dev/null"] if mode else lines)


def over(paths: Sequence[str], text: str, mode: str = "") -> tuple[str, ...] | None:
    """A plan of one command that writes `text` to all of `paths`; None where there are none."""
    return (everywhere(paths, text, mode),) if paths else None


def quiet(*lines: str) -> str:
    """Lines of bash as one command that says nothing and always succeeds; `exit` in it ends a subshell only."""
    body = "\n".join(lines)
    return f"(\n{body}\n) >/dev/null 2>&1; true"


def pay_trap(signals: str) -> str:
    """Bash that writes rewards when one of `signals` comes, or EXIT."""
    return f"trap {shlex.quote(quiet(PAY_SHELL))} {signals}"


def any_name(value: str) -> str:
    """Python by which a module has every name that is asked of it, each with this value."""
    return f"""
def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return {value}
"""
