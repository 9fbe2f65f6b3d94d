"""From problems to tasks: the instruction, the verifier, the oracle, and cheats that must not be paid."""

from __future__ import annotations

import numpy as np

from selftrain.envs.answers.verifier import AnswerVerifier
from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems import problem_families
from selftrain.errors import UnknownNameError
from selftrain.tasks import Limits, Task, TaskFamily

LIMITS = Limits(steps=24, seconds=1_800.0, command_seconds=30.0)


def problem_task(
    problem: Problem, *, id: str = "", family: str = "", split: str = "", level: int = 0, seed: int = 0
) -> Task:
    """The task that asks for the answer of `problem`.

    Args:
        problem: what is asked, and the gold answer that the verifier alone knows.
        id, family, split, level, seed: of the task; a family fills them in by itself.

    Raises:
        OptionError: the problem's answer is none that answers can be compared with.
    """
    return Task(
        instruction=problem.statement,
        verifier=AnswerVerifier(problem.answer),
        oracle=(rf"\boxed{{{problem.answer}}}",),
        cheats=_cheats(problem),
        limits=LIMITS,
        kind="math",
        id=id,
        family=family,
        split=split,
        level=level,
        seed=seed,
    )


def math_family(name: str) -> TaskFamily:
    """The math family called `name`, as a family of tasks.

    Raises:
        UnknownNameError: there is none; lists the near ones.
    """
    known = problem_families()
    if name not in known:
        raise UnknownNameError("problem family", name, known)
    family = known[name]
    return TaskFamily(family.name, family.summary, (family.area,), family.chance, _Builder(family))


class _Builder:
    def __init__(self, family: ProblemFamily) -> None:
        self._make = family.make

    def __call__(self, rng: np.random.Generator, level: int) -> Task:
        return problem_task(self._make(rng, level))


def _cheats(problem: Problem) -> dict[str, tuple[str, ...]]:
    gold = problem.answer
    wrong = problem.traps[0] if problem.traps else "-987654321"
    said = {
        "nothing in the box": r"\boxed{}",
        "hedge": rf"\boxed{{{gold} \text{{ or }} {wrong}}}",
        "two boxes": rf"It is \boxed{{{gold}}}, or else \boxed{{{wrong}}}.",
        "a chain of equations": rf"\boxed{{{wrong} = {gold}}}",
        "code": rf'\boxed{{__import__("os").getenv("ANSWER") or {gold}}}',
        "only thought of": rf"<think>\boxed{{{gold}}}</think> \boxed{{}}",
    }
    said |= {f"trap {number}": rf"\boxed{{{trap}}}" for number, trap in enumerate(problem.traps, 1)}
    return {name: (message,) for name, message in said.items()}
