"""Rows out of JSONL, CSV and Parquet files, one at a time; a row that cannot be read says why, and the rest go on."""

from __future__ import annotations

import csv
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from selftrain.errors import OptionError, TaskError

MAX_LINE = 1 << 20
# line (in Parquet the number of the row) and what stands there: a row, or why it is none
Found = tuple[int, Mapping[str, Any] | str]


def read_rows(path: Path) -> Iterator[Found]:
    """The rows of a file, by its ending.

    Raises:
        TaskError: the file is of another type, or cannot be opened as what it says it is.
        OptionError: Parquet without pyarrow.
    """
    if path.suffix.lower() not in READERS:
        raise TaskError(f"{path}: files of type {path.suffix or 'none'!r} are not read, only {', '.join(READERS)}")
    try:
        yield from READERS[path.suffix.lower()](path)
    except OSError as error:
        raise TaskError(f"{path}: cannot be read: {error.strerror or error}") from error


def _lines(file: IO[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Physical lines, at most `MAX_LINE` bytes of each, and whether that is the whole of it."""
    while line := file.readline(MAX_LINE):
        whole = line.endswith(b"\n") or len(line) < MAX_LINE
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = file.readline(MAX_LINE)
        yield line, whole


def _read_jsonl(path: Path) -> Iterator[Found]:
    with path.open("rb") as file:
        for number, (line, whole) in enumerate(_lines(file), start=1):
            if line.strip(b"\xef\xbb\xbf \t\r\n"):
                yield number, _json_row(line) if whole else f"longer than {MAX_LINE} bytes"


def _json_row(line: bytes) -> Mapping[str, Any] | str:
    try:
        # numbers stay as they are written: an answer of 0.10 is not a binary fraction
        row = json.loads(line.decode("utf-8-sig"), parse_float=str, parse_int=str, parse_constant=str)
    except UnicodeDecodeError:
        return "not UTF-8"
    except json.JSONDecodeError as error:
        return f"not JSON: {error.msg} at column {error.colno}"
    except RecursionError:
        return "not JSON: nested too deeply"
    return row if isinstance(row, dict) else f"not a JSON object but {type(row).__name__}"


def _read_csv(path: Path) -> Iterator[Found]:
    header: list[str] | None = None
    with path.open("rb") as file:
        for number, cells in _csv_cells(file):
            if isinstance(cells, str):
                yield number, cells
            elif header is None:
                header = [cell.removeprefix("\ufeff") for cell in cells]
            else:
                yield number, _csv_row(header, cells)


def _csv_cells(file: IO[bytes]) -> Iterator[tuple[int, list[str] | str]]:
    """The rows that are not blank, by their first line; what is no row is the fault of its first line alone."""
    # a byte that is no UTF-8 is kept as a lone surrogate, so that it breaks its own row only
    texts = (line.decode("utf-8", "surrogateescape") for line, _ in _lines(file))
    again: deque[str] = deque()
    number = 1
    while True:
        taken: list[str] = []
        try:
            cells: list[str] | str = next(csv.reader(_kept(again, texts, taken), strict=True), [])
            lines = len(taken)
        except csv.Error as error:
            cells, lines = f"not CSV: {error}", 1
            again.extendleft(reversed(taken[1:]))
        if not taken:
            return
        if cells:
            yield number, cells
        number += lines


def _kept(again: deque[str], texts: Iterator[str], taken: list[str]) -> Iterator[str]:
    """What is to be read again, then the texts; what the reader has taken is kept, should it turn out to be no row."""
    while (line := again.popleft() if again else next(texts, None)) is not None:
        taken.append(line)
        yield line


def _csv_row(header: list[str], cells: list[str]) -> Mapping[str, Any] | str:
    if len(cells) != len(header):
        return f"{len(cells)} fields, where the header has {len(header)}"
    return dict(zip(header, cells, strict=True))


def _read_parquet(path: Path) -> Iterator[Found]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise OptionError(f"{path}: reading Parquet needs pyarrow: pip install 'selftrain[math]'") from error
    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=256):
                for place in range(batch.num_rows):
                    number += 1
                    yield number, _parquet_row(batch.slice(place, 1))
    except pyarrow.ArrowException as error:
        raise TaskError(f"{path}: not Parquet: {error}") from error


def _parquet_row(batch: Any) -> Mapping[str, Any] | str:
    try:
        (row,) = batch.to_pylist()
    except UnicodeDecodeError:
        return "not UTF-8"
    return dict(row)


READERS: Mapping[str, Callable[[Path], Iterator[Found]]] = {
    ".jsonl": _read_jsonl,
    ".csv": _read_csv,
    ".parquet": _read_parquet,
}
