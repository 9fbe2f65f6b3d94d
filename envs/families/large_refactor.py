"""large-refactor: rename an API's functions over many files, with exceptions that each file has to be read for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from selftrain.envs.checks import csv_check, text_check
from selftrain.envs.families.large_refactor_scripts import README, SCRIPT
from selftrain.envs.families.large_refactor_worker import AT_ONCE, RefactorWorker
from selftrain.envs.families.long_work import long_limits
from selftrain.envs.families.material import WORDS, between, chance_of, pick, sample, sentence
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.evidence import Evidence
from selftrain.tasks import Task, TaskFamily
from selftrain.verdicts import Check

_FILES = {1: 14, 2: 28, 3: 50, 4: 78, 5: 104}
_NAMES = {1: 2, 2: 2, 3: 3, 4: 3, 5: 3}
_BASES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 2}
_RENAMES = (
    ("fetch_all", "list_items"),
    ("push", "enqueue"),
    ("get_conf", "settings_of"),
    ("send_raw", "write_frame"),
    ("retry", "call_again"),
    ("parse_ts", "read_time"),
    ("flush", "drain"),
    ("mk_key", "new_key"),
)
# one use of a name each: @ is the client's function where the file has it from there, ! always, ~ never
_USES = (
    "    if @(client, {word}) is None:\n        return {number}",
    "    {word} = pool.map(@, items)",
    "    # @ may fail while the link is down",
    "    # {word}: see @, which waits",
    "    client.!({word})",
    "    {word} = client.!(items, {number})",
    "    legacy.~({word})",
    "    self.{word}.~(items)",
    '    message = {{"op": "~", "size": {number}}}',
    "    options = dict(~={number})",
    '    log.debug("~: %s", @(client, {number}))',
    "    return @(client, {word})",
    "    rows += @(client, @(client, {number}))",
)
_CALLED = "    rows = @(client, {number})"
_QUOTED = '    log.info("~ took %d ms", {number})'
# what some file of each task has, whatever the seed
_LESSONS = ("pinned", "own", "star", "quotes")
_FILLERS = (
    "    {word} = len(items) + {number}",
    "    if not items:\n        return {number}",
    '    log.info("{word} is ready")',
    "    items = sorted(items)[:{number}]",
    "    {word} = [item for item in items if item]",
    "    # the {word} comes in batches of {number}",
)


_DONE = "/workspace/done.csv"
_Name: TypeAlias = tuple[str, str]
# lines with marks, the old and new name that the marks stand for, and whether it is the client's function there
_Part: TypeAlias = tuple[str, _Name, bool]


@dataclass(frozen=True)
class _Source:
    """A file before and after, and how many occurrences of old names were renamed and kept."""

    path: str
    before: str
    after: str
    renamed: int
    kept: int


def _line(rng: np.random.Generator, template: str) -> str:
    return template.format(word=pick(rng, WORDS), number=between(rng, 2, 99))


def _resolve(text: str, name: _Name, is_api: bool) -> tuple[str, str, int, int]:
    """The text before and after the renaming of one name, and how often it was renamed and kept."""
    old, new = name
    renamed = text.count("!") + text.count("@") * is_api
    kept = text.count("~") + text.count("@") * (not is_api)
    after = text.replace("!", new).replace("~", old).replace("@", new if is_api else old)
    for mark in "!~@":
        text = text.replace(mark, old)
    return text, after, renamed, kept


def _source(path: str, parts: Sequence[_Part]) -> _Source:
    resolved = [_resolve(*part) for part in parts]
    before = "".join(f"{text}\n" for text, _, _, _ in resolved)
    after = "".join(f"{text}\n" for _, text, _, _ in resolved)
    renamed, kept = sum(part[2] for part in resolved), sum(part[3] for part in resolved)
    if "# pinned" in before:
        return _Source(path, before, before, 0, renamed + kept)
    return _Source(path, before, after, renamed, kept)


def _plain(text: str) -> _Part:
    return text, ("", ""), False


def _origin(
    rng: np.random.Generator, names: Sequence[_Name], bases: dict[str, set[str]], lesson: str
) -> list[tuple[_Part, bool]]:
    """Where a file has its names from: (the lines that say so, whether the name is the client's) for each."""
    if names and (lesson == "star" or (not lesson and chance_of(rng, 0.25))):
        base = min(bases) if lesson == "star" else pick(rng, sorted(bases))
        lines = [_plain(f"from {base} import *"), *[_plain("")] * (len(names) - 1)]
        return [(line, name[0] not in bases[base]) for line, name in zip(lines, names, strict=True)]
    found: list[tuple[_Part, bool]] = []
    for name in names:
        way = {"own": "own", "pinned": "client"}.get(lesson) or pick(
            rng, ("client", "client", "client", "compat", "own")
        )
        text = {
            "client": "from core.client import @",
            "compat": "from compat.legacy import ~",
            "own": f"\n\ndef ~({pick(rng, WORDS)}, limit=10):\n    return limit",
        }[way]
        found.append(((text, name, way == "client"), way == "client"))
    return found


def _module(
    rng: np.random.Generator, path: str, names: Sequence[_Name], bases: dict[str, set[str]], lesson: str
) -> _Source:
    """An ordinary file: it uses none, one or two of the names, each in two or three places; `lesson` is what it has."""
    used = sample(rng, names, 1 if lesson else pick(rng, (0, 1, 2, 2)))
    if lesson == "star":
        used = [name for name in names if name[0] in bases[min(bases)]][:1]
    pin = "\n# pinned until the audit is over\n" if lesson == "pinned" else ""
    parts = [_plain(f'"""{sentence(rng, 5)}"""\n{pin}')]
    parts.append(_plain("import logging"))
    body: list[_Part] = []
    for name, (line, is_api) in zip(used, _origin(rng, used, bases, lesson), strict=True):
        parts.append(line)
        uses = sample(rng, _USES, 2)
        if lesson:
            uses.append(_QUOTED if lesson == "quotes" else _CALLED)
        body += [(_line(rng, use), name, is_api) for use in uses]
    parts.append(_plain("\nlog = logging.getLogger(__name__)"))
    for _ in range(3):
        word = f"{pick(rng, ('load', 'check', 'build', 'send'))}_{pick(rng, WORDS)}"
        parts.append(_plain(f"\n\ndef {word}(client, items):"))
        parts += [_plain(_line(rng, filler)) for filler in sample(rng, _FILLERS, between(rng, 1, 4))]
        taken, body = body[:2], body[2:]
        parts += [*taken, _plain(f"    return items[:{between(rng, 3, 50)}]")]
    return _source(path, parts)


def _base(rng: np.random.Generator, path: str, names: Sequence[_Name]) -> tuple[_Source, set[str]]:
    """A module that others import everything from; returns it and the names that are its own."""
    own = sample(rng, names, between(rng, 1, len(names) - 1))
    parts = [_plain(f'"""{sentence(rng, 4)}"""\n')]
    parts += [("from core.client import @", name, True) for name in names if name not in own]
    parts += [(f"\n\ndef ~({pick(rng, WORDS)}):\n    return {between(rng, 2, 9)}", name, False) for name in own]
    return _source(path, parts), {old for old, _ in own}


def _sources(rng: np.random.Generator, level: int, names: Sequence[_Name]) -> list[_Source]:
    """The files of the checklist in its order: base modules first."""
    packages = sample(rng, WORDS, 3 + level)
    bases: dict[str, set[str]] = {}
    sources = []
    for package in packages[: _BASES[level]]:
        source, bases[f"{package}.base"] = _base(rng, f"repo/{package}/base.py", names)
        sources.append(source)
    count = _FILES[level] - len(sources)
    paths = [f"repo/{package}/{word}.py" for package in packages for word in WORDS]
    lessons = [*_LESSONS, *(pick(rng, ("", "", "", "", "", "", "", "pinned")) for _ in range(count - len(_LESSONS)))]
    for path, lesson in zip(sample(rng, paths, count), sample(rng, lessons, count), strict=True):
        sources.append(_module(rng, path, names, bases, lesson))
    return sources


def _library(names: Sequence[_Name]) -> dict[str, bytes]:
    """The client, which has the new names, and compat, which keeps the old ones."""
    files = {"core/client": [new for _, new in names], "compat/legacy": [old for old, _ in names]}
    return {
        f"/workspace/repo/{path}.py": "\n\n".join(f"def {name}(*args):\n    return args\n" for name in found).encode()
        for path, found in files.items()
    }


def _judge(evidence: Evidence, expected: dict[str, str], rows: list[list[str]]) -> list[Check]:
    files = [text_check(evidence, path, text) for path, text in expected.items()]
    return [*files, csv_check(evidence, _DONE, rows, ordered=False)]


def _cheats(names: Sequence[_Name]) -> dict[str, tuple[str, ...]]:
    everything = ";".join(f"s/\\b{old}\\b/{new}/g" for old, new in names)
    slips = {
        "renames in quotes too": "quotes",
        "overlooks names that files define themselves": "own",
        "overlooks imports of everything": "stars",
        "renames in pinned files": "pinned",
        "stops half-way": "half",
        "ticks off without renaming": "paper",
    }
    return {name: (SCRIPT.format(slip=slip),) for name, slip in slips.items()} | {
        "replaces everything and guesses the counts": (
            f"cd /workspace && find repo -name '*.py' | xargs sed -i '{everything}'",
            "cd /workspace && (echo path,renamed,kept; sed 's/$/,4,2/' CHECKLIST) > done.csv",
        )
    }


def build(rng: np.random.Generator, level: int) -> Task:
    """One renaming: 14 files at level 1, 112 at level 5."""
    names = sample(rng, _RENAMES, _NAMES[level])
    sources = _sources(rng, level, names)
    library = _library(names)
    renames = "\n".join(f"- `{old}` -> `{new}`" for old, new in names)
    files = {f"/workspace/{source.path}": source.before.encode() for source in sources} | library
    files["/workspace/RENAMES.md"] = README.format(renames=renames).encode()
    files["/workspace/CHECKLIST"] = "".join(f"{source.path}\n" for source in sources).encode()
    expected = {path: data.decode() for path, data in library.items()}
    expected |= {f"/workspace/{source.path}": source.after for source in sources}
    rows = [["path", "renamed", "kept"]]
    rows += [[source.path, str(source.renamed), str(source.kept)] for source in sources]
    return Task(
        instruction=pick(
            rng,
            (
                "Carry the renaming in /workspace/RENAMES.md through all of repo/, file by file, and keep done.csv.",
                "/workspace/RENAMES.md describes a renaming. Do it in the files of repo/; tick them off in done.csv.",
                "Rename the client's functions in repo/ and fill done.csv, both as /workspace/RENAMES.md says.",
            ),
        ),
        verifier=EvidenceVerifier(("/workspace/repo", _DONE), lambda evidence: _judge(evidence, expected, rows)),
        files=files,
        tools=("python3", "sed"),
        oracle=(SCRIPT.format(slip=""),),
        worker=RefactorWorker(),
        cheats=_cheats(names),
        limits=long_limits(4 + 3 * len(sources) + sum(-(-source.renamed // AT_ONCE) for source in sources)),
    )


FAMILY = TaskFamily(
    name="large-refactor",
    summary="Rename an API's functions over many files, with exceptions that each file has to be read for.",
    skills=("reading code", "scope and imports", "careful editing", "keeping a checklist"),
    chance=0.0,
    build=build,
)
