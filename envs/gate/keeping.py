"""What was found of a task, kept in a file, so that nobody judges it twice.

The files lie beside the card, where whoever made the pack may come to write too. So each is sealed with a secret of
this user's, and one that does not fit is as if it was not there.
"""

from __future__ import annotations

import hmac
import json
import os
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selftrain.envs.gate.card import TaskReport, read_report
from selftrain.envs.gate.signing import load_key
from selftrain.errors import OptionError, SelfTrainError

_LONGEST_NAME = 200  # of a file, which most file systems bound at 255 bytes


@dataclass(frozen=True)
class Keeper:
    """Keeps reports in a folder.

    Attributes:
        folder: where, a file for each task.
        secret: what they are sealed with.
    """

    folder: Path
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, folder: Path) -> Keeper:
        """The keeper of this user in `folder`, which is made.

        Raises:
            OptionError: it cannot be made.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OptionError(f"{folder} cannot be made: {error.strerror}") from error
        return cls(folder, _secret())

    def read(self, name: str, key: str) -> TaskReport | None:
        """What was kept of the task `name` under `key`; None where there is nothing of use."""
        try:
            table = json.loads(self._file(name, key).read_bytes())
            report = table["report"]
            return read_report(report) if hmac.compare_digest(table["seal"], self._seal(key, report)) else None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def write(self, name: str, key: str, report: TaskReport) -> None:
        """Keep it, whole or not at all: whoever kills this loses the tasks that are under way, and no more.

        Raises:
            OptionError: it cannot be written.
        """
        file = self._file(name, key)
        part = file.with_name(f".{file.name}.{os.getpid()}")
        table = report.as_dict()
        try:
            part.write_text(json.dumps({"seal": self._seal(key, table), "report": table}, indent=1), encoding="utf-8")
            part.replace(file)
        except OSError as error:
            raise OptionError(f"{file} cannot be written: {error.strerror}") from error

    def _file(self, name: str, key: str) -> Path:
        quoted = urllib.parse.quote(name, safe="")
        return self.folder / (f"{quoted}.json" if len(quoted) <= _LONGEST_NAME else f"{key}.json")

    def _seal(self, key: str, report: Mapping[str, Any]) -> str:
        return hmac.new(self.secret, json.dumps([key, report], sort_keys=True).encode(), "sha256").hexdigest()


def _secret() -> bytes:
    """Made of the key by which cards are signed, for whoever has that can write any card that they like.

    Where there is no such key it is another one each time, so nothing that was kept before is believed.
    """
    try:
        key = load_key().private_bytes_raw()
    except SelfTrainError:
        return os.urandom(32)
    return hmac.digest(key, b"reports of the gate", "sha256")
