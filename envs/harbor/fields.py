"""Tables of a configuration file, read field by field: every error names the file, the field and the value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from selftrain.errors import TaskError

MOST = 1_000_000
"""Of seconds, megabytes, cores and rewards: beyond it a number is a slip, and clocks overflow."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TEMPLATE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_SURROGATE = re.compile("[\ud800-\udfff]")
# what every sandbox sets itself
_OURS = ("HOME", "USER")


@dataclass(frozen=True)
class Fields:
    """One table.

    Attributes:
        values: as parsed.
        file: the file that it is read from, for errors.
        name: dotted name of the table, "" for the whole file.
    """

    values: Mapping[str, Any]
    file: str
    name: str = ""

    def wrong(self, field: str, what: str) -> TaskError:
        """The error that `field` is wrong, to be raised."""
        return TaskError(f"{self.file}: field {self._dotted(field)} {what}")

    def allow(self, known: Sequence[str]) -> None:
        """Refuse every field that is not among `known`.

        Raises:
            TaskError: there is one.
        """
        if unknown := sorted(str(field) for field in self.values.keys() - set(known)):
            raise self.wrong(unknown[0], f"is not supported; known here: {', '.join(sorted(known))}")

    def refuse(self, field: str, why: str) -> None:
        """Refuse `field` unless it is left out, empty, zero or false.

        Raises:
            TaskError: it asks for something.
        """
        if value := self.values.get(field):
            raise self.wrong(field, f"= {shown(value)} is not supported: {why}")

    def text(self, field: str, default: str = "", choices: Sequence[str] = ()) -> str:
        """A string."""
        value = self.values.get(field, default)
        if not isinstance(value, str) or "\0" in value:
            raise self.wrong(field, f"= {shown(value)} must be a string")
        if _SURROGATE.search(value):
            raise self.wrong(field, f"= {shown(value)} has half a character (U+D800 to U+DFFF), which no file can hold")
        if choices and value not in choices:
            raise self.wrong(field, f"= {value!r} must be one of {', '.join(map(repr, choices))}")
        return value

    def texts(self, field: str) -> tuple[str, ...]:
        """A list of strings."""
        value = self.values.get(field, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.wrong(field, f"= {shown(value)} must be a list of strings")
        return tuple(value)

    def number(self, field: str, default: float = 0.0) -> float:
        """A number above 0, up to `MOST`."""
        if field not in self.values:
            return default
        value = self.values[field]
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MOST:
            raise self.wrong(field, f"= {shown(value)} must be a number above 0, up to {MOST:,}")
        return float(value)

    def flag(self, field: str) -> bool:
        """True or false; false where it is left out."""
        value = self.values.get(field, False)
        if not isinstance(value, bool):
            raise self.wrong(field, f"= {shown(value)} must be true or false")
        return value

    def table(self, field: str) -> Fields:
        """A table, empty where it is left out."""
        value = self.values.get(field, {})
        if not isinstance(value, dict):
            raise self.wrong(field, f"= {shown(value)} must be a table")
        return Fields(value, self.file, self._dotted(field))

    def tables(self, field: str) -> tuple[Fields, ...]:
        """A list of tables."""
        value = self.values.get(field, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.wrong(field, f"= {shown(value)} must be a list of tables")
        return tuple(Fields(one, self.file, f"{self._dotted(field)}[{index}]") for index, one in enumerate(value))

    def variables(self, field: str) -> dict[str, str]:
        """Environment variables. Nothing of this machine's environment is ever filled in: `${NAME:-x}` means x.

        Raises:
            TaskError: no variables, or they want a value of this machine's environment.
        """
        table = self.table(field)
        for name in table.values:
            if not isinstance(name, str) or not _VARIABLE.fullmatch(name) or name in _OURS:
                raise table.wrong(str(name), "is no name of a variable that a task can set")
        return {name: self._filled(table, name) for name in table.values}

    @staticmethod
    def _filled(table: Fields, name: str) -> str:
        def default(match: re.Match[str]) -> str:
            if match[2] is None:
                raise table.wrong(
                    name, f"wants ${match[1]} of this machine, which no task gets: write the value or a default"
                )
            return match[2]

        return _TEMPLATE.sub(default, table.text(name))

    def _dotted(self, field: str) -> str:
        return f"{self.name}.{field}" if self.name else field


def shown(value: Any) -> str:
    """A value as errors show it."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
