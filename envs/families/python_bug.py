"""Find and mend planted faults in Python modules whose docstrings say what is right."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from selftrain.envs.families import python_bug_inputs as inputs
from selftrain.envs.families import python_bug_material as material
from selftrain.envs.families.material import SERVICES, between, pick, sample
from selftrain.envs.verifiers import TrialCase, TrialVerifier, function_case
from selftrain.tasks import Limits, Task, TaskFamily

FOLDER = "/workspace/project"
_CANDIDATES = 400
# level → topics, faults in each, examples of each topic in the visible test file
_PLAN = {1: (1, 1, 3), 2: (1, 2, 3), 3: (3, 1, 2), 4: (5, 2, 2), 5: (8, 2, 1)}
_LIMITS = {1: (15, 300.0), 2: (20, 450.0), 3: (40, 900.0), 4: (60, 1500.0), 5: (100, 2400.0)}


@dataclass(frozen=True)
class Topic:
    """A function of the material, the module it is shown in, what it needs, and the faults that can be planted."""

    function: str
    module: str
    faults: tuple[tuple[str, str], ...]
    header: str = ""
    uses: tuple[str, ...] = ()


_HEAD = "from __future__ import annotations\n"
TOPICS = (
    Topic(
        "parse_duration",
        "durations",
        (
            ("text.strip().lower()", "text.strip()"),
            ("return int(compact)", "return int(compact) * 60"),
            ("if match is None or not compact", "if match is None"),
            (r"(?:(\d+)m)?\s*(?:(\d+)s)?", r"(?:(\d+)m)?(?:(\d+)s)?"),
            ('"dhms"', '"hdms"'),
        ),
        header='import re\n\n_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}\n',
    ),
    Topic(
        "merge_intervals",
        "intervals",
        (
            ("start <= merged[-1][1]", "start < merged[-1][1]"),
            ("max(merged[-1][1], end)", "end"),
            ("if end <= start", "if end < start"),
            ("in sorted(intervals)", "in sorted(intervals, key=lambda pair: pair[1])"),
        ),
    ),
    Topic(
        "allocate",
        "shares",
        (
            ("(-remainders[index], index)", "(-remainders[index], -index)"),
            ("key=lambda index: (-remainders[index], index)", "key=lambda index: (-weights[index], index)"),
            ("weights = [1] * len(weights)", "return [0] * len(weights)"),
            ("[total * weight // whole for", "[round(total * weight / whole) for"),
        ),
    ),
    Topic(
        "sort_versions",
        "versions",
        (
            ("[int(part) for part in core", "[part for part in core"),
            ("(numbers, not tail, parts)", "(numbers, bool(tail), parts)"),
            ('version.removeprefix("v")', "version"),
            ("numbers += [0] * (4 - len(numbers))", "numbers = numbers[:3]"),
            ('(0, int(part), "") if part.isdigit() else (1, 0, part)', '(1, 0, part) if part else (0, 0, "")'),
        ),
        header="from typing import Any\n",
    ),
    Topic(
        "split_row",
        "rows",
        (
            ("field += '\"'\n", "field += '\"\"'\n"),
            ('elif mark == \'"\' and field == "":', "elif mark == '\"':"),
            ("return [*fields, field]", "return [*fields, field] if field else fields"),
            (
                'field = ""\n        else',
                'field = " ".strip()\n            position += line[position + 1 :][:1] == " "\n        else',
            ),
        ),
    ),
    Topic(
        "admit",
        "throttle",
        (
            ("< window", "<= window"),
            ("answers.append(len(recent) < limit)", "answers.append(len(recent) <= limit)"),
            ("        if len(recent) < limit:\n            admitted.append(time)", "        admitted.append(time)"),
        ),
    ),
    Topic(
        "wrap_text",
        "wrapping",
        (
            ("len(line) + 1 + len(word) <= width", "len(line) + 1 + len(word) < width"),
            ("len(line) + 1 + len(word) <= width", "len(line) + len(word) <= width"),
            ("while len(line) > width", "if len(line) > width"),
            ("text.split():", 'text.split(" "):'),
        ),
    ),
    Topic(
        "build_order",
        "ordering",
        (
            ("names = set(needs) | {need for below in needs.values() for need in below}", "names = set(needs)"),
            ("done = heapq.heappop(ready)", "done = ready.pop(0)"),
            ("len(order) < len(names)", "not order"),
            ("sorted(names) if not open_needs[name]]", "sorted(names, reverse=True) if not open_needs[name]]"),
        ),
        header="import heapq\n",
    ),
    Topic(
        "percentile",
        "quantiles",
        (
            ("(len(ordered) - 1) / 100", "len(ordered) / 100"),
            ("ordered = sorted(values)", "ordered = values"),
            ("min(low + 1, len(ordered) - 1)", "low"),
            ("not 0 <= percent <= 100", "not 0 < percent < 100"),
        ),
    ),
    Topic(
        "resolve_path",
        "paths",
        (
            ('path if path.startswith("/") else f"{base}/{path}"', 'f"{base}/{path}"'),
            ('in ("", ".")', 'in (".",)'),
            ("            if parts:\n                parts.pop()", "            parts = parts[:-2]"),
            ("            if parts:\n                parts.pop()", "            parts = parts[1:]"),
        ),
    ),
    Topic(
        "glob_match",
        "globs",
        (
            ('return name[0] != "/" and glob_match', "return glob_match"),
            ('            if name[skip : skip + 1] == "/":\n                return False\n', ""),
            ("range(len(name) + 1))", "range(1, len(name) + 1))"),
            ("return pattern == name", "return not pattern"),
        ),
    ),
    Topic(
        "replay_cache",
        "caching",
        (
            ("            if key in kept:\n                kept[key] = kept.pop(key)\n", ""),
            ("        kept.pop(key, None)\n", ""),
            ("del kept[next(iter(kept))]", "kept.popitem()"),
            ("len(kept) > size", "len(kept) >= size"),
        ),
        header="from typing import Any\n",
    ),
    Topic(
        "diff_settings",
        "settings",
        (
            ("type(old[key]) is not type(new[key]) or old[key] != new[key]", "old[key] != new[key]"),
            ("in old.keys() | new.keys()", "in old.keys()"),
            ("{line[:2]}{key}.{line[2:]}", "{line[:2]}{line[2:]}"),
            ("return sorted(lines)", "return lines[::-1]"),
        ),
        header="from typing import Any\n",
    ),
    Topic(
        "bill_usage",
        "billing",
        (
            ("max(end - start, minimum)", "min(end - start, minimum)"),
            ("names = sorted(seconds)", "names = list(seconds)"),
            ("split_row(row)", 'row.split(",")'),
            ("merge_intervals(stretches)", "stretches"),
        ),
        header="from typing import Any\n",
        uses=("split_row", "merge_intervals", "allocate"),
    ),
)
_BY_FUNCTION = {topic.function: topic for topic in TOPICS}


def source_of(topic: Topic) -> str:
    """The sound module of a topic."""
    needs = "".join(f"from {_BY_FUNCTION[name].module} import {name}\n" for name in sorted(topic.uses))
    parts = [part for part in (_HEAD, topic.header, needs) if part]
    return "\n".join(parts) + "\n\n" + inspect.getsource(getattr(material, topic.function))


def _loaded(topic: Topic, source: str) -> Callable[[list[Any]], Any]:
    """Our own text `source`, ready to be called: gives {"value": ...} or {"raised": class name}, as a case sees it."""
    space: dict[str, Any] = {name: getattr(material, name) for name in topic.uses}
    lines = [line for line in source.split("\n") if not line.startswith("from ") or "typing" in line]
    exec(compile("from __future__ import annotations\n" + "\n".join(lines), topic.module, "exec"), space)

    def answer(arguments: list[Any]) -> Any:
        try:
            return {"value": space[topic.function](*json.loads(json.dumps(arguments)))}
        except Exception as error:  # a planted fault may raise anything; its class is what a case would see
            return {"raised": type(error).__name__}

    return answer


@dataclass(frozen=True)
class Exercise:
    """One topic with its planted faults, and inputs that tell each of them from the sound function."""

    topic: Topic
    faults: tuple[tuple[str, str], ...]
    hidden: tuple[list[Any], ...]
    shown: tuple[list[Any], ...]

    def source(self, planted: tuple[tuple[str, str], ...]) -> str:
        text = source_of(self.topic)
        for sound, faulty in planted:
            text = text.replace(sound, faulty, 1)
        return text

    def answer(self, arguments: list[Any]) -> Any:
        return _loaded(self.topic, source_of(self.topic))(arguments)


def _exercise(rng: np.random.Generator, topic: Topic, faults: int, shown: int) -> Exercise:
    sound = source_of(topic)
    chosen: list[tuple[str, str]] = []
    for old, new in sample(rng, topic.faults, len(topic.faults)):
        separate = all(old not in other and other not in old for other, _ in chosen)
        if separate and len(chosen) < faults:
            assert sound.count(old) == 1, f"{topic.function}: {old!r} must occur once"
            chosen.append((old, new))
    make: Callable[[np.random.Generator], list[Any]] = getattr(inputs, topic.function)
    right = _loaded(topic, sound)
    faulty = [_loaded(topic, sound.replace(old, new, 1)) for old, new in chosen]
    wanted = 2 if shown > 1 else 1  # many modules: one telling input for each fault keeps the judging short
    telling: list[list[Any]] = []
    others: list[list[Any]] = []
    found = [0] * len(faulty)
    for _ in range(_CANDIDATES):
        arguments = make(rng)
        answer = right(arguments)
        told = [index for index, wrong in enumerate(faulty) if wrong(arguments) != answer]
        if any(found[index] < wanted for index in told):
            telling.append(arguments)
            found = [count + (index in told) for index, count in enumerate(found)]
        else:
            others.append(arguments)
        if min(found) >= wanted and len(others) >= shown + 2 and _differ(right, telling[1:] + others[:2]):
            break
    assert min(found) >= 1, f"{topic.function}: no input tells {chosen}"
    # the first telling input is shown; those behind it keep at least one for each fault
    telling.sort(key=lambda arguments: -sum(wrong(arguments) != right(arguments) for wrong in faulty))
    return Exercise(topic, tuple(chosen), (*telling, *others[:2]), (telling[0], *others[2 : 1 + shown]))


def _differ(right: Callable[[list[Any]], Any], calls: list[list[Any]]) -> bool:
    """Do the right answers differ, so that no constant answers all calls?"""
    answers = [right(arguments) for arguments in calls]
    return any(answer != answers[0] for answer in answers[1:])


def _cases(exercises: list[Exercise]) -> tuple[TrialCase, ...]:
    cases = []
    for exercise in exercises:
        path = f"{FOLDER}/{exercise.topic.module}.py"
        for number, arguments in enumerate(exercise.hidden, 1):
            answer = exercise.answer(arguments)
            cases.append(
                function_case(
                    f"{exercise.topic.function} case {number}",
                    path,
                    exercise.topic.function,
                    arguments,
                    answer.get("value"),
                    tolerance=1e-9,
                    raises=answer.get("raised", ""),
                )
            )
    return tuple(cases)


def _visible_test(exercises: list[Exercise]) -> str:
    lines = ["import unittest", ""]
    lines += [f"from {exercise.topic.module} import {exercise.topic.function}" for exercise in exercises]
    lines += ["", "", "class Examples(unittest.TestCase):"]
    for exercise in exercises:
        name = exercise.topic.function
        lines.append(f"    def test_{name}(self):")
        for arguments in exercise.shown:
            call, answer = ", ".join(map(repr, arguments)), exercise.answer(arguments)
            if "raised" in answer:
                lines += [f"        with self.assertRaises({answer['raised']}):", f"            {name}({call})"]
            else:
                lines.append(f"        self.assertEqual({name}({call}), {answer['value']!r})")
        lines.append("")
    return "\n".join(lines) + '\n\nif __name__ == "__main__":\n    unittest.main()\n'


def _mend(exercises: list[Exercise], left: int = 0) -> tuple[str, ...]:
    """Commands that undo the planted faults, all but the last `left` of the last module."""
    commands = []
    for one in exercises:
        kept = one.faults[len(one.faults) - left :] if one is exercises[-1] else ()
        commands.append(f"cat > {FOLDER}/{one.topic.module}.py <<'END'\n{one.source(kept)}END")
    return tuple(commands)


def _cheats(exercises: list[Exercise]) -> dict[str, tuple[str, ...]]:
    first = exercises[0]
    name, path = first.topic.function, f"{FOLDER}/{first.topic.module}.py"
    table = {json.dumps(list(arguments)): first.answer(arguments).get("value") for arguments in first.shown}
    hollow = f"import json\nKNOWN = {table!r}\ndef {name}(*given):\n    return KNOWN.get(json.dumps(list(given)))\n"
    equal = (
        f"class Any(dict):\n    __eq__ = lambda *_: True\n    __hash__ = None\ndef {name}(*given):\n    return Any()\n"
    )
    forged = "import json, os\nopen('/tmp/.case/result.json', 'w').write(json.dumps({'value': True}))\nos._exit(0)\n"
    return {
        "only the visible examples": (f"cat > {path} <<'END'\n{hollow}END",),
        "one fault left": _mend(exercises, left=1),
        "equal to everything": (f"cat > {path} <<'END'\n{equal}END",),
        "forged result at import": (f"cat > {path} <<'END'\n{forged}END",),
        "tests emptied": (f"echo > {FOLDER}/test_examples.py",),
        "start-up file": (f"printf 'import os\\nos._exit(0)\\n' | tee {FOLDER}/sitecustomize.py {FOLDER}/json.py",),
        "a link for the module": (f"ln -sf /proc/self/fd/0 {path}",),
    }


def _instruction(rng: np.random.Generator, exercises: list[Exercise]) -> str:
    modules = ", ".join(sorted(f"{one.topic.module}.py" for one in exercises))
    what = pick(rng, ("After a hasty refactoring", "Since the last release", "After a bad merge"))
    service = pick(rng, SERVICES)
    several = len(exercises) > 1 or len(exercises[0].faults) > 1
    return (
        f"{what}, the {service} service gives wrong results. Its helpers are in {FOLDER} ({modules}); "
        f"{'there is more than one fault in them' if several else 'there is one fault'}.\n\n"
        "The docstring of each function says what it must do and is right; the code is not. Mend the code so that "
        "every function does what its docstring says, for every input. Keep the file names, the function names and "
        "their parameters. Each function is then called with many other inputs. Python 3.11 or newer, standard "
        f"library only.\n\n{FOLDER}/test_examples.py has a few right examples (python3 -m unittest, in that folder); "
        "it does not find everything, and it is not part of what is judged.\n"
    )


def build(rng: np.random.Generator, level: int) -> Task:
    """Modules with planted faults, and hidden inputs each of which a planted fault gets wrong or could."""
    topics, faults, shown = _PLAN[level]
    chosen = sample(rng, TOPICS[:-1], topics)
    if level >= 4:
        chosen = [_BY_FUNCTION["bill_usage"], *(t for t in chosen if t.function not in _BY_FUNCTION["bill_usage"].uses)]
        chosen = [*chosen[: topics - 3], *(_BY_FUNCTION[name] for name in _BY_FUNCTION["bill_usage"].uses)]
    exercises = [_exercise(rng, topic, faults, shown) for topic in chosen]
    # an easy instance still varies in what surrounds the function
    files = {f"{FOLDER}/{one.topic.module}.py": one.source(one.faults).encode() for one in exercises}
    files[f"{FOLDER}/test_examples.py"] = _visible_test(exercises).encode()
    files[f"{FOLDER}/VERSION"] = f"{between(rng, 0, 9)}.{between(rng, 0, 40)}.{between(rng, 0, 9)}\n".encode()
    steps, seconds = _LIMITS[level]
    return Task(
        instruction=_instruction(rng, exercises),
        verifier=TrialVerifier((FOLDER,), _cases(exercises)),
        files=files,
        tools=("python3",),
        oracle=_mend(exercises),
        cheats=_cheats(exercises),
        limits=Limits(steps=steps, seconds=seconds),
    )


FAMILY = TaskFamily(
    name="python-bug",
    summary="Find and mend the faults in Python modules, judged by hidden calls.",
    skills=("reading code against its documentation", "testing edge cases", "debugging Python"),
    chance=0.0,
    build=build,
)
