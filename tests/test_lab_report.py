"""What reports say of labs: the normalised score, its mean, and the worst lab."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from selftrain.agents.labs import LabResult, LabScores
from selftrain.agents.report import Outcome, Report
from selftrain.records import EpisodeRecord, Segment, Step

Played = tuple[str, float, float]


def record(episode: int, info: Mapping[str, Any], valid: bool = True) -> EpisodeRecord:
    steps = (Step("label yes", "Next.", 0.0, {"lab": info.get("lab", "")}), Step("submit", "Over.", 0.0, info, index=1))
    return EpisodeRecord(
        "selftrain:SelfTrain-Lab-v0",
        "me",
        episode,
        episode=episode,
        family="lab-day",
        level=3,
        segments=(Segment("A day.", {}, steps),),
        reward=0.0,
        valid=valid,
    )


def in_lab(episode: int, lab: str, accuracy: float, zero_shot: float, valid: bool = True) -> EpisodeRecord:
    return record(episode, {"lab": lab, "accuracy": accuracy, "zero_shot": zero_shot, "ceiling": 1.0}, valid)


def scores(played: Sequence[Played]) -> LabScores:
    found = LabScores.of(LabResult.of(in_lab(n, *one)) for n, one in enumerate(played))
    assert found is not None
    return found


def test_a_score_is_where_the_accuracy_lies_between_the_bounds() -> None:
    found = scores([("a", 0.8, 0.8), ("b", 1.0, 0.7), ("c", 0.9, 0.8), ("d", 0.6, 0.8)])
    assert [lab.score for lab in found.labs] == pytest.approx([0.0, 1.0, 0.5, -1.0])
    assert found.mean == pytest.approx(0.125)
    assert found.worst.lab == "d" and found.worst.score == pytest.approx(-1.0)
    assert -1.0 <= found.low < found.mean < found.high <= 1.0


def test_every_lab_weighs_the_same_however_often_it_was_played() -> None:
    found = scores([("a", 0.9, 0.8)] * 9 + [("b", 0.8, 0.8)])
    assert found.mean == pytest.approx(0.25) and [lab.episodes for lab in found.labs] == [9, 1]


def test_days_of_one_cell_are_scored_by_their_mean() -> None:
    # accuracies of one cell are 0 or 1, and bounds differ from day to day: the means are taken first
    found = scores([("a", 1.0, 0.5), ("a", 1.0, 1.0), ("a", 0.0, 0.5), ("a", 1.0, 0.6)])
    assert found.labs[0].score == pytest.approx((0.75 - 0.65) / 0.35)
    assert math.isnan(found.low) and found.as_dict()["low"] is None
    assert "in 1 lab: mean 0.286, worst 0.286 in a" in found.told()


def test_labs_stand_in_the_order_of_their_numbers() -> None:
    names = [lab.lab for lab in scores([(f"test/3/{n}", 0.9, 0.8) for n in (10, 9, 100)]).labs]
    assert names == ["test/3/9", "test/3/10", "test/3/100"]


def test_what_is_in_no_lab_has_no_score() -> None:
    assert LabResult.of(record(0, {"accuracy": 1.0, "zero_shot": 0.5, "ceiling": 1.0})) is None
    assert LabResult.of(record(0, {"lab": "a", "truncation": "error"})) is None
    assert LabResult.of(in_lab(0, "a", 1.0, 0.5, valid=False)) is None
    assert LabScores.of([None]) is None
    no_room = LabScores.of([LabResult("a", 1.0, 1.0, 1.0), LabResult("b", 0.9, 0.8, 1.0)])
    assert no_room is not None and no_room.mean == pytest.approx(0.5) and no_room.as_dict()["labs"][0]["score"] is None
    assert LabScores.of([LabResult("a", 1.0, 1.0, 1.0)]) is None


def test_the_table_of_a_rollout_tells_mean_and_worst_lab() -> None:
    records = [in_lab(0, "a", 0.9, 0.8), in_lab(1, "b", 0.7, 0.8), in_lab(2, "b", 0.0, 0.8, valid=False)]
    report = Report("E", "me", 3, 0, 1.0, tuple(map(Outcome.of, records)))
    console = Console(width=160)
    with console.capture() as shown:
        console.print(report.table())
    said = " ".join(shown.get().split())
    assert "mean 0.000" in said and "worst -0.500 in b" in said
    labs = json.loads(json.dumps(report.as_dict()))["labs"]
    assert labs["mean"] == pytest.approx(0.0) and labs["worst"] == "b" and labs["labs"][1]["episodes"] == 1
    elsewhere = Report("E", "me", 1, 0, 1.0, (Outcome.of(record(0, {})),))
    assert elsewhere.as_dict()["labs"] is None and elsewhere.table().caption is None


def test_the_page_has_labs_where_there_are_any(tmp_path: Path) -> None:
    if os.environ.get("CI") != "true":
        for package in ("jinja2", "matplotlib", "scipy"):
            pytest.importorskip(package)
    from selftrain.web.report import as_dict, make_report, report_page

    files = {"one": [("a", 0.9, 0.8), ("b", 0.7, 0.8)], "two": [("a", 1.0, 0.8)]}
    for name, played in files.items():
        lines = [in_lab(n, *one).to_line() + "\n" for n, one in enumerate(played)]
        (tmp_path / name).write_text("".join(lines))
    found = make_report([tmp_path / name for name in files])
    part = as_dict(found)["labs"]
    assert [(row["run"], row["lab"], row["normalised score"]) for row in part["rows"]] == [
        ("one", "a", pytest.approx(0.5)),
        ("one", "b", pytest.approx(-0.5)),
        ("two", "a", pytest.approx(1.0)),
    ]
    assert "worst -0.500 in b" in part["findings"][0] and "mean 1.000" in part["findings"][1]
    page = report_page(found)
    assert 'id="labs"' in page and "Normalised score of each lab." in page
    (tmp_path / "three").write_text(record(0, {}).to_line() + "\n")
    assert "labs" not in as_dict(make_report([tmp_path / "three"]))
