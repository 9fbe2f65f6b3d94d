"""The bench of a lab: what lies in the sandbox and what does not, what files could tell, and how answers are graded."""

from __future__ import annotations

import csv
import io
import os
import re
import shlex
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from backends import backend_or_skip, requires
from PIL import Image

from selftrain.envs.families import terminal_family
from selftrain.envs.families.lab_bench import (
    BORDERLINE,
    DECOYS,
    FIXED,
    LABELLED,
    PLAIN,
    REMARKS,
    SEALED,
    SLIDES,
    Sealed,
)
from selftrain.envs.lab import slides
from selftrain.envs.lab.bounds import zero_shot
from selftrain.envs.lab.conventions import Belief
from selftrain.envs.lab.day import DAYS
from selftrain.envs.lab.labs import Lab, find_lab
from selftrain.envs.lab.sealed import BAR, COLUMNS, PREDICTIONS, SealedVerifier
from selftrain.errors import ImageMissingError, OptionError
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.tasks import LEVELS, SPLITS, Task

ENV = "selftrain:SelfTrain-LabBench-v0"
HEADER = ",".join(COLUMNS)
HONEST_LAB = 3  # 0.95 or more of whose sealed slides the honest solution gets right, well above the bar
needs_pictures = requires("numpy and Pillow for the lab's bench")


@pytest.fixture(scope="module")
def task() -> Task:
    """The bench of lab 17 on its day 5, with its real pictures."""
    return terminal_family("lab-bench").task(17 * DAYS + 5, 3)


@pytest.fixture
def plain_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures that take no time: for what does not depend on them."""
    monkeypatch.setattr(slides, "images", lambda lab, cells: np.full((len(cells), 96, 96, 3), 200, dtype=np.uint8))


@pytest.fixture
def env() -> Iterator[gym.Env[Any, Any]]:
    with gym.make(ENV, backend=backend_or_skip("bubblewrap").name) as made:
        yield made


def pictures(task: Task) -> dict[str, bytes]:
    return {path: data for path, data in task.files.items() if path.endswith(".png")}


def sealed_of(task: Task) -> Sealed:
    return Sealed(find_lab(task.split, task.seed // DAYS, task.level), task.seed % DAYS)


def chunks(png: bytes) -> list[bytes]:
    """The types of a PNG file's chunks."""
    found, at = [], 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        found.append(png[at + 4 : at + 8])
        at += 12 + length
    return found


# what lies there, and what does not


def test_the_sandbox_holds_what_the_instruction_says_and_no_more(task: Task) -> None:
    assert len(pictures(task)) == SLIDES + SEALED
    assert set(task.files) - set(pictures(task)) == {
        "/workspace/labels.csv",
        "/workspace/senior.txt",
        "/workspace/protocol.txt",
    }
    for words in ("001.png to 216.png", "first 200 of them", "on 16 of the others", "80 more", PREDICTIONS, "90%"):
        assert words in task.instruction, words
    assert not task.setup and not task.setup_files


def test_pictures_and_labels_are_the_lab_s(task: Task) -> None:
    lab = find_lab("train", 17, 3)
    cells, sealed = lab.cells(5, SLIDES), sealed_of(task)
    rows = list(csv.reader(io.StringIO(task.files["/workspace/labels.csv"].decode())))
    assert rows[0] == list(COLUMNS) and len(rows) == 1 + LABELLED
    assert [answer == "yes" for _, answer in rows[1:]] == lab.convention.labels(cells)[:LABELLED].tolist()
    for folder, names, all_of in (
        ("slides", [name for name, _ in rows[1:4]], cells),
        ("sealed", sealed.names[:3], sealed.cells),
    ):
        shown = [np.asarray(Image.open(io.BytesIO(task.files[f"/workspace/{folder}/{name}"]))) for name in names]
        assert (np.array(shown) == slides.images(lab, all_of)[:3]).all()


def test_labels_and_remarks_are_of_the_day_and_never_of_sealed_slides(task: Task) -> None:
    said = task.files["/workspace/senior.txt"].decode().splitlines()
    assert [line.split()[0] for line in said] == [f"{LABELLED + n}.png" for n in range(1, REMARKS + 1)]
    assert all("Senior: " in line for line in said)
    told = "".join(data.decode() for path, data in task.files.items() if path not in pictures(task))
    assert not any(name in told for name in sealed_of(task).names)


def test_sealed_slides_are_no_slides_of_the_day(task: Task) -> None:
    lab = find_lab("train", 17, 3)
    everything = [*lab.cells(5, SLIDES).texture, *sealed_of(task).cells.texture]
    assert len(set(everything)) == SLIDES + SEALED
    assert len(set(pictures(task).values())) == SLIDES + SEALED


# what files could tell


def test_no_file_tells_a_label_by_its_size_name_or_metadata(task: Task) -> None:
    assert len({len(data) for data in pictures(task).values()}) == 1
    assert {tuple(sorted(set(chunks(data)))) for data in pictures(task).values()} == {(b"IDAT", b"IEND", b"IHDR")}
    names = [path.rpartition("/")[2] for path in pictures(task)]
    assert names == [f"{number:03d}.png" for number in range(1, SLIDES + SEALED + 1)]
    assert set(task.modes) == set()


def test_a_file_that_told_would_be_found(task: Task) -> None:
    file = io.BytesIO()
    picture = Image.open(io.BytesIO(next(iter(pictures(task).values()))))
    picture.save(file, "PNG", dpi=(96, 96))
    assert b"pHYs" in chunks(file.getvalue())
    assert len(file.getvalue()) != len(next(iter(pictures(task).values())))


def test_the_order_of_sealed_slides_tells_nothing() -> None:
    labels = np.array([Sealed(find_lab("dev", number, 2), 0).labels for number in range(200)])
    places = np.arange(SEALED)
    apart = np.array([places[row].mean() - places[~row].mean() for row in labels])
    # the difference of two means of places without replacement: variance n (n + 1) / 12 * (1/a + 1/b)
    counted = labels.sum(axis=1)
    apart /= np.sqrt(SEALED * (SEALED + 1) / 12 * (1 / counted + 1 / (SEALED - counted)))
    assert abs(apart.mean()) < 4 / np.sqrt(len(apart))
    assert 0.8 < apart.std() < 1.2
    share = labels.mean(axis=0)  # of each place, over labs
    assert abs(share - labels.mean()).max() < 4.5 * np.sqrt(0.25 / len(labels))


def test_the_times_of_files_in_the_sandbox_follow_their_names(env: gym.Env[Any, Any], task: Task) -> None:
    env.reset(options={"task": task})
    env.step("cd sealed; stat -c '%.Y %n' *.png > /tmp/by-name; sort -s -n -k 1,1 /tmp/by-name > /tmp/by-time")
    shown, *_, info = env.step("cmp /tmp/by-name /tmp/by-time")
    assert info["exit_code"] == 0, shown
    *_, info = env.step("test $(stat -c '%s %a %U' *.png | sort -u | wc -l) = 1")
    assert info["exit_code"] == 0


# the sealed slides


@pytest.mark.parametrize("level", LEVELS)
def test_no_answer_that_is_the_same_in_all_labs_reaches_the_bar(level: int) -> None:
    known_nothing = []
    for number in range(40):
        sealed = Sealed(find_lab("test", number, level), number)
        macrophage, marked = sealed.cells.kind == 0, sealed.cells.traits.any(axis=1)
        shares = ((macrophage & ~marked).sum(), marked.sum(), (~macrophage).sum())
        assert shares == (PLAIN, BORDERLINE, DECOYS) and sum(shares) == SEALED
        table = Belief(sealed.lab.scope).table(sealed.cells)  # as any lab of the level would label them
        for answers_of_all in (macrophage, np.ones(SEALED, np.bool_), np.zeros(SEALED, np.bool_)):
            assert (table == answers_of_all).mean(axis=1).max() <= FIXED < BAR
        known_nothing.append(zero_shot(sealed.lab, sealed.cells))
    assert max(known_nothing) < BAR and 0.6 < np.mean(known_nothing) < 0.78


@pytest.mark.parametrize("level", LEVELS)
def test_which_slides_are_sealed_tells_nothing_of_the_convention(level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = find_lab("test", 3, level)
    drawn = []
    for convention in lab.scope.conventions()[:: 1 + 9 * (level == 5)]:
        monkeypatch.setattr(Lab, "convention", convention)
        drawn.append(Sealed(Lab(lab.split, lab.number, lab.level), 0).cells.texture.tolist())
    assert len(drawn) > 5 and all(one == drawn[0] for one in drawn)


def test_sealed_slides_are_of_one_lab_and_one_day_alone() -> None:
    labs = [find_lab(split, number, level) for split in SPLITS for number in (0, 1) for level in (1, 2)]
    seen = [texture for lab in labs for day in (0, 1) for texture in Sealed(lab, day).cells.texture.tolist()]
    # of some two thousand numbers below 2**32 two are the same once in two thousand times
    assert len(set(seen)) == len(seen) == len(labs) * 2 * SEALED


@pytest.mark.usefixtures("plain_pictures")
def test_a_seed_names_the_lab_and_its_day() -> None:
    family = terminal_family("lab-bench")
    names = {
        family.task(seed, 2, split).metadata["lab"]
        for split in SPLITS
        for seed in (17 * DAYS, 18 * DAYS - 1, 18 * DAYS)
    }
    assert names == {f"{split}/2/{number}" for split in SPLITS for number in (17, 18)}
    one, other, again = (family.task(seed, 2) for seed in (17 * DAYS, 17 * DAYS + 1, 17 * DAYS))
    assert one.oracle == again.oracle and one.oracle != other.oracle
    assert one.fingerprint() == again.fingerprint() != other.fingerprint()
    with pytest.raises(OptionError, match="split and a seed"):
        family.build(np.random.default_rng(0), 1)


# grading


def verdict_of(text: str | bytes | None, labels: list[bool]) -> tuple[bool, float, str]:
    names = tuple(f"{n}.png" for n in range(len(labels)))
    verifier = SealedVerifier(names, tuple(labels))
    files = {} if text is None else {PREDICTIONS: EvidenceFile(text.encode() if isinstance(text, str) else text)}
    evidence = Evidence(files)
    verdict = verifier.verify(evidence, Task("?", verifier), None)  # type: ignore[arg-type]
    assert verdict.score == verifier.accuracy(evidence)
    return verdict.passed, verdict.score, verdict.why


def test_an_export_that_was_cut_short_is_not_graded() -> None:
    verifier = SealedVerifier(("0.png",), (True,))
    files = {PREDICTIONS: EvidenceFile(answers([True]).encode())}
    for overrun, passed in (("", True), ("total_bytes", False)):
        verdict = verifier.verify(Evidence(files, overrun=overrun), Task("?", verifier), None)  # type: ignore[arg-type]
        assert verdict.passed is passed and ("too large: total_bytes" in verdict.why) is not passed


def answers(labels: list[bool], wrong: int = 0, absent: int = 0) -> str:
    told = [(not label if n < wrong else label) for n, label in enumerate(labels)]
    lines = [f"{n}.png,{'yes' if label else 'no'}\n" for n, label in enumerate(told)]
    return f"{HEADER}\n" + "".join(lines[: len(lines) - absent])


@pytest.mark.parametrize(
    ("wrong", "absent", "passed", "accuracy"),
    [(0, 0, True, 1.0), (8, 0, True, 0.9), (9, 0, False, 71 / 80), (0, 8, True, 0.9), (4, 5, False, 71 / 80)],
)
def test_the_bar_is_nine_in_ten_and_an_absent_answer_is_wrong(
    wrong: int, absent: int, passed: bool, accuracy: float
) -> None:
    labels = [n % 3 == 0 for n in range(80)]
    found, score, why = verdict_of(answers(labels, wrong, absent), labels)
    assert found == passed and score == pytest.approx(accuracy) and ("too few" in why) != passed


@pytest.mark.parametrize(
    "change",
    [
        str.upper,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace(",", " , "),
        lambda text: "\ufeff" + text.rstrip("\n"),
        lambda text: HEADER + "\n" + "".join(reversed(text.splitlines(keepends=True)[1:])),
    ],
)
def test_how_a_table_is_written_does_not_matter(change: Callable[[str], str]) -> None:
    labels = [True, False, True]
    text = change(answers(labels)).replace("PNG", "png")
    assert verdict_of(text, labels)[:2] == (True, 1.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "is missing"),
        ("", "first line must be slide,macrophage"),
        ("0.png,yes\n1.png,no\n", "first line must be"),
        (f"{HEADER}\n0.png,yes\n0.png,yes\n", "0.png is answered twice"),
        (f"{HEADER}\n7.png,yes\n", "'7.png' is no sealed slide"),
        (f"{HEADER}\n../../0.png,yes\n", "is no sealed slide"),
        (f"{HEADER}\n0.png,maybe\n", "'maybe' is neither yes nor no"),
        (f"{HEADER}\n0.png,0.7\n", "neither yes nor no"),
        (f"{HEADER}\n0.png\n", "1 columns, not 2"),
        (f"{HEADER}\n0.png,yes,no\n", "3 columns, not 2"),
        (f"{HEADER}\n0.png,{'y' * 5000}\n", "neither yes nor no"),
        (f'{HEADER}\n"0.png,yes\n', "not CSV"),
        (f"{HEADER}\n0.png,yes\0\n", "holds NUL"),
        (b"\xff\xfe\x00", "not UTF-8"),
        ("x" * 70_000, "has 70000 bytes"),
    ],
)
def test_answers_that_cannot_be_graded_say_why(text: str | bytes | None, said: str) -> None:
    passed, score, why = verdict_of(text, [True, False])
    assert not passed and score == 0.0 and said in why and len(why) < 200


# the environment


def test_the_last_info_tells_accuracy_and_bounds(env: gym.Env[Any, Any], task: Task) -> None:
    opening, first = env.reset(options={"task": task})
    assert "convention" in opening and first["lab"] == "train/3/17" and "accuracy" not in first
    (command,) = task.oracle
    env.step(command)
    _, reward, terminated, _, info = env.step("submit")
    assert (reward, terminated, info["accuracy"], info["score"]) == (1.0, True, 1.0, 1.0)
    sealed = sealed_of(task)
    assert info["ceiling"] == 1.0 and info["zero_shot"] == zero_shot(sealed.lab, sealed.cells) < 0.9
    env.reset(options={"task": task})
    *_, info = env.step("submit")
    assert (info["verdict"], info["accuracy"], info["lab"]) == ("fail", 0.0, "train/3/17")


def test_other_terminal_tasks_are_played_as_ever(env: gym.Env[Any, Any]) -> None:
    _, info = env.reset(options={"task": "csv-reshape/train/1/0"})
    assert info["lab"] == ""
    *_, info = env.step("submit")
    assert info["verdict"] == "fail" and "accuracy" not in info


@pytest.mark.usefixtures("plain_pictures")
def test_a_seed_draws_the_same_bench_again(env: gym.Env[Any, Any]) -> None:
    drawn = [env.reset(seed=seed)[1]["task"] for seed in (1, 2, 1)]
    assert drawn[0] == drawn[2] != drawn[1] and drawn[0].startswith("lab-bench/train/1/")


READ = """python3 - <<'END'
import numpy as np, glob
from PIL import Image
print(np.array([np.asarray(Image.open(name)) for name in sorted(glob.glob("s*/*.png"))]).shape)
END"""


@needs_pictures
def test_an_honest_solution_is_paid(env: gym.Env[Any, Any]) -> None:
    """Looking, measuring and learning from the labels that are there is enough; what is written down knows no lab."""
    opening, _ = env.reset(options={"task": f"lab-bench/train/1/{HONEST_LAB * DAYS}"})
    told = re.search(r"The stain is (.+), and a pixel shows ([0-9.]+) µm", opening)
    assert told
    solution = (Path(__file__).parent / "lab_bench_solution.py").read_text()
    shown, *_, info = env.step(f"cat > /tmp/solution.py <<'THE END'\n{solution}\nTHE END")
    shown, *_, info = env.step(f"python3 /tmp/solution.py {shlex.quote(told[1])} {told[2]}")
    assert info["exit_code"] == 0, shown
    _, reward, *_, info = env.step("submit")
    # one answer for all gets 0.875 at most, and who knows all but this lab 0.65
    assert reward == 1.0 and info["accuracy"] >= BAR > FIXED > info["zero_shot"]


@needs_pictures
def test_pictures_can_be_read_in_the_sandbox(env: gym.Env[Any, Any], task: Task) -> None:
    env.reset(options={"task": task})
    assert "(296, 96, 96, 3)" in env.step(READ)[0]


def test_docker_takes_the_image_with_numpy_and_pillow(task: Task) -> None:
    with gym.make(ENV, backend=backend_or_skip("docker").name) as env:
        try:
            _, info = env.reset(options={"task": task})
        except ImageMissingError as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(str(error))
        assert info["image"] == "lab"
        assert "(296, 96, 96, 3)" in env.step(READ)[0]
