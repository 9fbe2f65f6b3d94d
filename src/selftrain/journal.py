"""The journal of a rollout: one directory, one writer, and every line on disk before anybody acts on it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from selftrain.errors import RecordError
from selftrain.evidence_store import pack_evidence
from selftrain.lines import LineFile, sync_folder, write_atomically
from selftrain.records import EpisodeRecord, as_json, numbered_records
from selftrain.tokens import pack_samples

EPISODES, PLAN, TOKENS, EVIDENCE = "episodes.jsonl", "rollout.json", "tokens", "evidence"


class Journal:
    """Append-only episode records in `directory`, held by one process at a time.

    A record is on disk, whole, when `append` returns; when `append` raises, nothing of it is in the file. What a
    killed writer left of its last line is cut off on opening, and its size is kept in `torn`. Tokens and evidence are
    in files of their own, which are on disk before the line that names them; one that no line names is left by a killed
    writer, and nobody reads it. Equal evidence is kept once.

    Args:
        directory: made where it is missing.
        keep_evidence: keep what was judged, where a record brings it, to be judged again later.

    Raises:
        RecordError: the directory cannot be used, or another process holds it; says which.
    """

    def __init__(self, directory: Path | str, *, keep_evidence: bool = True) -> None:
        self.directory, self._keep_evidence = Path(directory), keep_evidence
        self.torn = 0
        self._mutex = threading.Lock()
        self._lines = LineFile(self.directory, EPISODES, "journal")
        try:
            end = 0
            for end, _ in numbered_records(self.directory / EPISODES):  # noqa: B007  the last one is wanted
                pass
            self.torn = self._lines.begin_after(end)
        except BaseException:  # whatever it is, the directory is let go
            self.close()
            raise

    def claim(self, plan: Mapping[str, Any]) -> None:
        """Bind the directory to what is played in it, so that a rerun continues the same thing.

        Raises:
            RecordError: it holds episodes of another plan; names what differs.
        """
        path, wanted = self.directory / PLAN, json.loads(json.dumps(as_json(plan)))
        try:
            found = json.loads(path.read_text()) if path.exists() else None
            if found is None and self._lines.end:
                raise RecordError(f"journal {self.directory} holds episodes but no {PLAN}; choose another directory")
            if found is None or not self._lines.end:  # arguments that led to no episode bind nobody
                write_atomically(path, (json.dumps(wanted, indent=1) + "\n").encode())
                found = wanted
        except OSError as error:
            raise RecordError(f"{path} cannot be written: {error.strerror}") from error
        except ValueError as error:
            raise RecordError(f"{path} is not JSON: {error}") from error
        if found != wanted:
            raise RecordError(
                f"journal {self.directory} belongs to other arguments: {_differences(found, wanted)}; "
                "give the same ones to continue it, or another directory"
            )

    def append(self, record: EpisodeRecord) -> None:
        """Put a record on disk; it is there, and synced, when this returns.

        Raises:
            RecordError: it cannot be written; the journal is as it was before, and a later call may succeed.
        """
        samples = record.samples
        tokens = pack_samples(samples) if samples else b""
        if tokens:
            # named by its content: an episode that is played again leaves the tokens of its earlier record alone
            digest = hashlib.sha256(tokens).hexdigest()[:8]
            record = replace(record, tokens_file=f"{TOKENS}/{record.episode:06d}-{record.attempts}-{digest}.npz")
        evidence = b""
        if record.evidence is not None and self._keep_evidence:
            name, evidence = pack_evidence(record.evidence)
            record = replace(record, evidence_file=f"{EVIDENCE}/{name}")
        line = record.to_line().encode("ascii") + b"\n"
        with self._mutex:
            self._lines.check_open()
            if tokens:
                self._write_beside(record.tokens_file, tokens)
            if evidence and not (self.directory / record.evidence_file).exists():
                self._write_beside(record.evidence_file, evidence)
            self._lines.append(line)

    def _write_beside(self, name: str, content: bytes) -> None:
        path = self.directory / name
        try:
            if not path.parent.is_dir():
                path.parent.mkdir()
                sync_folder(self.directory)
            write_atomically(path, content)
        except OSError as error:
            raise RecordError(f"journal {self.directory} cannot be written: {error.strerror}") from error

    def records(self) -> Iterator[EpisodeRecord]:
        """Every record in the journal, one at a time."""
        for _, record in numbered_records(self.directory / EPISODES):
            yield record

    def close(self) -> None:
        """Let go of the directory. Closing twice is fine."""
        with self._mutex:
            self._lines.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    keys = [key for key in {**found, **wanted} if found.get(key) != wanted.get(key)]
    return ", ".join(f"{key} is {_short(found.get(key))} there and {_short(wanted.get(key))} here" for key in keys)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
