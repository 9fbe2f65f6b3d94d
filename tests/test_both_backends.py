"""Math, proofs and web sites on bubblewrap and on docker: the same observations and the same verdicts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from backends import backend_or_skip, needs_coq, needs_sympy

from selftrain.envs.browser.env import BrowserEnv
from selftrain.envs.catalogue import find_family
from selftrain.envs.math.env import MathEnv
from selftrain.envs.proof import prove
from selftrain.envs.theorems.families import theorem_families
from selftrain.envs.theorems.tasks import proof_family
from selftrain.sandboxes import backend_names


@needs_sympy
def test_code_says_the_same_on_both() -> None:
    seen = []
    for backend in backend_names():
        backend_or_skip(backend)
        env = MathEnv(backend=backend)
        env.reset(seed=3)
        seen.append(
            [
                env.step("```python\nimport sympy\nx = sympy.Symbol('x')\nsympy.factor(x**4 - 1)\n```")[:4],
                env.step("```python\nsympy.integrate(x**2, (x, 0, 3)), 1/0\n```")[:4],
            ]
        )
        env.close()
    assert seen[0] == seen[1] and "(x - 1)*(x + 1)*(x**2 + 1)" in seen[0][0][0]


@needs_coq
def test_proofs_are_judged_the_same_on_both() -> None:
    task = proof_family(next(iter(theorem_families()))).task(seed=7, level=2, split="dev")
    task = replace(task, cheats={cheat: task.cheats[cheat] for cheat in ("an axiom", "an empty proof")})
    verdicts: list[Any] = []
    for backend in backend_names():
        proof = prove(task, backend_or_skip(backend), repetitions=1)
        assert proof.faults == []
        verdicts.append([(play.agent, play.verdicts) for play in proof.plays])
    assert verdicts[0] == verdicts[1]


@pytest.mark.parametrize("engine", ["dom", "chromium"])
def test_sites_in_a_container_are_the_same_to_work_with(engine: str) -> None:
    backend_or_skip("docker")
    task = find_family("forum-replies").task(seed=0, level=2)
    played = []
    for backend in ("process", "docker"):
        env = BrowserEnv(backend=backend, engine=engine)
        seen = [env.reset(seed=0, options={"task": task})[0]]
        for action in task.oracle:
            observation, reward, *_ = env.step(action)
            seen.append(observation)
        env.close()
        played.append((seen, reward))
    assert played[0] == played[1] and reward == 1.0
