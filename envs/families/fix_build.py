"""Mend the build of a small C project, judged by building it afresh and running what comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from selftrain.envs.checks import UnreadableError, strict_text, tidy
from selftrain.envs.families.fix_build_modules import MODULES, Data, printed
from selftrain.envs.families.fix_build_project import Fault, Layout, data_files, faults_of, sound_tree
from selftrain.envs.families.material import SERVICES, WORDS, between, chance_of, pick, sample
from selftrain.envs.verifiers import TrialCase, TrialVerifier
from selftrain.tasks import Limits, Task, TaskFamily
from selftrain.verdicts import CaseInput, CaseOutput

# level → modules, faults that break the build, faults that make its result wrong
_PLAN = {1: (3, 1, 0), 2: (4, 1, 1), 3: (6, 2, 2), 4: (8, 3, 3), 5: (12, 4, 5)}
_LIMITS = {1: (15, 300.0), 2: (25, 450.0), 3: (40, 900.0), 4: (60, 1500.0), 5: (100, 2400.0)}
_BASES = {
    "m": ("km", "mile", "league", "chain", "cable"),
    "g": ("kg", "tonne", "stone", "carat"),
    "s": ("min", "h", "d"),
}
_NEXT, _BUILT = "/tmp/next", "/tmp/built"


def _data(rng: np.random.Generator, modules: tuple[str, ...]) -> Data:
    pairs = [(base, name) for base, names in _BASES.items() for name in names]
    units = {name: (base, between(rng, 2, 5000)) for base, name in sample(rng, pairs, between(rng, 6, len(pairs)))}
    codes = {}
    for size in (9, 99, 999, 9999, 9999, 999, 99999):
        text = " ".join(sample(rng, WORDS, between(rng, 1, 4)))
        codes[between(rng, size // 9 + 7, size)] = f"{text} #{between(rng, 1, 9)}" if chance_of(rng, 0.4) else text
    codes[between(rng, 100000, 999999)] = f"{pick(rng, WORDS)} #2"
    words = sample(rng, [word for word in WORDS if word not in MODULES], len(modules))
    names = {name if chance_of(rng, 0.6) else word: name for name, word in zip(modules, words, strict=True)}
    commands = {name: names[name] for name in sample(rng, list(names), len(names))}
    version = f"{between(rng, 0, 9)}.{between(rng, 0, 40)}.{between(rng, 1, 30)}"
    return Data(version, between(rng, 10**6, 4 * 10**9), between(rng, 3, 9), units, codes, commands)


def _changed(rng: np.random.Generator, modules: tuple[str, ...], old: Data) -> Data:
    """Other data for the second build; what settings.h holds stays."""
    fresh = _data(rng, modules)
    commands = {**fresh.commands, f"{modules[0]}2": modules[0]}  # a command that the first data never has
    return replace(fresh, seed=old.seed, group=old.group, version=f"1{old.version}", commands=commands)


def _layout(rng: np.random.Generator, level: int) -> Layout:
    count = _PLAN[level][0]
    fixed = ["units", *(["codes"] if level > 1 else []), *(["roman", "bytesum", "fnv"] if level > 3 else [])]
    others = sample(rng, [name for name in MODULES if name not in fixed], count - len(fixed))
    modules = sample(rng, [*fixed, *others], count)
    return Layout(
        program=f"{pick(rng, SERVICES)}{pick(rng, ('kit', 'tool', '-filter', '-lines'))}",
        modules=tuple(modules),
        library=pick(rng, ("", "static", "shared")),
        build=pick(rng, ("build", "obj", "out")),
        source=pick(rng, ("src", "source", "lib")),
        tools=pick(rng, ("tools", "scripts", "gen")),
        automatic=level > 3 or chance_of(rng, 0.5),
    )


def _planted(rng: np.random.Generator, level: int, layout: Layout, tree: Mapping[str, str]) -> list[Fault]:
    """Faults of this level: as many loud and quiet ones as planned, no two in the same text."""
    wanted = {False: _PLAN[level][1], True: _PLAN[level][2]}
    if level == 1 and chance_of(rng, 0.35):
        wanted = {False: 0, True: 1}
    chosen: list[Fault] = []
    known = faults_of(layout, tree)
    for fault in sample(rng, known, len(known)):
        clash = any(fault.path == other.path and fault.clashes(other) for other in chosen)
        if fault.level <= level and wanted[fault.quiet] and not clash:
            chosen.append(fault)
            wanted[fault.quiet] -= 1
    return chosen


def _broken(tree: Mapping[str, str], faults: list[Fault]) -> tuple[dict[str, str], set[str]]:
    """The tree with `faults`, and the scripts that cannot be executed."""
    files, plain = dict(tree), set()
    for fault in sorted(faults, key=lambda one: one.old == "\n"):
        if not fault.old:
            plain.add(fault.path)
            continue
        every = -1 if fault.everywhere else 1
        for old, new in ((fault.old, fault.new), *fault.also):
            files[fault.path] = files[fault.path].replace(old, new, every)
    return files, plain


def _lines(rng: np.random.Generator, data: Data, rounds: int) -> list[str]:
    """Lines that use every command, one that is longer than most, and one that no module knows."""
    lines = [
        f"{name} {MODULES[module].make(rng, data)}" for _ in range(rounds) for name, module in data.commands.items()
    ]
    lines += [
        f"{name} {unit}"
        for name, at in data.commands.items()
        if at == "units"
        for unit in map("3 {}".format, data.units)
    ]
    lines += [f"{name} {code}" for name, at in data.commands.items() if at == "codes" for code in data.codes]
    lines.append(" ".join(["nothing", *sample(rng, WORDS, 9)]))
    return sample(rng, lines, len(lines))


def _script(layout: Layout, level: int, data: Data) -> str:
    """What a case runs: three builds, each run on its input, and what `make clean` leaves."""
    name = layout.program
    target = f"-j4 bin/{name}" if level > 3 else ""
    run = f"(cd / && timeout 5 /workspace/{name}/bin/{name} < {_NEXT}/input) 2>/dev/null; echo; echo ==="
    return f"""cd /workspace/{name} || exit 3
find . -type f -exec touch -d '2024-01-01 00:00:00' {{}} +
make clean >/dev/null 2>&1
find . -type f | sort > /tmp/before
make {target} >/dev/null 2>&1 || exit 4
cp bin/{name} {_BUILT}
{run}
sleep 0.05
sed -i 's/GROUP_SIZE .*/GROUP_SIZE {data.group + 1}/; s/HASH_SEED .*/HASH_SEED {data.seed + 1}u/' include/settings.h
make >/dev/null 2>&1 || exit 5
{run}
sleep 0.05
cp {_NEXT}/VERSION VERSION
cp {_NEXT}/data/* data/
make >/dev/null 2>&1 || exit 6
cp {_NEXT}/later {_NEXT}/input
{run}
make clean >/dev/null 2>&1
find . -type f | sort | comm -13 /tmp/before -
"""


def _case(rng: np.random.Generator, layout: Layout, level: int, data: Data) -> TrialCase:
    later = _changed(rng, layout.modules, data)
    group, seed = data.group + 1, data.seed + 1
    rounds = 4 if level < 4 else 3
    first, second = _lines(rng, data, rounds), _lines(rng, later, rounds)
    wanted = [
        printed(layout.program, first, data),
        printed(layout.program, first, replace(data, group=group, seed=seed)),
        printed(layout.program, second, replace(later, group=group, seed=seed)),
    ]
    root = f"/workspace/{layout.program}"
    kept = sound_tree(layout, data).keys() & data_files(data).keys()
    files = {f"{root}/{path}": data_files(data)[path].encode() for path in sorted(kept)}
    files |= {f"{_NEXT}/{path}": data_files(later)[path].encode() for path in sorted(kept)}
    files |= {f"{_NEXT}/input": _bytes(first), f"{_NEXT}/later": _bytes(second)}
    case = CaseInput(_script(layout, level, data), files=files, seconds=60.0, reads=(_BUILT,))
    return TrialCase("builds, runs and builds again", case, _judge(wanted))


def _bytes(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _judge(wanted: list[str]) -> Callable[[CaseOutput], str]:
    failures = {3: "no project", 4: "the build fails", 5: "a second build fails", 6: "a second build fails"}
    wrong = ("wrong output", "wrong output after a header changed", "wrong output after data changed")

    def judge(output: CaseOutput) -> str:
        if output.exit_code in failures:
            return failures[output.exit_code]
        if not (output.files.get(_BUILT) or b"").startswith(b"\x7fELF"):
            return "the program is not a compiled one"
        try:
            parts = strict_text(output.stdout).split("\n===\n")
        except UnreadableError:
            return "wrong output"
        if len(parts) != 4:
            return "wrong output"
        for reason, part, text in zip(wrong, parts[:3], wanted, strict=True):
            if tidy(part) != tidy(text):
                return reason
        return "make clean leaves files" if parts[3].strip() else ""

    return judge


def _mend(root: str, tree: Mapping[str, str], faults: list[Fault], left: list[Fault]) -> tuple[str, ...]:
    """Commands that undo `faults`, all but those in `left`."""
    kept, plain = _broken(tree, left)
    commands = []
    for path in sorted({fault.path for fault in faults}):
        write = f"cat > {root}/{path} <<'END'\n{kept[path]}END\n" if kept[path].endswith("\n") else ""
        executable = path.endswith((".sh", ".py")) and path not in plain
        commands.append(write + (f"chmod +x {root}/{path}" if executable else ""))
    return tuple(commands)


def _cheats(layout: Layout, tree: Mapping[str, str], faults: list[Fault]) -> dict[str, tuple[str, ...]]:
    name, root = layout.program, f"/workspace/{layout.program}"
    program, second = f"bin/{name}", layout.modules[1]
    mend = _mend(root, tree, faults, [])
    canned = f"all {program}:\n\tmkdir -p bin\n\tCOMMAND\nclean:\n\trm -rf bin\n"

    def makefile(command: str) -> tuple[str, ...]:
        return (f"cat > {root}/Makefile <<'END'\n{canned.replace('COMMAND', command)}END",)

    source = '#include <stdio.h>\nint main(void) { FILE *f = fopen("/workspace/NAME/example/output.txt", "r"); int c;\n'
    source += "while ((c = getc(f)) != EOF) putchar(c); return 0; }\n"
    hollow = f"cat > {root}/canned.c <<'END'\n{source.replace('NAME', name)}END"
    drop = f"sed -i 's/ {second}\\b//' Makefile && sed -i '/\\t{second}$/d' data/commands.tsv"
    return {
        "one fault left": _mend(root, tree, faults, faults[-1:]),
        "a script with the example's output": makefile(
            f"printf '#!/bin/sh\\ncat {root}/example/output.txt\\n' > {program}; chmod +x {program}"
        ),
        "a program with the example's output": (hollow, *makefile(f"gcc -o {program} canned.c")),
        "errors ignored": (f"sed -i '1i MAKEFLAGS += -k -i' {root}/Makefile",),
        "a module left out": (
            *mend,
            f"cd {root} && {drop} && sed -i '/{second}.h/d' {layout.source}/main.c && "
            f"rm -f include/{second}.h {layout.source}/{second}.c; "
            f"[ ! -f exports.map ] || sed -i '/ {second}_run/d' exports.map",
        ),
        "built once and kept": (
            *mend,
            f"cd {root} && make -j4 >/dev/null 2>&1\nprintf 'all {program}:\\n\\t@:\\nclean:\\n\\t@:\\n' > Makefile",
        ),
        "a link for the program": makefile(f"ln -s /bin/cat {program}"),
    }


def _instruction(rng: np.random.Generator, layout: Layout, level: int, faults: list[Fault]) -> str:
    name, root = layout.program, f"/workspace/{layout.program}"
    why = pick(rng, ("since it was moved to a new build machine", "after a hasty clean-up", "since a merge last week"))
    how = "there is one fault" if len(faults) == 1 else "there is more than one fault, and some do not stop the build"
    jobs = f" `make clean && make -j4 bin/{name}` must work as well." if level > 3 else ""
    return (
        f"The build of the C project {root} is broken {why}: it fails, or what it makes is wrong ({how}). Its "
        "README.md says what the program does and what the build must hold to, and is right; so are the remarks in "
        f"headers and scripts, and the data files.\n\nMend the project in place:\n\n- `make clean && make` in {root} "
        f"builds the program bin/{name}, compiled from all its C modules, which does all that README.md says, from any "
        f"working directory.{jobs}\n- After a change to VERSION, to data/*.tsv or to a number in include/settings.h, "
        "`make` alone brings the program up to date.\n- `make clean` removes every file that `make` has made.\n\n"
        f"{root} is then copied (regular files with their execute bits; empty folders and symbolic links are not), "
        "built with gcc and GNU make, run with other inputs, and built again with other data. Do not change VERSION, "
        "data/*.tsv or include/settings.h. example/input.txt and example/output.txt are an input and its right "
        "output.\n"
    )


def build(rng: np.random.Generator, level: int) -> Task:
    """A project with planted faults, and the case that builds it three times."""
    layout = _layout(rng, level)
    data = _data(rng, layout.modules)
    tree = sound_tree(layout, data)
    example = _lines(rng, data, 1)
    tree |= {
        "example/input.txt": _bytes(example).decode(),
        "example/output.txt": printed(layout.program, example, data),
    }
    faults = _planted(rng, level, layout, tree)
    files, plain = _broken(tree, faults)
    root = f"/workspace/{layout.program}"
    scripts = [path for path in files if path.endswith((".sh", ".py")) and path not in plain]
    steps, seconds = _LIMITS[level]
    return Task(
        instruction=_instruction(rng, layout, level, faults),
        verifier=TrialVerifier((root,), (_case(rng, layout, level, data),)),
        files={f"{root}/{path}": text.encode() for path, text in files.items()},
        modes={f"{root}/{path}": 0o755 for path in scripts},
        tools=("gcc", "make", "awk", "grep", "sed", "python3", "find"),
        oracle=_mend(root, tree, faults, []),
        cheats=_cheats(layout, tree, faults),
        limits=Limits(steps=steps, seconds=seconds),
    )


FAMILY = TaskFamily(
    name="fix-build",
    summary="Mend the make build of a C project until fresh, parallel and incremental builds are right.",
    skills=("reading compiler and linker output", "make rules and dependencies", "generated headers", "C libraries"),
    chance=0.0,
    build=build,
)
