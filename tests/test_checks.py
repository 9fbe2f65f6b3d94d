"""Strict parsing and comparison of submitted bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftrain.envs.checks import (
    UnreadableError,
    csv_check,
    json_check,
    same_value,
    strict_json,
    strict_text,
    text_check,
    tidy,
)
from selftrain.evidence import Evidence, EvidenceFile

PATH = "/workspace/answer"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def holding(data: bytes) -> Evidence:
    return Evidence({PATH: EvidenceFile(data)})


@given(VALUES)
def test_what_json_writes_is_read_back_and_equal(value: Any) -> None:
    data = json.dumps(value).encode()
    if b"\\u0000" not in data:
        assert same_value(value, strict_json(data))


@given(VALUES, VALUES)
def test_equality_is_exact(one: Any, other: Any) -> None:
    if same_value(one, other) and not isinstance(one, float):
        assert json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True) or "." in json.dumps([one, other])


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for parse in (strict_json, strict_text):
        try:
            parse(data)
        except UnreadableError as error:
            assert str(error)
    csv_check(holding(data), PATH, [["a"]])


@pytest.mark.parametrize(
    "data",
    [
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b'{"a": 1, "a": 2}',
        b"1e999",
        b"9" * 5000,
        b"[" * 100 + b"]" * 100,
        b"[" * 5_000_000,
        b"\xff\xfe1",
        b"",
        b"1 2",
        b'"a\0b"',
    ],
)
def test_parser_differentials_are_refused(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        strict_json(data)


@pytest.mark.parametrize(
    ("expected", "found", "equal"),
    [
        (1, True, False),
        (1, 1.0, False),
        (1.0, 1, True),
        (1.0, True, False),
        (0.1, 0.1 + 1e-12, False),
        ("1", 1, False),
        ([1, 2], [1, 2, 3], False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        (10**30, 10**30, True),
        (1.0, 10**400, False),
        (None, None, True),
        (None, False, False),
    ],
)
def test_types_are_exact(expected: Any, found: Any, equal: bool) -> None:
    assert same_value(expected, found) is equal


def test_tolerance_is_absolute_below_one_and_relative_above() -> None:
    assert same_value(0.001, 0.0011, 0.001) and not same_value(0.001, 0.01, 0.001)
    assert same_value(1000.0, 1000.9, 0.001) and not same_value(1000.0, 1002.0, 0.001)


def test_text_forgives_line_ends_and_nothing_else() -> None:
    assert text_check(holding(b"\xef\xbb\xbfa  \r\nb\n\n"), PATH, "a\nb").passed
    assert not text_check(holding(b"a\n b"), PATH, "a\nb").passed
    assert tidy("\n\na\n") == "\n\na"


def test_csv_rows_in_any_order_only_when_allowed() -> None:
    data = holding(b'id,name\r\n2,"x, y"\r\n1,z\r\n')
    rows = [["id", "name"], ["1", "z"], ["2", "x, y"]]
    assert csv_check(data, PATH, rows, ordered=False).passed
    assert not csv_check(data, PATH, rows).passed
    assert not csv_check(holding(b"1,z\n"), PATH, rows, ordered=False).passed


@pytest.mark.parametrize(
    ("evidence", "why"),
    [
        (Evidence({}), "is missing"),
        (Evidence({}, directories={PATH: 0o755}), "is a folder"),
        (Evidence({}, links={PATH: "/etc/passwd"}), "is a symbolic link"),
        (Evidence({}, dropped={PATH: "fifo"}), "fifo"),
    ],
)
def test_an_absent_file_says_what_is_there_instead(evidence: Evidence, why: str) -> None:
    assert json_check(evidence, PATH, 1).why == why
    assert text_check(evidence, PATH, "").why == why
    assert csv_check(evidence, PATH, []).why == why
