"""Changes to what a program does that leave it a program: operators, numbers and truth values, one at a time.

A program that does not even start says nothing about a verifier, for one that looks at exit codes alone notices it too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

from selftrain.envs.gate.parsing import parsed

_SUFFIXES = tuple(
    f".{name}"
    for name in (
        *("awk", "bash", "c", "cc", "cpp", "cs", "go", "h", "hpp", "hs", "java", "jl", "js", "kt", "lua", "mjs", "ml"),
        *("php", "pl", "py", "r", "rb", "rs", "scala", "sed", "sh", "sql", "swift", "ts"),
    )
)
_SHELLS = (".sh", ".bash")
_COMMENTS = ("#", "//", "--", "*", "/*", ";")
_MOST = 24

# what stands in a program → what takes its place; the first that fits is taken
_OPERATORS: Mapping[str, str] = {
    "==": "!=",
    "!=": "==",
    "<=": ">",
    ">=": "<",
    "<": ">=",
    ">": "<=",
    "&&": "||",
    "||": "&&",
    "+=": "-=",
    "-=": "+=",
    "//": "*",
    "**": "*",
    "+": "-",
    "-": "+",
    "*": "+",
    "/": "*",
    "%": "+",
    "not in": "in",
    "in": "not in",
    "is not": "is",
    "is": "is not",
    "and": "or",
    "or": "and",
}
_SHELL_OPERATORS: Mapping[str, str] = {
    "-eq": "-ne",
    "-ne": "-eq",
    "-lt": "-ge",
    "-ge": "-lt",
    "-gt": "-le",
    "-le": "-gt",
    "-z": "-n",
    "-n": "-z",
    "&&": "||",
    "||": "&&",
    "==": "!=",
    "!=": "==",
}
_SPACED = re.compile(r"(?<=\s)(==|!=|<=|>=|&&|\|\||\+=|-=|<|>|\+|-|\*|/|%|and|or)(?=\s)")
_SHELL_SPACED = re.compile(r"(?<=\s)(-eq|-ne|-lt|-ge|-gt|-le|-z|-n|&&|\|\||==|!=)(?=\s)")
_NUMBER = re.compile(r"(?<![\w.$-])\d{1,15}(?![\w.])")
_TRUTH = re.compile(r"\b(true|false)\b")


@dataclass(frozen=True)
class _Edit:
    """One piece of the program's bytes, and what takes its place."""

    line: int
    first: int
    last: int
    kind: str
    new: bytes


def is_program(path: str, data: bytes) -> bool:
    """Whether `path` is named as a program's source, or begins as a script does."""
    return path.lower().endswith(_SUFFIXES) or data.startswith(b"#!")


def behaviour_changes(path: str, data: bytes, lines: Container[int]) -> Iterator[tuple[int, str, bytes]]:
    """Place, kind and program of each change on one of `lines` (counted from 0); at most 24, spread over them."""
    edits = _python_edits(data) if path.endswith(".py") or b"python" in data.split(b"\n", 1)[0] else None
    if edits is None:
        edits = list(_textual_edits(path, data))
    own = sorted((edit for edit in edits if edit.line in lines), key=lambda edit: (edit.first, edit.last))
    for place, edit in _spread(own):
        yield place, edit.kind, data[: edit.first] + edit.new + data[edit.last :]


def _spread(edits: Sequence[_Edit]) -> Iterator[tuple[int, _Edit]]:
    """Those of different lines first, then the seconds of each line, and so on; never more than the most."""
    by_line: dict[int, list[_Edit]] = {}
    for edit in edits:
        by_line.setdefault(edit.line, []).append(edit)
    taken = 0
    for turn in range(max(map(len, by_line.values()), default=0)):
        for line, found in by_line.items():
            if turn < len(found) and taken < _MOST:
                taken += 1
                yield line, found[turn]


def _python_edits(data: bytes) -> list[_Edit] | None:
    """None where it does not parse."""
    try:
        tree = parsed(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    edits: list[_Edit] = []
    for node in ast.walk(tree):
        edits += _node_edits(node, data, starts)
    return edits


def _node_edits(node: ast.AST, data: bytes, starts: Sequence[int]) -> Iterator[_Edit]:
    if isinstance(node, ast.Compare):
        for left, right in zip([node.left, *node.comparators], node.comparators, strict=False):
            yield from _between(left, right, data, starts)
    elif isinstance(node, ast.BinOp) and not _is_text(node.left) and not _is_text(node.right):
        yield from _between(node.left, node.right, data, starts)
    elif isinstance(node, ast.AugAssign) and not _is_text(node.value):
        yield from _between(node.target, node.value, data, starts)
    elif isinstance(node, ast.BoolOp):
        yield from _between(node.values[0], node.values[1], data, starts)
    elif isinstance(node, ast.If | ast.IfExp):
        first, last = _span(node.test, starts)
        yield _Edit(node.test.lineno - 1, first, last, "condition turned round", b"not (%b)" % data[first:last])
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
        first, last = _span(node, starts)
        new = str(not node.value) if isinstance(node.value, bool) else repr(node.value + 1)
        yield _Edit(node.lineno - 1, first, last, "constant changed", new.encode())


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def _between(left: ast.expr, right: ast.expr, data: bytes, starts: Sequence[int]) -> Iterator[_Edit]:
    """The operator between two operands; none where brackets or comments leave it unclear."""
    first, last = _span(left, starts)[1], _span(right, starts)[0]
    text = data[first:last].decode("utf-8", "replace")
    operator = " ".join(text.replace("(", " ").replace(")", " ").replace("\\", " ").split())
    if operator in _OPERATORS and text.count(operator) == 1:
        at = first + text.index(operator)
        yield _Edit(
            (left.end_lineno or 1) - 1, at, at + len(operator), "operator changed", _OPERATORS[operator].encode()
        )


def _span(node: ast.expr, starts: Sequence[int]) -> tuple[int, int]:
    assert node.end_lineno is not None and node.end_col_offset is not None  # the parser fills them
    return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset


def _textual_edits(path: str, data: bytes) -> Iterator[_Edit]:
    """In a language that is not parsed here: operators between spaces, whole numbers, and truth values."""
    shell = path.endswith(_SHELLS) or (data.startswith(b"#!") and b"sh" in data.split(b"\n", 1)[0])
    spaced, operators = (_SHELL_SPACED, _SHELL_OPERATORS) if shell else (_SPACED, _OPERATORS)
    place = 0
    for number, raw in enumerate(data.splitlines(keepends=True)):
        # a character for each byte, so that places are those of the bytes
        line = raw.decode("latin-1")
        if not line.lstrip().startswith(_COMMENTS):
            for match in spaced.finditer(line):
                span = (place + match.start(), place + match.end())
                yield _Edit(number, *span, "operator changed", operators[match[0]].encode())
            for match in _NUMBER.finditer(line):
                span = (place + match.start(), place + match.end())
                yield _Edit(number, *span, "constant changed", str(int(match[0]) + 1).encode())
            for match in _TRUTH.finditer(line):
                span = (place + match.start(), place + match.end())
                new = b"false" if match[0] == "true" else b"true"
                yield _Edit(number, *span, "constant changed", new)
        place += len(raw)
