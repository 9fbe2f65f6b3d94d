"""Families on data and files: unusual but right work is paid, and one wrong touch after right work is not."""

from __future__ import annotations

import json
import os
import shlex

import numpy as np
import pytest

from selftrain.envs.families import terminal_task
from selftrain.envs.task_sandbox import judge_sandbox, open_task_sandbox
from selftrain.errors import BackendUnavailableError
from selftrain.sandboxes import Backend, make_backend
from selftrain.verdicts import Verdict


@pytest.fixture(scope="module")
def backend() -> Backend:
    try:
        return make_backend("bubblewrap")
    except BackendUnavailableError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


def verdict_after_oracle(backend: Backend, task_id: str, *more: str) -> Verdict:
    """The verdict over a solved task in which `more` was done afterwards; every command must succeed."""
    task = terminal_task(task_id)
    sandbox = open_task_sandbox(backend, task)
    try:
        for command in (*task.oracle, *more):
            result = sandbox.run(command)
            assert result.exit_code == 0, result.output.decode()
        return judge_sandbox(sandbox, task, backend)[1]
    finally:
        sandbox.close()


def python(source: str) -> str:
    return f"python3 -c {shlex.quote(source)}"


def metering(source: str) -> str:
    """A command in the folder of whatever run the instance is about."""
    return f"(cd /workspace/*/out/.. && {source})"


RIGHT = {
    "dedup: links may say ./": (
        "dedup-files/dev/4/1",
        python(
            "import os\nfor d, _, fs in os.walk('/workspace/archive'):\n for f in fs:\n  p = os.path.join(d, f)\n"
            "  if os.path.islink(p):\n   t = './' + os.readlink(p); os.remove(p); os.symlink(t, p)"
        ),
    ),
    "order: names of a stage in any order": (
        "dependency-order/dev/4/1",
        "jq '.stages |= map(reverse) | .cycles |= reverse | .blocked |= reverse' /workspace/plan.json > /tmp/p"
        " && cp /tmp/p /workspace/plan.json",
    ),
    "access: rows in any order, all fields quoted, CRLF": (
        "permissions-audit/dev/4/1",
        python(
            "import csv\nrows = list(csv.reader(open('/workspace/access.csv')))\n"
            "csv.writer(open('/workspace/access.csv', 'w', newline=''), quoting=csv.QUOTE_ALL)"
            ".writerows(rows[:1] + rows[:0:-1])"
        ),
    ),
    "resume: run.py merge twice": ("resume-pipeline/dev/4/1", metering("python3 run.py merge")),
    "repair: vacuumed, with another page size": (
        "sqlite-repair/dev/3/1",
        "sqlite3 /workspace/data.db 'PRAGMA page_size=8192; VACUUM;'",
    ),
    "repair: refused by a trigger instead of an index": (
        "sqlite-repair/dev/3/1",
        "t=$(sqlite3 /workspace/data.db \"SELECT tbl_name FROM sqlite_master WHERE name='line_once'\"); "
        "k=$(sqlite3 /workspace/data.db \"SELECT name FROM pragma_table_info('$t') WHERE cid=1\"); "
        'sqlite3 /workspace/data.db "DROP INDEX line_once; CREATE TRIGGER once BEFORE INSERT ON $t WHEN EXISTS '
        "(SELECT 1 FROM $t WHERE $k=NEW.$k AND "
        "product=NEW.product AND quantity=NEW.quantity AND cents_each=NEW.cents_each) "
        "BEGIN SELECT raise(ABORT, 'again'); END;\"",
    ),
    "query: a comment and blank lines around it": (
        "sqlite-query/dev/4/1",
        "(echo '-- report'; echo; cat /workspace/report.sql; echo) > /tmp/q && cp /tmp/q /workspace/report.sql",
    ),
}

WRONG = {
    "dedup: absolute links": (
        "dedup-files/dev/4/1",
        python(
            "import os\nfor d, _, fs in os.walk('/workspace/archive'):\n for f in fs:\n  p = os.path.join(d, f)\n"
            "  if os.path.islink(p):\n   t = os.path.realpath(p); os.remove(p); os.symlink(t, p)"
        ),
    ),
    "order: two stages swapped": (
        "dependency-order/dev/3/1",
        "jq '.stages |= [.[1], .[0]] + .[2:]' /workspace/plan.json > /tmp/p && cp /tmp/p /workspace/plan.json",
    ),
    "resume: one posting again": ("resume-pipeline/dev/3/1", metering("tail -1 postings.csv >> postings.csv")),
    "resume: an old posting changed": ("resume-pipeline/dev/3/1", metering("sed -i '2s/,/,1/' postings.csv")),
    "resume: the ledger written anew": (
        "resume-pipeline/dev/3/1",
        metering("sort ledger.jsonl -o ledger.jsonl; ls shards > /dev/null"),
    ),
    "resume: finished work done again": (
        "resume-pipeline/dev/3/1",
        metering(
            "s=$(grep -m1 done ledger.jsonl | jq -r .shard) && "
            "cp ledger.jsonl postings.csv /tmp && python3 run.py shard $s && cp /tmp/ledger.jsonl /tmp/postings.csv ."
        ),
    ),
    "resume: a shard made smaller": ("resume-pipeline/dev/3/1", metering("sed -i '$d' $(ls shards/*.csv | head -1)")),
    "modes: one bit too many": (
        "permissions-audit/dev/3/1",
        'chmod o+w "$(find /workspace -mindepth 3 -type f ! -perm /o+w | head -1)"',
    ),
    "repair: a view in place of a table": (
        "sqlite-repair/dev/1/1",
        "t=$(sqlite3 /workspace/data.db \"SELECT tbl_name FROM sqlite_master WHERE type='index'\"); "
        'sqlite3 /workspace/data.db "ALTER TABLE $t RENAME TO hidden; CREATE VIEW $t AS SELECT * FROM hidden;"',
    ),
    "repair: refuses every row": (
        "sqlite-repair/dev/3/1",
        "t=$(sqlite3 /workspace/data.db \"SELECT tbl_name FROM sqlite_master WHERE name='line_once'\"); "
        "sqlite3 /workspace/data.db \"CREATE TRIGGER no BEFORE INSERT ON $t BEGIN SELECT raise(ABORT, 'no'); END;\"",
    ),
    "query: two statements": ("sqlite-query/dev/4/1", "echo '; SELECT 1;' >> /workspace/report.sql"),
    "query: a shell command of the tool": (
        "sqlite-query/dev/4/1",
        "echo '.shell echo 1' > /workspace/report.sql",
    ),
    "config: writes the file, then fails": (
        "config-migration/dev/4/1",
        "echo 'if __name__ == \"__main__\": sys.exit(3)' >> /workspace/migrate.py",
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_unusual_but_right_work_is_paid(backend: Backend, name: str) -> None:
    verdict = verdict_after_oracle(backend, *RIGHT[name])
    assert verdict.passed, verdict.why


@pytest.mark.parametrize("name", WRONG)
def test_one_wrong_touch_is_not_paid(backend: Backend, name: str) -> None:
    assert not verdict_after_oracle(backend, *WRONG[name]).passed


def test_hidden_databases_differ_from_the_one_at_hand() -> None:
    task = terminal_task("sqlite-query/train/4/2")
    dumps = [case.input.files["/tmp/.case/data.sql"] for case in task.verifier.cases]  # type: ignore[attr-defined]
    assert len({*dumps, *task.setup_files.values()}) == len(dumps) + 1


def test_the_ledger_of_an_interrupted_run_holds_no_receipt_of_open_work() -> None:
    task = terminal_task("resume-pipeline/train/5/3")
    ledger = next(data for path, data in task.files.items() if path.endswith("ledger.jsonl"))
    entries = [json.loads(line) for line in ledger.splitlines()[:-1]]
    closed = {entry["shard"] for entry in entries if entry["event"] == "done"}
    assert all("receipt" not in entry for entry in entries if entry["shard"] not in closed)
    assert np.unique([entry["receipt"] for entry in entries if "receipt" in entry]).size == len(closed)
