"""menu-errands: small jobs in a project folder, each done by one command of a fixed menu.

A learner without language can be given the menu as numbers (SelfTrain-TerminalMenu-v0); an agent that types may use
whatever commands it likes. What each command of the menu does is known exactly, so that the chance of guessing is too.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from selftrain.envs.families.material import WORDS, between, pick, sample, sentence
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.evidence import Evidence
from selftrain.tasks import Limits, Task, TaskFamily
from selftrain.verdicts import Check

FOLDER, TICKET, SETTINGS = "/workspace", "ticket.txt", "settings.ini"
SUBMIT = "submit"
_LONGEST_FILE = 1 << 16

Project = Mapping[str, bytes]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Job:
    """One job: the command of the menu that does it, and what that command does.

    Attributes:
        command: run in the project's folder.
        needs: the file without which the command fails and changes nothing.
        gives: the file that holds the outcome, "" where a file is taken away.
        takes: the file that is gone afterwards, or "".
        outcome: bytes of `needs` → bytes of `gives`; of what is packed, unpacked.
        told: ways to ask for it.
    """

    command: str
    needs: str
    gives: str
    takes: str
    outcome: Callable[[bytes], bytes]
    told: tuple[str, ...]

    def done(self, project: Project) -> dict[str, bytes]:
        """The project after the command."""
        changed = dict(project)
        if self.needs in project:
            data = changed.pop(self.needs) if self.takes else changed[self.needs]
            if self.gives:
                changed[self.gives] = self.outcome(data)
        return changed


def _same(data: bytes) -> bytes:
    return data


def _lines(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True)


JOBS: Mapping[str, Job] = {
    "errors": Job(
        "grep ERROR < app.log > errors.txt",
        "app.log",
        "errors.txt",
        "",
        lambda data: b"".join(line for line in _lines(data) if b"ERROR" in line),
        (
            "write the lines of app.log that hold ERROR to errors.txt",
            "collect every ERROR line of app.log in errors.txt",
            "find the lines with ERROR in app.log and save them, in their order, as errors.txt",
        ),
    ),
    "pack": Job(
        "gzip -n app.log",
        "app.log",
        "app.log.gz",
        "app.log",
        _same,
        (
            "pack app.log with gzip, so that app.log.gz takes its place",
            "compress app.log: app.log.gz instead of it",
            "replace app.log by app.log.gz, made by gzip",
        ),
    ),
    "sort": Job(
        "LC_ALL=C sort -u -o names.txt names.txt",
        "names.txt",
        "names.txt",
        "",
        lambda data: b"".join(sorted(set(_lines(data)))),
        (
            "sort names.txt in place and drop repeated lines",
            "bring the lines of names.txt into alphabetical order, each of them once",
            "put names.txt in order, without duplicates",
        ),
    ),
    "count": Job(
        "wc -l < names.txt > names.count",
        "names.txt",
        "names.count",
        "",
        lambda data: b"%d\n" % len(_lines(data)),
        (
            "write the number of lines of names.txt, only the number, to names.count",
            "count the lines of names.txt into names.count, which holds just the number",
            "save how many lines names.txt has as names.count, a bare number",
        ),
    ),
    "copy": Job(
        "cp draft.md draft.bak",
        "draft.md",
        "draft.bak",
        "",
        _same,
        (
            "copy draft.md to draft.bak",
            "keep a backup of draft.md as draft.bak",
            "make draft.bak, the same as draft.md",
        ),
    ),
    "rename": Job(
        "mv draft.md final.md",
        "draft.md",
        "final.md",
        "draft.md",
        _same,
        (
            "rename draft.md to final.md",
            "give draft.md the new name final.md",
            "turn draft.md into final.md, for it is finished: only its name changes",
        ),
    ),
    "remove": Job(
        "rm cache.tmp",
        "cache.tmp",
        "",
        "cache.tmp",
        _same,
        ("delete cache.tmp", "remove the file cache.tmp", "throw cache.tmp away"),
    ),
    "heading": Job(
        "tr a-z A-Z < title.txt > heading.txt",
        "title.txt",
        "heading.txt",
        "",
        bytes.upper,
        (
            "write title.txt in capital letters to heading.txt",
            "make heading.txt out of title.txt, all in upper case",
            "put the words of title.txt, capitals only, into heading.txt",
        ),
    ),
    "switch": Job(
        "sed -i s/debug=on/debug=off/ settings.ini",
        SETTINGS,
        SETTINGS,
        "",
        lambda data: data.replace(b"debug=on", b"debug=off"),
        (
            "switch debug off in settings.ini",
            "set debug=off in settings.ini",
            "settings.ini must say debug=off in place of debug=on",
        ),
    ),
}
LOOKS: Mapping[str, str] = {TICKET: f"cat {TICKET}", SETTINGS: f"cat {SETTINGS}"}
MENU = (*LOOKS.values(), *(job.command for job in JOBS.values()), SUBMIT)
"""The commands, in the order of their numbers."""
# the first of a pair must be done before the second, or its outcome is another
_PAIRS = (("errors", "pack"), ("sort", "count"), ("copy", "rename"))
# one for each file: at level 1 the file that is named tells which job it is
_PLAIN = ("pack", "sort", "rename", "remove", "heading", "switch")
_FILES = ("app.log", "names.txt", "draft.md", "cache.tmp", "title.txt")
_FILES_OF_A_PROJECT = 3
_JOBS_OF = {1: 1, 2: 2, 3: 2, 4: 3, 5: 3}
_SPARE_STEPS = 3


@dataclass(frozen=True)
class Errand:
    """What one task asks for.

    Attributes:
        level: 1 to 5.
        before: the project's files.
        jobs: names of `JOBS`, in the order in which they are to be done.
    """

    level: int
    before: Project
    jobs: tuple[str, ...]

    @property
    def after(self) -> dict[str, bytes]:
        """The project's files when all is done."""
        project = dict(self.before)
        for name in self.jobs:
            project = JOBS[name].done(project)
        return project

    @property
    def looks(self) -> tuple[str, ...]:
        """The commands that tell what is to be done, where the instruction does not."""
        return tuple(LOOKS.values())[: {3: 1, 4: 1, 5: 2}.get(self.level, 0)]

    @property
    def steps(self) -> int:
        """Most actions of an episode."""
        return len(self.looks) + len(self.jobs) + 1 + _SPARE_STEPS

    @property
    def offered(self) -> tuple[str, ...]:
        """The commands of the menu whose file this project has from the beginning, and `submit`."""
        needed = {command: name for name, command in LOOKS.items()} | {job.command: job.needs for job in JOBS.values()}
        return tuple(command for command in MENU if command == SUBMIT or needed[command] in self.before)


def draw_errand(rng: np.random.Generator, level: int) -> tuple[Errand, tuple[str, ...]]:
    """An errand, and how its jobs are told; at level 5, one of them as a choice that the settings decide."""
    pair = pick(rng, _PAIRS) if level >= 4 else ()
    chosen = {JOBS[name].needs for name in pair}
    chosen |= set(sample(rng, [name for name in _FILES if name not in chosen], _FILES_OF_A_PROJECT - len(chosen)))
    project = {name: data for name, data in _contents(rng).items() if name in chosen or name == SETTINGS}
    free = {name: job for name, job in JOBS.items() if job.needs in project and name not in pair}
    free = {name: job for name, job in free.items() if job.needs not in {JOBS[each].needs for each in pair}}
    if level == 1:
        free = {name: job for name, job in free.items() if name in _PLAIN}
    # of different files each, so that but for a pair the order does not matter
    files = sample(rng, sorted({job.needs for job in free.values()}), _JOBS_OF[level] - len(pair))
    names = [pick(rng, [name for name, job in free.items() if job.needs == file]) for file in files]
    told = [pick(rng, JOBS[name].told) for name in (*names, *pair)]
    if level == 5:
        told[0] = _choice(rng, project, names[0], [name for name, job in free.items() if job.needs not in files])
    if pair and rng.random() < 0.5:  # the one that stands alone comes last
        names, told = [*pair, *names], [*told[1:], told[0]]
    else:
        names = [*names, *pair]
    if level >= 3:
        project[TICKET] = _ticket(told).encode()
    return Errand(level, project, tuple(names)), tuple(told)


def _choice(rng: np.random.Generator, project: Project, right: str, others: Sequence[str]) -> str:
    """The job as one of two, between which a line of the settings decides."""
    mode = project[SETTINGS].split(b"mode=")[1].split()[0].decode()
    cases = [(mode, right), ({"fast": "safe", "safe": "fast"}[mode], pick(rng, others))]
    told = [f"if {SETTINGS} says mode={said}, {pick(rng, JOBS[name].told)}" for said, name in sample(rng, cases, 2)]
    return "; ".join(told)


def _contents(rng: np.random.Generator) -> dict[str, bytes]:
    words = sample(rng, WORDS, 6)
    log = [f"{pick(rng, ('INFO', 'ERROR', 'WARN'))} {sentence(rng, 4)}" for _ in range(between(rng, 6, 12))]
    names = [pick(rng, words) for _ in range(between(rng, 8, 14))]
    return {
        "app.log": "".join(f"{line}\n" for line in ("ERROR disk full", *log, "INFO stopped")).encode(),
        "names.txt": "".join(f"{name}\n" for name in (max(words), *names, min(words), max(words))).encode(),
        "draft.md": f"# {words[0]}\n\n{sentence(rng, 12)}\n".encode(),
        "cache.tmp": f"{sentence(rng, 6)}\n".encode(),
        "title.txt": f"{' '.join(words[:3])}\n".encode(),
        SETTINGS: f"port={between(rng, 1024, 9999)}\ndebug=on\nmode={pick(rng, ('fast', 'safe'))}\n".encode(),
    }


def _ticket(told: Sequence[str]) -> str:
    return "".join(f"{number}. {line[0].upper()}{line[1:]}.\n" for number, line in enumerate(told, 1))


def _instruction(level: int, told: Sequence[str]) -> str:
    rest = "Leave everything else as it is."
    if level >= 3:
        order = "in the order in which it says" if level >= 4 else "in any order"
        return f"{FOLDER} holds a small project. Do what {FOLDER}/{TICKET} says, {order}. {rest}"
    return f"{FOLDER} holds a small project. In it, {' and '.join(told)}. {rest}"


def _judge(evidence: Evidence, after: Project) -> list[Check]:
    """The folder holds these very files; one check for each, and one that there is nothing else."""
    found = evidence.under(FOLDER)
    checks = [Check(name, unpacked(name, found.get(name)) == data, "not as asked") for name, data in after.items()]
    folders = [path for path in evidence.directories if path != FOLDER]
    more = {*found, *evidence.links, *evidence.dropped, *folders} - set(after)
    return [*checks, Check("nothing else", not more, "more than was asked for")]


def unpacked(name: str, data: bytes | None) -> bytes | None:
    """What is in a file: its bytes, or of one packed by gzip those before packing; None where it is neither."""
    if data is None or not name.endswith(".gz"):
        return data
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(data, _LONGEST_FILE)
    except zlib.error:
        return None
    return plain if unpacker.eof and not unpacker.unused_data else None


def _cheats(errand: Errand) -> dict[str, tuple[str, ...]]:
    commands = [JOBS[name].command for name in errand.jobs]
    touched = [f"touch {JOBS[name].gives}" for name in errand.jobs if JOBS[name].gives not in ("", JOBS[name].needs)]
    after = errand.after
    others = [job.command for job in JOBS.values() if job.done(after) != after and job.command not in commands]
    cheats = {
        "only looks": (*LOOKS.values(),),
        "does every job there is": tuple(job.command for job in JOBS.values()),
        "does another job": (others[0],),
        "all but the last job": tuple(commands[:-1]),
        "does it all, and more": (*commands, others[-1]),
        "empty files of the right names": tuple(touched) or ("true",),
        "leaves something lying about": (*commands, "touch done"),
    }
    if errand.level >= 4:
        cheats["in the wrong order"] = tuple(reversed(commands))
    return cheats


def build(rng: np.random.Generator, level: int) -> Task:
    """One project and its errand."""
    errand, told = draw_errand(rng, level)
    after = errand.after
    return Task(
        instruction=_instruction(level, told),
        verifier=EvidenceVerifier((FOLDER,), lambda evidence: _judge(evidence, after)),
        files={f"{FOLDER}/{name}": data for name, data in errand.before.items()},
        tools=("gzip", "sed", "sort"),
        oracle=(*errand.looks, *(JOBS[name].command for name in errand.jobs)),
        cheats=_cheats(errand),
        limits=Limits(steps=errand.steps, seconds=120.0, command_seconds=10.0),
        metadata={"menu": list(errand.offered)},
    )


def chance_of_menu(errand: Errand, masked: bool = False) -> float:
    """The exact probability that an agent succeeds that draws each command evenly from the menu.

    Args:
        errand: the task.
        masked: it draws from the commands on offer instead of the whole menu.
    """
    commands = errand.offered if masked else MENU
    projects, nexts = _reachable(errand, commands)
    done = np.array([project == errand.after for project in projects], float)
    submits = commands.count(SUBMIT)
    success = done  # with no step left
    for _ in range(errand.steps):
        success = (success[nexts].sum(axis=1) + submits * done) / len(commands)
    return float(success[0])


def _reachable(errand: Errand, commands: Sequence[str]) -> tuple[list[Project], Ints]:
    """Every project that commands lead to, the first one first; and for each, where each command but `submit` leads."""
    jobs = {job.command: job for job in JOBS.values()}
    projects: list[Project] = [errand.before]
    places = {frozenset(errand.before.items()): 0}
    nexts = []
    for project in projects:  # it grows
        row = []
        for command in commands:
            if command != SUBMIT:
                changed = jobs[command].done(project) if command in jobs else project
                place = places.setdefault(frozenset(changed.items()), len(projects))
                if place == len(projects):
                    projects.append(changed)
                row.append(place)
        nexts.append(row)
    return projects, np.array(nexts)


def mean_chance(level: int, draws: int = 200, masked: bool = False) -> float:
    """The mean of `chance_of_menu` over errands of this level."""
    rng = np.random.default_rng(0)
    return float(np.mean([chance_of_menu(draw_errand(rng, level)[0], masked) for _ in range(draws)]))


FAMILY = TaskFamily(
    name="menu-errands",
    summary="Do one to three small jobs in a project folder, each of which is one command of a menu.",
    skills=("reading a request", "everyday shell commands", "order of work"),
    chance=0.048,  # of drawing each command evenly from the menu at level 1: `mean_chance(1)`
    build=build,
)
