"""Labs as numbers: exact labels, exact information, and words and remarks that say exactly that."""

from __future__ import annotations

import dataclasses
import itertools
import math
import re

import numpy as np
import pytest

from selftrain.envs.lab import protocol, senior
from selftrain.envs.lab.cells import CUTS, KINDS, TRAITS, Cells, draw_cells
from selftrain.envs.lab.conventions import Belief, Convention, Scope
from selftrain.envs.lab.day import (
    DAYS,
    LARGE_EXAM,
    NO,
    UNANSWERED,
    YES,
    Atom,
    Day,
    Terms,
    day_of_seed,
    find_day,
    grade,
    zero_shot,
)
from selftrain.envs.lab.day import protocol as settled
from selftrain.envs.lab.labs import MOST_LABS, Lab, find_lab
from selftrain.envs.lab.words import describe
from selftrain.errors import OptionError, UnknownNameError
from selftrain.tasks import LEVELS

LEVEL_5 = [find_lab("train", number, 5) for number in range(6)]
ATOMS = [Atom(kind, name) for kind in ("hp", "hn", "fp", "fn") for name in TRAITS]
ATOMS += [Atom("r", "yes"), Atom("r", "no"), Atom("hn", "least"), Atom("hn", "decoy"), Atom("hp", "plain")]
ATOMS += [Atom("fp", "least"), *(Atom("fn", "least", cut) for cut in CUTS[1:])]


def a_day(level: int = 5, number: int = 0, length: int = 60) -> Day:
    return find_day(find_lab("dev", number, level), 0, length)


# labs and days


def test_the_same_lab_again_and_others_in_other_splits() -> None:
    one, again = Lab("train", 7, 5), Lab("train", 7, 5)
    assert (one.convention, one.preparation) == (again.convention, again.preparation)
    assert np.array_equal(one.cells(3, 50).texture, again.cells(3, 50).texture)
    elsewhere = [Lab(split, 7, 5).cells(3, 50).texture for split in ("train", "dev", "test")]
    elsewhere += [
        one.cells(4, 50).texture,
        one.cells(3, 50, purpose="exam").texture,
        Lab("train", 8, 5).cells(3, 50).texture,
    ]
    assert not any(np.intersect1d(a, b).size for a, b in itertools.combinations(elsewhere, 2))


def test_labs_of_a_level_differ() -> None:
    conventions = {find_lab("train", number, 5).convention for number in range(40)}
    assert len(conventions) > 30
    assert len({one.least for one in conventions}) == len(CUTS)


def test_every_label_follows_from_the_convention_alone() -> None:
    for lab in LEVEL_5:
        cells = lab.cells(0, 400)
        for cell, label in zip(cells.each(), lab.convention.labels(cells), strict=True):
            barred = any(cell.traits[0, t] and lab.convention.left_out[t] for t in range(len(TRAITS)))
            small = cell.diameter[0] < lab.convention.least
            assert label == (KINDS[cell.kind[0]] == "macrophage" and not barred and not small)


def test_the_same_cell_has_another_label_in_another_lab() -> None:
    cells = LEVEL_5[0].cells(0, 400)
    labels = np.array([find_lab("train", number, 5).convention.labels(cells) for number in range(30)])
    borderline = (cells.kind == 0) & cells.traits.any(axis=1)
    assert (labels.min(axis=0) != labels.max(axis=0))[borderline].mean() > 0.9
    assert not labels[:, cells.kind != 0].any()


def test_sizes_can_be_told_from_every_limit_by_eye() -> None:
    diameters = draw_cells(np.random.default_rng(0), 5000, LEVEL_5[0].mix).diameter
    assert min(np.abs(diameters - cut).min() for cut in CUTS[1:]) > 0.49


@pytest.mark.parametrize("length", [1, 2, 5, 32, 240])
def test_a_day_ends_in_an_exam_on_fresh_cells(length: int) -> None:
    day = a_day(length=length)
    assert len(day) == length and day.exam == max(1, round(0.2 * length)) == Terms(length).exam
    shown, exam = day.cells.texture[: -day.exam], day.cells.texture[-day.exam :]
    assert np.array_equal(exam, day.lab.cells(0, day.exam, purpose="exam").texture)
    assert not np.intersect1d(shown, exam).size
    assert [index for index in range(length) if Terms(length).in_exam(index)] == list(range(length - day.exam, length))


def test_no_fixed_answer_passes_a_large_exam() -> None:
    lopsided = Convention((True, True, True, False, True, True), CUTS[-1])
    found = 0
    for number in range(250):
        lab = find_lab("train", number, 5)
        if sum(lab.convention.left_out) >= 5 and lab.convention.least == lopsided.least:
            found += 1
            for day in range(12):
                labels = find_day(lab, day, 240).labels[-48:]
                assert len(labels) >= LARGE_EXAM
                assert not grade(np.full(48, NO), labels, 0.9)[1] and not grade(np.full(48, YES), labels, 0.9)[1]
    assert found > 3


def test_grades_of_many_exams_at_once() -> None:
    labels = np.array([[True] * 10, [False] * 10])
    answers = np.array([[YES] * 9 + [NO], [NO] * 8 + [YES, UNANSWERED]])
    accuracy, passed = grade(answers, labels, 0.9)
    assert accuracy.tolist() == [0.9, 0.8] and passed.tolist() == [True, False]
    assert not grade(np.full((2, 10), UNANSWERED), labels, 0.1)[0].any()


@pytest.mark.parametrize(
    "arguments",
    [
        {"length": 0}, {"length": True}, {"length": 2.0}, {"feedback": "loud"}, {"questions": -1}, {"questions": 1.5},
        {"protocol": 1}, {"bar": 0}, {"bar": 1.1}, {"bar": "0.9"}, {"bar": math.nan},
    ],
)  # fmt: skip
def test_terms_that_make_no_sense_are_refused(arguments: dict[str, object]) -> None:
    name, value = next(iter(arguments.items()))
    with pytest.raises(OptionError, match=re.escape(f"{name}={value!r}")):
        Terms(**arguments)  # type: ignore[arg-type]


def test_labs_and_days_that_do_not_exist() -> None:
    with pytest.raises(OptionError, match=f"lab {MOST_LABS} must"):
        day_of_seed("train", 1, MOST_LABS * DAYS, 5)
    with pytest.raises(UnknownNameError, match="split"):
        find_lab("practice", 1, 1)
    with pytest.raises(OptionError, match="level=6"):
        find_lab("train", 1, 6)
    with pytest.raises(OptionError, match=f"day {DAYS} must"):
        find_day(find_lab("train", 1, 1), DAYS, 5)
    assert len(day_of_seed("train", 1, (1 << 31) - 1, 5)) == 5  # the last seed that an environment draws


# information


def test_bits_are_those_of_the_ideal_observer() -> None:
    """Against a count over all conventions: log2 of how many there are over how many are left."""
    for level in LEVELS:
        day = a_day(level)
        everything = day.lab.scope.conventions()
        for index in range(len(day)):
            cell, atoms = day.cells[index : index + 1], day.feedback(index, "verbal")
            left = everything
            for atom in atoms:
                alone = [one for one in everything if atom.fits(one, cell)]
                assert atom.bits == pytest.approx(math.log2(len(everything) / len(alone)), abs=1e-6)
                left = [one for one in left if atom.fits(one, cell)]
            assert day.lab.convention in left
            assert day.bits(index, "verbal") == pytest.approx(math.log2(len(everything) / len(left)), abs=1e-6)


def test_what_an_atom_means_is_what_its_code_says() -> None:
    cell = _one(kind=0, diameter=13.0, traits=("giant",))
    strict = Convention(tuple(name == "giant" for name in TRAITS), 14.0)
    mild = Convention((False,) * len(TRAITS), 0.0)
    fitting = {atom.code for atom in ATOMS if atom.fits(strict, cell)}
    assert {"r:no", "hn:giant", "fn:giant", "hn:least", "fn:least:14.0", "fp:laden"} <= fitting
    assert not {"r:yes", "hp:giant", "fp:giant", "fp:least", "fn:least:12.5", "fn:laden"} & fitting
    fitting = {atom.code for atom in ATOMS if atom.fits(mild, cell)}
    assert {"r:yes", "hp:giant", "fp:giant", "fp:least", "fp:laden"} <= fitting
    assert not {"r:no", "hn:giant", "hn:least", "fn:least:14.0", "fn:laden"} & fitting


def test_the_senior_tells_the_truth_and_something_new_in_every_remark() -> None:
    for lab in LEVEL_5:
        day = find_day(lab, 0, 80)
        for index in range(len(day)):
            atoms = day.feedback(index, "verbal")
            assert [atom.kind[0] for atom in atoms] == ["r", "h", "f"]
            assert all(atom.fits(lab.convention, day.cells[index : index + 1]) for atom in atoms)
            assert (atoms[0].about == "yes") == day.labels[index]
            assert atoms[2].bits >= 0.99
            assert [atom.code for atom in day.feedback(index, "label")] == [atoms[0].code]
            assert day.feedback(index, "none") == () and day.bits(index, "none") == 0.0


def test_remarks_teach_the_whole_convention_and_faster_than_labels() -> None:
    left = {"verbal": [], "label": []}  # type: dict[str, list[float]]
    for lab in LEVEL_5:
        day = find_day(lab, 0, 240)
        for kind, found in left.items():
            belief = Belief(lab.scope)
            for index in range(12):
                for atom in day.feedback(index, kind):
                    atom.tell(belief, day.cells[index : index + 1])
            found.append(belief.bits)
    assert np.mean(left["verbal"]) < 1 < np.mean(left["label"]) - 1


def test_a_belief_that_hears_a_contradiction_says_so() -> None:
    belief = Belief(Scope((0, 1)))
    counted = np.array([not convention.left_out[0] for convention in belief.conventions])
    assert belief.keep(counted) == 1.0
    with pytest.raises(ValueError, match="no convention"):
        belief.keep(~counted)


def test_the_protocol_settles_about_half_and_its_clauses_are_true() -> None:
    shares = []
    for number in range(60):
        lab = find_lab("test", number, 5)
        atoms = settled(lab)
        cell = lab.cells(0, 1)
        assert all(atom.kind in ("fp", "fn") and atom.fits(lab.convention, cell) for atom in atoms)
        assert len({atom.about for atom in atoms}) == len(atoms)
        shares.append(len(atoms) / (len(lab.scope.traits) + 1))
        text = protocol.text(lab)
        told = {name for name, words in senior.FEATURES.items() if words in text}
        assert told | ({"least"} if "least size" in text or "below" in text else set()) == {a.about for a in atoms}
    assert 0.4 < np.mean(shares) < 0.6 and len(set(shares)) > 1
    named = [atom.about for number in range(60) for atom in settled(find_lab("test", number, 5))]
    assert all(0.25 < named.count(feature) / 60 < 0.75 for feature in (*TRAITS, "least"))


def test_the_zero_shot_line_of_a_lab_is_that_of_the_prior() -> None:
    for level in LEVELS:
        lab = find_lab("test", 3, level)
        cells = lab.cells(0, 4000, purpose="another pool")
        likely = Belief(lab.scope).likely(cells)
        right = np.where(np.isclose(likely, 0.5), 0.5, (likely > 0.5) == lab.convention.labels(cells))
        assert zero_shot(lab) == pytest.approx(right.mean(), abs=0.04)


# words


def test_the_words_decide_every_label_in_every_lab() -> None:
    cells = draw_cells(np.random.default_rng(5), 2000, LEVEL_5[0].mix)
    read = [read_words(line) for line in describe(cells)]
    assert {name for _, traits, _ in read for name in traits} == set(TRAITS)
    for lab in LEVEL_5:
        left_out = {name for name, out in zip(TRAITS, lab.convention.left_out, strict=True) if out}
        labels = [counts and not traits & left_out and size >= lab.convention.least for counts, traits, size in read]
        assert labels == lab.convention.labels(cells).tolist()


def test_the_words_never_name_what_a_thing_is() -> None:
    text = " ".join(describe(draw_cells(np.random.default_rng(6), 500, LEVEL_5[0].mix))).lower()
    assert not [name for name in (*KINDS, *TRAITS[:4]) if re.search(rf"\b{name}", text)]


def test_the_remarks_say_exactly_their_atoms_in_every_wording() -> None:
    for atom, seed, right in itertools.product(ATOMS, range(12), (None, True, False)):
        said = senior.remark((atom,), "verbal", (seed,), right)
        assert [one.code for one in read_remark(said)] == [atom.code], said
    assert len({senior.remark(ATOMS[:3], "verbal", (seed,)) for seed in range(40)}) > 8
    assert senior.remark((Atom("r", "no"),), "label", (1,)) == "Label: no."


def read_words(line: str) -> tuple[bool, set[str], float]:
    """Whether a line describes a macrophage, its traits, and its diameter: what a reader makes of the words alone."""
    size = re.search(r"([\d.]+) µm across, ([\d.]+) times", line)
    assert size
    traits = {
        "laden": "no dark" not in line and "dark inclusion" in line,
        "giant": re.search(r"[23] nuclei", line) is not None,
        "spindle": float(size[2]) > 1.5,
        "bare": "no vacuoles" in line,
        "kidney": "kidney-shaped, in the middle" in line,
        "dying": "chromatin shrunken and dense" in line,
    }
    return "outline ruffled" in line, {name for name, has in traits.items() if has}, float(size[1])


def read_remark(said: str) -> list[Atom]:
    """What a reader makes of a remark of the senior, sentence by sentence."""
    assert said.startswith("Senior: ")
    found = []
    for sentence in re.split(
        r"(?<=\.) (?=[A-Z])", said.removeprefix("Senior: ").replace(". We leave it", ", we leave it")
    ):
        low = sentence.lower()
        name = next((name for name, words in senior.FEATURES.items() if words in low), "")
        size = re.search(r"([\d.]+) µm", low)
        ahead = re.match(r"next time|remember|go on|never|size does not", low) is not None
        if name:
            against = re.search(r"is out|rules|leave out|leave it out(?!\.? here that)|never", low) is not None
            against = against and "no reason to leave it out" not in low
            found.append(Atom(("f" if ahead else "h") + ("n" if against else "p"), name))
        elif size:
            found.append(Atom("fn", "least", float(size[1])))
        elif "too small" in low and not ahead:
            found.append(Atom("hn", "least"))
        elif ahead:
            found.append(Atom("fp", "least"))
        elif "macrophage" in low:
            found.append(Atom("hp", "plain") if "ordinary" in low or "plain" in low else Atom("hn", "decoy"))
        else:
            found.append(Atom("r", "no" if "does not count" in low else "yes"))
    return found


def _one(kind: int, diameter: float, traits: tuple[str, ...]) -> Cells:
    cells = LEVEL_5[0].cells(0, 1)
    has = np.array([[name in traits for name in TRAITS]])
    return dataclasses.replace(cells, kind=np.array([kind]), diameter=np.array([diameter]), traits=has)
