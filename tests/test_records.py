"""Episode records and their journal: exact round trips, one writer, nothing torn, nothing lost."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftrain.errors import RecordError
from selftrain.journal import EPISODES, Journal
from selftrain.records import Costs, EpisodeRecord, Segment, Step, read_records

ANY_TEXT = st.text(st.characters(), max_size=40)  # lone surrogates included: commands print any bytes
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.one_of(st.booleans(), st.integers(-(2**70), 2**70), FLOATS, ANY_TEXT)
VALUES = st.recursive(
    st.none() | SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3)
)
INFOS = st.dictionaries(ANY_TEXT, SCALARS, max_size=4)
STEPS = st.builds(Step, VALUES, VALUES, FLOATS, INFOS, FLOATS)
SEGMENTS = st.builds(Segment, VALUES, INFOS, st.lists(STEPS, max_size=3).map(tuple), ANY_TEXT)
RECORDS = st.builds(
    EpisodeRecord,
    env_id=ANY_TEXT,
    agent=ANY_TEXT,
    seed=st.integers(0, 2**32),
    env_kwargs=st.dictionaries(ANY_TEXT, VALUES, max_size=2),
    task=ANY_TEXT,
    episode=st.integers(0, 2**40),
    segments=st.lists(SEGMENTS, max_size=3).map(tuple),
    reward=st.none() | FLOATS,
    terminated=st.booleans(),
    valid=st.booleans(),
    error=ANY_TEXT,
    verdict=st.none() | st.dictionaries(ANY_TEXT, VALUES, max_size=2),
    costs=st.builds(Costs, st.integers(0), FLOATS, st.integers(0)),
)


def record(episode: int = 0, size: int = 10) -> EpisodeRecord:
    segment = Segment("do it", steps=(Step("ls", "x" * size, 1.0),))
    return EpisodeRecord("Some-v0", "me", 3, episode=episode, segments=(segment,), reward=1.0)


@given(RECORDS)
def test_a_record_survives_its_line(one: EpisodeRecord) -> None:
    line = one.to_line()
    assert "\n" not in line and line.isascii()
    assert EpisodeRecord.from_line(line) == one


@given(st.lists(RECORDS, max_size=4), st.data())
def test_a_torn_last_line_loses_only_itself(
    tmp_path_factory: pytest.TempPathFactory, some: list[Any], data: Any
) -> None:
    path = tmp_path_factory.mktemp("torn") / "records.jsonl"
    whole = "".join(one.to_line() + "\n" for one in some).encode()
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    assert list(read_records(path)) == some[: whole[:cut].count(b"\n")]


def test_arrays_become_lists_and_keys_stay_strings() -> None:
    step = Step(np.int64(3), {"grid": np.eye(2, dtype=np.int8), "pair": (1, 2)}, np.float32(0.5).item())
    read = EpisodeRecord.from_line(replace(record(), segments=(Segment(np.zeros(2), {}, (step,)),)).to_line())
    assert read.steps[0].action == 3 and read.steps[0].observation == {"grid": [[1, 0], [0, 1]], "pair": [1, 2]}
    with pytest.raises(RecordError, match="key 1 must be a string"):
        replace(record(), env_kwargs={"levels": {1: 2}}).to_line()


@pytest.mark.parametrize("value", [math.nan, math.inf, object(), b"bytes"])
def test_what_json_cannot_hold_is_refused_by_name(value: Any) -> None:
    with pytest.raises(RecordError, match=r"episode 7 \(Some-v0\) cannot be written"):
        replace(record(7), env_kwargs={"value": value}).to_line()


def test_damage_before_the_end_and_other_schemas_are_errors(tmp_path: Path) -> None:
    path, line = tmp_path / "r.jsonl", record().to_line()
    path.write_text(f"{line}\n{line[:50]}\n{line}\n")
    with pytest.raises(RecordError, match="line 2 is not an episode record"):
        list(read_records(path))
    path.write_text(line.replace('"schema":1', '"schema":2') + "\n")
    with pytest.raises(RecordError, match="schema 2; this version reads schema 1"):
        list(read_records(path))
    with pytest.raises(RecordError, match=r"missing\.jsonl cannot be read: No such file"):
        list(read_records(tmp_path / "missing.jsonl"))


def test_reading_reports_a_torn_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / EPISODES).write_text(record().to_line() + "\n" + record(1).to_line()[:30])
    assert [one.episode for one in read_records(tmp_path)] == [0]
    assert "the last line is torn (30 bytes)" in caplog.text


def test_a_journal_keeps_what_was_appended_from_many_threads(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        threads = [
            threading.Thread(
                target=lambda start: [journal.append(record(start + n, 5_000)) for n in range(5)], args=(k,)
            )
            for k in range(0, 40, 5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(one.episode for one in read_records(tmp_path)) == list(range(40))
    with pytest.raises(RecordError, match="is closed"):
        journal.append(record())


def test_opening_cuts_off_a_torn_line_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / EPISODES).write_text(record().to_line() + "\n" + record(1).to_line()[:30])
    with Journal(tmp_path) as journal:
        assert journal.torn == 30
        journal.append(record(2))
    assert [one.episode for one in read_records(tmp_path)] == [0, 2]


def test_the_second_writer_is_told_who_holds_the_directory(tmp_path: Path) -> None:
    with Journal(tmp_path):
        code = f"from selftrain.journal import Journal; Journal({str(tmp_path)!r})"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 1 and f"is in use by process {os.getpid()} on " in done.stderr
        with pytest.raises(RecordError, match="is in use by process"):
            Journal(tmp_path)
    Journal(tmp_path).close()


def test_a_killed_writer_lets_go_of_the_directory(tmp_path: Path) -> None:
    code = f"from selftrain.journal import Journal; j = Journal({str(tmp_path)!r}); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline()
        with pytest.raises(RecordError, match=f"process {holder.pid} on "):
            Journal(tmp_path)
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
    Journal(tmp_path).close()


def test_a_directory_belongs_to_its_plan(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.claim({"agent": "nop", "seed": 1, "tasks": ("a", "b")})
        journal.claim({"agent": "nop", "seed": 1, "tasks": ["a", "b"]})
        journal.claim({"agent": "oracle", "seed": 1, "tasks": ["a", "b"]})  # nothing was played yet
        journal.append(record())
        journal.claim({"agent": "oracle", "seed": 1, "tasks": ["a", "b"]})
        with pytest.raises(RecordError, match="seed is 1 there and 2 here; give the same ones"):
            journal.claim({"agent": "oracle", "seed": 2, "tasks": ["a", "b"]})
    (tmp_path / "rollout.json").unlink()
    with Journal(tmp_path) as journal, pytest.raises(RecordError, match=r"episodes but no rollout\.json"):
        journal.claim({})


def test_a_journal_needs_a_directory_that_can_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="cannot be opened: File exists"):
        Journal(tmp_path / "file")


def in_new_mount_namespace(code: str, folder: Path) -> dict[str, Any]:
    """What `code` prints as JSON when run with a 1 MB file system of its own mounted on `folder`."""
    script = f'mount -t tmpfs -o size=1m none "{folder}" && exec "{sys.executable}" -c "$0" "{folder}"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "bash", "-c", script, textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if "unshare" in done.stderr and os.environ.get("CI") != "true":
        pytest.skip(f"no mount namespace can be had here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_a_full_disk_tears_nothing_and_space_brings_it_back(tmp_path: Path) -> None:
    code = """
        import json, pathlib, sys
        from selftrain.errors import RecordError
        from selftrain.journal import Journal
        from selftrain.records import EpisodeRecord, Segment, read_records
        folder = pathlib.Path(sys.argv[1])
        make = lambda n: EpisodeRecord("Some-v0", "me", n, episode=n, segments=(Segment("x" * 150_000),))
        (folder / "ballast").write_bytes(bytes(300_000))
        journal, told = Journal(folder / "out"), ""
        journal.claim({"seed": 1})
        for number in range(20):
            try:
                journal.append(make(number))
            except RecordError as error:
                told = str(error)
                break
        full = (folder / "out/episodes.jsonl").read_bytes()
        (folder / "ballast").unlink()
        journal.append(make(number))
        kept = [one.episode for one in read_records(folder / "out")]
        print(json.dumps({"told": told, "whole": full.endswith(b"\\n"), "at": number, "kept": kept}))
    """
    seen = in_new_mount_namespace(code, tmp_path)
    assert "cannot be written: No space left on device" in seen["told"] and seen["whole"]
    assert 2 <= seen["at"] <= 6 and seen["kept"] == list(range(seen["at"] + 1))


def test_a_read_only_disk_is_an_error_and_writing_goes_on_afterwards(tmp_path: Path) -> None:
    code = """
        import json, os, pathlib, subprocess, sys
        from selftrain.errors import RecordError
        from selftrain.journal import Journal
        from selftrain.records import EpisodeRecord, read_records
        folder, told = pathlib.Path(sys.argv[1]), []
        Journal(folder).close()
        def remount(how): subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)
        remount("ro")
        try:
            Journal(folder)
        except RecordError as error:
            told.append(str(error))
        remount("rw")
        journal = Journal(folder)
        journal.append(EpisodeRecord("Some-v0", "me", 0))
        print(json.dumps({"told": told, "kept": len(list(read_records(folder)))}))
    """
    seen = in_new_mount_namespace(code, tmp_path)
    assert len(seen["told"]) == 1 and "Read-only file system" in seen["told"][0] and seen["kept"] == 1
