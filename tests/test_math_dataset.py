"""A user's problems and answers: every kind of file, the known columns, splits that share nothing, broken rows."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selftrain.envs.answers.verifier import RESPONSE
from selftrain.envs.math.dataset import Dataset, load_dataset
from selftrain.envs.math.dataset_columns import last_box
from selftrain.envs.math.dataset_overlap import GENERATED_SEEDS, nearly_equal, normalised
from selftrain.envs.math.dataset_reading import MAX_LINE
from selftrain.envs.math.problems import problem_families
from selftrain.envs.math.tasks import math_family
from selftrain.envs.observations import LONGEST_INSTRUCTION
from selftrain.envs.selection import expand_selection
from selftrain.errors import OptionError, TaskError, UnknownNameError
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.tasks import SPLITS, Task, parse_task_id

Rows = Sequence[Mapping[str, Any]]


def write_jsonl(path: Path, rows: Rows) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def write_csv(path: Path, rows: Rows) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_parquet(path: Path, rows: Rows) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)


WRITERS: dict[str, Callable[[Path, Rows], None]] = {
    ".jsonl": write_jsonl,
    ".csv": write_csv,
    ".parquet": write_parquet,
}


def loaded(path: Path, rows: Rows, **options: Any) -> Dataset:
    WRITERS[path.suffix](path, rows)
    return load_dataset(path, **options)


def paid(task: Task, response: str) -> bool:
    evidence = Evidence({RESPONSE: EvidenceFile(response.encode())})
    return task.verifier.verify(evidence, task, None).passed  # type: ignore[arg-type]


# the first row of a published file of each collection, its answer changed into ours
COLLECTIONS: dict[str, tuple[dict[str, Any], str, int]] = {
    "AIME as CSV": ({"ID": "2031-I-4", "Year": 2031, "Question": "Find it.", "Answer": "073", "Part": "I"}, "073", 0),
    "AIME as Parquet": ({"ID": "2", "Problem": "Find it.", "Solution": "Long.\nVery.", "Answer": 73}, "73", 0),
    "MATH": (
        {
            "problem": "Find it.",
            "level": "Level 3",
            "type": "Algebra",
            "solution": "First $\\boxed{1}$ was wrong.\nThen $\\boxed{\\frac{3}{\\sqrt{2}}}$.",
        },
        "\\frac{3}{\\sqrt{2}}",
        3,
    ),
    "GSM8K": ({"question": "Find it.", "answer": "It is <<7*6=42>>42.\nSo.\n#### 1,042"}, "1042", 0),
    "Omni-MATH": (
        {"domain": ["A"], "difficulty": 7.5, "problem": "Find it.", "solution": "x", "answer": "$2\\sqrt{3}$"},
        "2\\sqrt{3}",
        4,
    ),
    "DeepMath": (
        {"question": "Find it.", "final_answer": "\\dfrac{1}{2}", "difficulty": 9.0, "r1_solution_1": "?"},
        "\\dfrac{1}{2}",
        5,
    ),
    "NuminaMath": (
        {"source": "amc", "problem": "Find it.", "solution": "So \\boxed{(1,2)}.", "messages": []},
        "(1,2)",
        0,
    ),
    "DAPO": (
        {"prompt": [{"role": "user", "content": "Find it."}], "reward_model": {"ground_truth": "34", "style": "rule"}},
        "34",
        0,
    ),
    "OlympiadBench": ({"question": "Find it.", "final_answer": ["$12$"], "subfield": "Geometry"}, "12", 0),
}


@pytest.mark.parametrize("collection", COLLECTIONS)
@pytest.mark.parametrize("ending", WRITERS)
def test_columns_of_known_collections(collection: str, ending: str, tmp_path: Path) -> None:
    row, answer, level = COLLECTIONS[collection]
    if (
        ending == ".csv"
        and any(isinstance(value, (list, dict)) for value in row.values())
        and collection != "Omni-MATH"
    ):
        pytest.skip("a CSV file has no nested values")
    if ending == ".parquet":
        row = {name: value for name, value in row.items() if value != []}
    (found,) = loaded(tmp_path / f"file{ending}", [row]).rows
    assert (found.problem, found.answer, found.level) == ("Find it.", answer, level)


def numbered(count: int) -> list[dict[str, Any]]:
    return [{"problem": f"What is the double of ${number}$?", "answer": 2 * number} for number in range(count)]


@pytest.mark.parametrize("ending", WRITERS)
def test_rows_become_tasks_that_pay_their_answer(ending: str, tmp_path: Path) -> None:
    dataset = loaded(tmp_path / f"My Problems{ending}", numbered(200))
    assert (dataset.name, dataset.broken, dataset.dropped) == ("my-problems", (), ())
    sizes = {split: len(dataset.tasks(split)) for split in SPLITS}
    assert sum(sizes.values()) == 200 and 130 <= sizes["train"] <= 185 and min(sizes.values()) >= 5
    for split in SPLITS:
        taskset = dataset.tasks(split)
        for task_id, task in list(zip(taskset.ids, taskset, strict=True))[:3]:
            assert task.id == task_id and parse_task_id(task_id) == ("my-problems", split, 0, task.seed)
            number = task.seed - 1
            assert task.instruction == f"What is the double of ${number}$?"
            assert paid(task, rf"\boxed{{{2 * number}}}") and not paid(task, rf"\boxed{{{2 * number + 1}}}")
    with pytest.raises(UnknownNameError):
        dataset.tasks("final")
    with pytest.raises(UnknownNameError):
        dataset.tasks("train").load("my-problems/train/0/99999")


def test_splits_of_columns_files_and_shares(tmp_path: Path) -> None:
    rows = [dict(row, split=split) for row, split in zip(numbered(3), ("training", "validation", "TEST"), strict=True)]
    assert [row.split for row in loaded(tmp_path / "a.jsonl", rows).rows] == ["train", "dev", "test"]
    rows[1]["split"] = "final"
    assert [row.line for row in loaded(tmp_path / "a.jsonl", rows).broken] == [2]
    folder = tmp_path / "gsm8k"
    folder.mkdir()
    write_jsonl(folder / "train.jsonl", numbered(6))
    write_csv(folder / "test.csv", numbered(3))
    dataset = load_dataset(folder)
    assert {(row.split, row.problem[-4:-2]) for row in dataset.rows if row.split == "test"} == {
        ("test", f"${number}") for number in range(3)
    }
    assert len(dataset.tasks("train")) == 3 and len(dataset.dropped) == 3
    assert all(row.file.endswith("train.jsonl") and "test.csv:" in row.why for row in dataset.dropped)
    everything = loaded(tmp_path / "b.jsonl", numbered(30), splits={"dev": 1.0})
    assert len(everything.tasks("dev")) == 30


def test_equal_statements_fall_into_one_split_and_stay_once(tmp_path: Path) -> None:
    first = {"problem": "Let $x = \\dfrac{1}{2}$.  Find $\\left( x+1 \\right)$.", "answer": "3/2", "split": "train"}
    again = {"problem": "let \\(x=\\frac12{}\\). Find $(x + 1)$.", "answer": "1.5"}
    spaced = {"problem": "Let $x=\\frac{1}{2}$. Find $(x+1)$.", "answer": "3/2", "split": "test"}
    dataset = loaded(tmp_path / "a.jsonl", [first, again, spaced])
    (kept,) = [row for row in dataset.rows if row.split == "test"]
    assert kept.line == 3
    assert (dataset.dropped[0].line, dataset.dropped[0].why) == (
        1,
        f"the same problem as {tmp_path}/a.jsonl:3 (test)",
    )
    other = {**spaced, "answer": "5/2"}
    (dropped,) = loaded(tmp_path / "b.jsonl", [spaced, other]).dropped
    assert "where the answer is '3/2'" in dropped.why


@settings(max_examples=25)
@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=12), st.integers(0, 10**9))
def test_a_split_depends_on_the_normalised_statement_alone(words: list[str], number: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        splits = [
            loaded(Path(folder) / "a.jsonl", [{"problem": text, "answer": 1}]).rows[0].split
            for text in (f"{' '.join(words)} ${number}$?", f"{'  '.join(words).upper()} \\({number}\\) ?")
        ]
    assert splits[0] == splits[1]


TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), min_size=1, max_size=60)


@settings(max_examples=30)
@given(
    st.lists(st.tuples(TEXTS, st.integers(-(10**12), 10**12)), min_size=1, max_size=8, unique_by=lambda pair: pair[0]),
    st.sampled_from(sorted(WRITERS)),
)
def test_what_is_written_is_what_is_loaded(pairs: list[tuple[str, int]], ending: str) -> None:
    # the number in front keeps statements apart that normalising would make equal, and the chat format out of sight
    rows = [{"problem": f"{place}. {text} .", "answer": str(gold)} for place, (text, gold) in enumerate(pairs)]
    with tempfile.TemporaryDirectory() as folder:
        dataset = loaded(Path(folder) / f"a{ending}", rows)
    assert dataset.broken == () and dataset.dropped == ()
    assert [(row.problem, row.answer) for row in dataset.rows] == [(row["problem"], row["answer"]) for row in rows]


GOOD = b'{"problem": "Add $1$ and $%d$.", "answer": "%d"}'
BROKEN_LINES = {
    "not JSON": b'{"problem": "x", ',
    "not UTF-8": b'{"problem": "\xff", "answer": "1"}',
    "problem is not UTF-8": rb'{"problem": "\ud800", "answer": "1"}',
    "not a JSON object": b"[1, 2]",
    "nested too deeply": b'{"problem": ' + b"[" * 200_000,
    "no column with the answer": b'{"problem": "x"}',
    "no column with the problem": b'{"answer": "1"}',
    "answer is empty": b'{"problem": "x", "answer": ""}',
    "problem is empty": b'{"problem": null, "answer": "1"}',
    "'proof', which is no answer": b'{"problem": "x", "answer": "proof"}',
    "cannot be compared": rb'{"problem": "x", "answer": "\\frac{1}{"}',
    "holds 2 answers": b'{"problem": "x", "answer": ["1", "2"]}',
    "neither a \\boxed{} nor": rb'{"problem": "x", "solution": "It is easy to see\nthat it is so."}',
    f"longer than {MAX_LINE} bytes": b'{"problem": "' + b"x" * (3 * MAX_LINE) + b'", "answer": "1"}',
}


@given(st.lists(st.sampled_from([*BROKEN_LINES, ""]), min_size=1, max_size=6))
@settings(max_examples=25)
def test_a_broken_line_is_named_and_the_rest_loads(kinds: list[str]) -> None:
    lines = [BROKEN_LINES.get(kind, GOOD % (place, place + 1)) for place, kind in enumerate(kinds)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        path.write_bytes(b"\n".join([GOOD % (100, 101), *lines, GOOD % (200, 201)]))
        dataset = load_dataset(path)
    wrong = [(place + 2, kind) for place, kind in enumerate(kinds) if kind]
    assert [row.line for row in dataset.broken] == [line for line, _ in wrong]
    for row, (_, kind) in zip(dataset.broken, wrong, strict=True):
        assert kind in row.why and row.file == str(path)
        assert str(row).startswith(f"{path}:{row.line}: ") and len(row.why) < 400
    assert len(dataset.rows) == 2 + kinds.count("")


def test_broken_rows_of_csv_and_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    good = b'"Add $1$\nand $%d$.",7\n'
    path.write_bytes(
        b"\xef\xbb\xbfQuestion,Answer\n" + good % 1 + b"x,1,2\n\xff,3\n" + good % 2 + b'x"y,"5"6\n,4\n' + good % 3
    )
    dataset = load_dataset(path)
    assert [(row.line, row.answer) for row in dataset.rows] == [(2, "7"), (6, "7"), (10, "7")]
    assert [(row.line, row.why.split(":")[0]) for row in dataset.broken] == [
        (4, "3 fields, where the header has 2"),
        (5, "question is not UTF-8"),
        (8, "not CSV"),
        (9, "question is empty"),
    ]
    rows = [*numbered(2), {"problem": None, "answer": 3}, {"problem": "Is it?", "answer": None}]
    assert [row.line for row in loaded(tmp_path / "a.parquet", rows).broken] == [3, 4]
    (tmp_path / "b.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(TaskError, match=r"b\.parquet: not Parquet"):
        load_dataset(tmp_path / "b.parquet")


def test_a_quote_that_nothing_closes_breaks_its_own_line_only(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'problem,answer\nx,1\n"y,2\n\nz,3\n"w\nw",4\n' + b'"v,5\nu,6\n' * 3_000)
    dataset = load_dataset(path, splits={"test": 1.0})
    assert [(row.line, row.problem) for row in dataset.rows][:4] == [(2, "x"), (5, "z"), (6, "w\nw"), (9, "u")]
    assert [row.line for row in dataset.broken] == [3, *range(8, 6_008, 2)]


def test_a_row_whose_numbers_or_length_are_absurd_stops_no_other(tmp_path: Path) -> None:
    rows = [
        {"problem": "a", "answer": "1", "level": "9" * 400},
        {"problem": "b" * (LONGEST_INSTRUCTION + 1), "answer": "1"},
        {"problem": "c", "answer": "1", "difficulty": "1" + "0" * 400},
    ]
    dataset = loaded(tmp_path / "a.jsonl", rows)
    assert [(row.line, row.level) for row in dataset.rows] == [(1, 5), (3, 5)]
    assert [(row.line, row.why) for row in dataset.broken] == [(2, "problem has 65537 characters, over 65536")]


def test_a_dataset_that_is_not_there_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"none\.jsonl: no such file"):
        expand_selection(str(tmp_path / "none.jsonl"))
    write_jsonl(tmp_path / "A.JSONL", numbered(3))
    assert len(expand_selection(str(tmp_path / "A.JSONL"))) == 3


def test_files_that_give_nothing_say_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"Columns: frage, antwort\. Looked for: problem, question"):
        loaded(tmp_path / "a.csv", [{"Frage": "x", "Antwort": "1"}])
    with pytest.raises(TaskError, match=r"no column holds the answer\. Columns: problem\. .*final_answer"):
        loaded(tmp_path / "a.jsonl", [{"problem": "x"}])
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(TaskError, match=r"empty\.jsonl: no row can be read; there is none"):
        load_dataset(tmp_path / "empty.jsonl")
    (tmp_path / "wide.jsonl").write_text('{"problem": "x", "answer": "1"}', encoding="utf-16")
    with pytest.raises(TaskError, match=r"wide\.jsonl: no row can be read; line 1: not UTF-8"):
        load_dataset(tmp_path / "wide.jsonl")
    (tmp_path / "a.txt").touch()
    with pytest.raises(TaskError, match=r"type '.txt' are not read, only .jsonl, .csv, .parquet"):
        load_dataset(tmp_path / "a.txt")
    with pytest.raises(TaskError, match="no such file"):
        load_dataset(tmp_path / "missing.jsonl")
    with pytest.raises(OptionError, match="add up to 1"):
        load_dataset(tmp_path / "a.csv", splits={"train": 0.5})
    with pytest.raises(OptionError, match="must have a letter"):
        load_dataset(tmp_path / "a.csv", name="???")
    with pytest.raises(UnknownNameError):
        load_dataset(tmp_path / "a.csv", splits={"trian": 1.0})


def test_problems_of_the_generated_test_stream_stay_out_of_learning(tmp_path: Path) -> None:
    names = ["river-ferry", "bridge-by-night", "priced-jugs", "changed-calendars", "ignorant-host", "too-fast"]
    heard: list[tuple[int, int]] = []
    tests = [math_family(name).task(GENERATED_SEEDS - 1, 3, "test") for name in names]
    learning = [math_family(name).task(1, 3, "train") for name in names]
    rows = [{"problem": task.instruction, "answer": 1, "split": "train"} for task in (*tests, *learning)]
    rows[0]["problem"] = rows[0]["problem"].replace("$", " $ ").upper()
    rows += [dict(rows[1], split="test")]
    dataset = loaded(tmp_path / "a.jsonl", rows[2:], progress=lambda done, of: heard.append((done, of)))
    assert [row.why.split()[-1] for row in dataset.dropped] == [task.id for task in tests[2:]]
    assert [row.line for row in dataset.rows if row.split == "test"] == [len(rows) - 2]
    assert heard[-1] == (len(problem_families()),) * 2
    dataset = loaded(tmp_path / "a.jsonl", rows[:1] + rows[-1:])
    assert [row.why for row in dataset.dropped] == [f"in the generated test stream as {tests[0].id}"]
    assert len(loaded(tmp_path / "a.jsonl", rows[len(names) : -1]).rows) == len(names)


def test_nearly_equal_means_the_same_numbers_and_most_of_the_words() -> None:
    base = "In a hall there are $12$ tables and at each of them sit $5$ guests who all shake hands with everybody else."
    key = normalised(base)
    assert nearly_equal(key, normalised(base.replace("hall", "room")))
    assert nearly_equal(key, normalised(base.replace("$12$", "\\(12\\)") + " How many?"))
    assert not nearly_equal(key, normalised(base.replace("12", "13")))
    assert not nearly_equal(key, normalised("Find the remainder when $12^5$ is divided by the sum of its digits."))


def test_the_last_box_is_the_answer() -> None:
    assert last_box(r"\boxed{1} and \boxed{\text{a}_{b}}") == r"\text{a}_{b}"
    assert last_box(r"\fbox{7}") == "7" and last_box(r"\boxed{\{1,2\}}") == r"\{1,2\}"
    assert last_box("none") is None and last_box(r"\boxed{1") is None


def test_memory_stays_bounded_over_a_long_line(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        for _ in range(64):
            file.write(b"x" * MAX_LINE)
        file.write(b"\n" + GOOD % (1, 2) + b"\n")
    tracemalloc.start()
    dataset = load_dataset(path, splits={"test": 1.0})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(dataset.rows) == 1 and dataset.broken[0].line == 1 and peak < 8 * MAX_LINE
