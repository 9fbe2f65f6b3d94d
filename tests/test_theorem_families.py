"""Every theorem family: pure, never the same statement twice, and proven by its own proof but not by one tactic."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from selftrain.envs.theorems.coq_screen import screen
from selftrain.envs.theorems.families import AREAS, theorem_families
from selftrain.envs.theorems.theorem import Theorem
from selftrain.tasks import LEVELS, SPLITS, stable_key

FAMILIES = theorem_families()
# tactics that try by themselves; a statement that falls to one of them asks for no proof
ONE_LINERS = (
    "auto",
    "easy",
    "trivial",
    "tauto",
    "reflexivity",
    "lia",
    "intros; lia",
    "intuition",
    "timeout 1 firstorder",
)


@pytest.fixture(scope="module")
def coqc() -> str:
    found = shutil.which("coqc")
    if found is None and os.environ.get("CI") != "true":
        pytest.skip("coqc is not installed: apt-get install coq")
    assert found, "coqc is not installed"
    return found


def theorem(name: str, level: int, seed: int, split: str = "train") -> Theorem:
    rng = np.random.default_rng([stable_key(name), SPLITS[split], seed])
    return FAMILIES[name].make(rng, level)


def compiled(coqc: str, folder: Path, pieces: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """All pieces in one file, each in a module of its own."""
    modules = [f"Module M{number}.\n{piece}\nEnd M{number}.\n" for number, piece in enumerate(pieces)]
    (folder / "all.v").write_text("".join(modules))
    command = [coqc, "-q", "-noglob", "-w", "none", "all.v"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


def proven(made: Theorem, proof: str) -> str:
    statement = made.statement
    return (
        f"{statement.preamble}\nTheorem goal : {statement.proposition}.\nProof.\n{proof}\nQed.\nPrint Assumptions goal."
    )


def test_there_are_families_in_every_area() -> None:
    assert len(FAMILIES) >= 28
    assert {family.area for family in FAMILIES.values()} == set(AREAS)
    for name, family in FAMILIES.items():
        assert family.name == name and re.fullmatch(r"[a-z0-9-]+", name)
        assert family.summary.endswith(".") and family.prover == "coq"


@pytest.mark.parametrize("name", FAMILIES)
def test_no_two_seeds_state_the_same(name: str) -> None:
    split = list(SPLITS)[len(name) % len(SPLITS)]
    for level in (1, 3, 5):
        made = [theorem(name, level, seed, split).statement for seed in range(1000)]
        assert len({(statement.proposition, statement.preamble) for statement in made}) == 1000


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_is_a_pure_function_with_streams_that_do_not_meet(name: str) -> None:
    for level in LEVELS:
        made = [theorem(name, level, 5, split) for split in SPLITS]
        assert made == [theorem(name, level, 5, split) for split in SPLITS]
        assert len({repr(one.statement) for one in made}) == len(SPLITS)


@pytest.mark.parametrize("name", FAMILIES)
def test_texts_are_filled_and_proofs_are_admitted(name: str) -> None:
    for level in LEVELS:
        for seed in range(10):
            made = theorem(name, level, seed)
            everything = "\n".join([made.statement.preamble, made.statement.proposition, made.informal, made.proof])
            assert not re.search(r"<[a-z][a-z0-9]*>", everything)
            assert made.statement.axioms == () and made.informal[-1] == "." and made.informal.count("$") % 2 == 0
            assert screen(made.proof) == ""


def test_proofs_grow_with_the_level() -> None:
    for name in FAMILIES:
        sizes = [sum(len(theorem(name, level, seed).proof) for seed in range(5)) for level in LEVELS]
        assert sizes[0] < sizes[2] < sizes[4]
    steps = [theorem(name, 5, 0).proof.count(".") for name in FAMILIES]
    assert min(steps) >= 20 and sorted(steps)[len(steps) // 2] >= 30


@pytest.mark.parametrize("area", AREAS)
def test_the_oracle_proves_what_is_stated(area: str, coqc: str, tmp_path: Path) -> None:
    names = [name for name, family in FAMILIES.items() if family.area == area]
    # one half of the levels each, so that coqc is done in seconds
    levels = [(name, level) for place, name in enumerate(names) for level in ((1, 3, 5) if place % 2 else (2, 4))]
    pieces = [proven(made := theorem(name, level, level), made.proof) for name, level in levels]
    done = compiled(coqc, tmp_path, pieces)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["Closed under the global context"] * len(pieces)


def test_a_wrong_proof_is_noticed(coqc: str, tmp_path: Path) -> None:
    made = theorem("recursive-sums", 3, 1)
    assert compiled(coqc, tmp_path, [proven(made, "intros n. reflexivity.")]).returncode != 0


def test_single_tactics_do_not_prove_level_3_outside_propositional_logic(coqc: str, tmp_path: Path) -> None:
    # the chains of rules are what provers of first-order logic are made for
    names = [name for name in FAMILIES if not name.endswith("-chains")][::3]
    pieces = []
    for name in names:
        statement = theorem(name, 3, 2).statement
        attempts = "\n".join(f"Fail now ({attempt})." for attempt in ONE_LINERS)
        pieces.append(f"{statement.preamble}\nTheorem goal : {statement.proposition}.\nProof.\n{attempts}\nAbort.")
    done = compiled(coqc, tmp_path, pieces)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", FAMILIES)
def test_words_are_in_latex_and_without_idle_marks(name: str) -> None:
    for level in LEVELS:
        for seed in range(12):
            said = " ".join(re.findall(r"\$[^$]*\$", theorem(name, level, seed).informal))
            assert not re.search(r" \* |\(\(-|\+ -|(?<![\w.])1[a-z]\b|/\\|\\/ ", said), said
