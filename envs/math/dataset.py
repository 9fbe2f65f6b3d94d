"""A user's own problems and answers, from JSONL, CSV or Parquet files, as tasks in splits.

What the columns may be called is in `selftrain.envs.math.dataset_columns`; when two statements count as the same
problem, in `selftrain.envs.math.dataset_overlap`.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from selftrain.envs.answers.check import check_answer
from selftrain.envs.math.dataset_columns import (
    ANSWER,
    PROBLEM,
    BrokenRowError,
    answer_of,
    known_columns,
    level_of,
    problem_of,
    split_in,
    split_of,
)
from selftrain.envs.math.dataset_overlap import GeneratedTests, normalised
from selftrain.envs.math.dataset_reading import READERS, read_rows
from selftrain.envs.math.problem import Problem
from selftrain.envs.math.tasks import problem_task
from selftrain.errors import OptionError, TaskError, UnknownNameError
from selftrain.tasks import SPLITS, Task, Taskset

SHARES: Mapping[str, float] = {"train": 0.8, "dev": 0.1, "test": 0.1}
_SHOWN_COLUMNS = 30


@dataclass(frozen=True)
class Row:
    """One problem with its known answer.

    Attributes:
        problem: the statement as the file has it.
        answer: the known answer alone, in LaTeX or plain text.
        split: "train", "dev" or "test".
        level: 1 to 5, or 0 where the file does not tell.
        file: where the row stands.
        line: the first line of the row there, from 1; in Parquet the number of the row.
        number: of the row among all rows of all files read, from 1; the seed of its task.
    """

    problem: str
    answer: str
    split: str
    level: int
    file: str
    line: int
    number: int


@dataclass(frozen=True)
class BrokenRow:
    """A row that is left out: where it stands and why."""

    file: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.why}"


@dataclass(frozen=True)
class Dataset:
    """Problems with answers in splits that share none, and what was left out of them.

    Attributes:
        name: lower case with hyphens; the first part of its task ids.
        rows: in the order of the files; no two state the same problem.
        broken: rows without a readable problem or answer.
        dropped: sound rows that repeat another, or that are for learning and are in the generated test stream.
    """

    name: str
    rows: tuple[Row, ...]
    broken: tuple[BrokenRow, ...] = ()
    dropped: tuple[BrokenRow, ...] = ()

    def tasks(self, split: str) -> Taskset:
        """The problems of a split as tasks, with ids `name/split/level/number`.

        Raises:
            UnknownNameError: no such split.
        """
        if split not in SPLITS:
            raise UnknownNameError("split", split, SPLITS)
        rows = {f"{self.name}/{split}/{row.level}/{row.number}": row for row in self.rows if row.split == split}

        def load(task_id: str) -> Task:
            if task_id not in rows:
                raise UnknownNameError("task", task_id, rows)
            row = rows[task_id]
            problem = Problem(row.problem, row.answer, {"file": row.file, "line": row.line})
            return problem_task(problem, id=task_id, family=self.name, split=split, level=row.level, seed=row.number)

        return Taskset(f"{self.name}/{split}", tuple(rows), load)


def load_dataset(
    path: str | Path,
    *,
    name: str | None = None,
    splits: Mapping[str, float] = SHARES,
    progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Read problems and answers from a file, or from all such files of a folder.

    A row's split is what its split column says, else what the file's name says ("train.jsonl"), else drawn by a hash
    of the statement. Of rows that state the same problem one stays, in test rather than dev rather than train. Rows of
    train and dev that equal or nearly equal a problem of the generated test stream are dropped.

    Args:
        path: a `.jsonl`, `.csv` or `.parquet` file, or a folder of them.
        name: of the dataset; by default that of the file or folder.
        splits: the share of each split among the rows that do not say theirs.
        progress: hears how many of how many generated families the rows can be compared with so far.

    Raises:
        TaskError: there is no such file, its type is unknown, or it has no columns with problems and answers.
        OptionError: `splits` are no shares, `name` has no letters or digits, or Parquet is read without pyarrow.
    """
    _check_shares(splits)
    path = Path(path)
    slug = re.sub(r"[^a-z0-9]+", "-", (path.stem if name is None else name).lower()).strip("-")
    if not slug:
        raise OptionError(f"name={name!r} must have a letter or a digit: pass name=, such as 'my-problems'")
    rows: list[Row] = []
    broken: list[BrokenRow] = []
    number = 0
    for file in _files(path):
        number = _read_file(file, number, splits, rows, broken)
    kept, dropped = _without_repeats(rows)
    kept, leaked = _without_generated(kept, progress)
    left_out = sorted([*dropped, *leaked], key=lambda row: (row.file, row.line))
    return Dataset(slug, tuple(kept), tuple(broken), tuple(left_out))


def _check_shares(splits: Mapping[str, float]) -> None:
    if unknown := [split for split in splits if split not in SPLITS]:
        raise UnknownNameError("split", unknown[0], SPLITS)
    if any(not share >= 0 for share in splits.values()) or not math.isclose(sum(splits.values()), 1):
        raise OptionError(f"splits={dict(splits)} must be shares from 0 to 1 that add up to 1, such as {dict(SHARES)}")


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise TaskError(f"{path}: no such file or folder")
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.iterdir() if file.suffix.lower() in READERS and file.is_file())
    if not found:
        raise TaskError(f"{path}: the folder holds no {', '.join(READERS)} file")
    return found


def _read_file(file: Path, number: int, splits: Mapping[str, float], rows: list[Row], broken: list[BrokenRow]) -> int:
    """Add a file's rows to those that are sound or broken; the number of rows read up to its end."""
    columns: Counter[str] = Counter()
    by_name = split_in(file.stem)
    for line, found in read_rows(file):
        number += 1
        if isinstance(found, str):
            broken.append(BrokenRow(str(file), line, found))
            continue
        row = known_columns(found)
        columns.update(row.keys())
        try:
            problem, answer = problem_of(row), _checked(answer_of(row))
            split = split_of(row) or by_name or _drawn_split(problem, splits)
        except BrokenRowError as error:
            broken.append(BrokenRow(str(file), line, str(error)))
            continue
        rows.append(Row(problem, answer, split, level_of(row), str(file), line, number))
    first = next((f"line {row.line}: {row.why}" for row in broken if row.file == str(file)), "there is none")
    _check_columns(file, columns, first)
    return number


def _check_columns(file: Path, columns: Counter[str], first_broken: str) -> None:
    if not columns:
        raise TaskError(f"{file}: no row can be read; {first_broken}")
    for what, names in (("problem", PROBLEM), ("answer", ANSWER)):
        if not columns.keys() & set(names):
            found = ", ".join(name for name, _ in columns.most_common(_SHOWN_COLUMNS)) or "none"
            raise TaskError(f"{file}: no column holds the {what}. Columns: {found}. Looked for: {', '.join(names)}")


def _checked(answer: str) -> str:
    """The answer, if responses can be compared with it."""
    try:
        check_answer(answer, "")
    except OptionError as error:
        raise BrokenRowError(str(error)) from error
    return answer


def _drawn_split(problem: str, splits: Mapping[str, float]) -> str:
    """A split by the hash of the normalised statement, so that the same problem always falls into the same."""
    digest = hashlib.sha256(" ".join(normalised(problem)).encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    for split in sorted(splits, key=lambda name: SPLITS[name]):
        place -= splits[split]
        if place < 0:
            return split
    return max(splits, key=lambda name: splits[name])


def _without_repeats(rows: list[Row]) -> tuple[list[Row], list[BrokenRow]]:
    """The rows of which each states another problem, and those that repeat one of them."""
    kept: dict[tuple[str, ...], Row] = {}
    dropped = []
    for row in sorted(rows, key=lambda row: (-SPLITS[row.split], row.number)):
        first = kept.setdefault(normalised(row.problem), row)
        if first is not row:
            other = "" if first.answer == row.answer else f", where the answer is {first.answer!r}"
            why = f"the same problem as {first.file}:{first.line} ({first.split}){other}"
            dropped.append(BrokenRow(row.file, row.line, why))
    return sorted(kept.values(), key=lambda row: row.number), dropped


def _without_generated(
    rows: list[Row], progress: Callable[[int, int], None] | None
) -> tuple[list[Row], list[BrokenRow]]:
    """The rows without those for learning that the generated test stream holds."""
    if all(row.split == "test" for row in rows):
        return rows, []
    tests = GeneratedTests(progress)
    kept, dropped = [], []
    for row in rows:
        found = "" if row.split == "test" else tests.like(normalised(row.problem))
        if found:
            dropped.append(BrokenRow(row.file, row.line, f"in the generated test stream as {found}"))
        else:
            kept.append(row)
    return kept, dropped
