"""The gate, measured: every planted bad task is refused by a check that must see it, every good one is admitted.

Precision, recall and a line for each error are printed by

    pytest tests/test_gate_planted.py -s

Good tasks are asked everything. Bad ones are asked only the checks that must see them, so that none is caught by luck:
what else the gate would say of them takes nothing from these figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from planted import Planted, write_pack
from planted_bad_rewards import BAD, TWIN
from planted_good_places import GOOD

from selftrain.envs.gate.card import Card, TaskReport
from selftrain.envs.gate.checks import CHECKS
from selftrain.envs.gate.trial import Finding, State
from selftrain.envs.gate.validating import validate
from selftrain.envs.gate.whole import PACK_CHECKS
from selftrain.sandboxes import make_backend

RESTED_ON = ("oracle", "nop")  # what the other checks are told of


@dataclass(frozen=True)
class Measured:
    """What the gate said: name of a task → the checks that refuse it, with their words."""

    bad: Mapping[str, Mapping[str, str]]
    good: Mapping[str, Mapping[str, str]]

    @property
    def missed(self) -> list[str]:
        """Bad tasks that no check refuses which must."""
        return [task.name for task in BAD if not set(task.wrong) & self.bad[task.name].keys()]

    @property
    def wronged(self) -> list[str]:
        """Good tasks that are not admitted."""
        return [name for name, found in self.good.items() if found]

    @property
    def recall(self) -> float:
        """Share of the bad tasks that are refused."""
        return 1 - len(self.missed) / len(BAD)

    @property
    def precision(self) -> float:
        """Share of the refused tasks that are bad."""
        right = len(BAD) - len(self.missed)
        return right / (right + len(self.wronged)) if right else 0.0

    @property
    def table(self) -> str:
        """For people."""
        lines = [
            f"planted {name}: {count} tasks, {refused} refused, {count - refused} admitted"
            for name, count, refused in (
                ("bad", len(BAD), len(BAD) - len(self.missed)),
                ("good", len(GOOD), len(self.wronged)),
            )
        ]
        lines += [f"precision {self.precision:.1%}, recall {self.recall:.1%}"]
        lines += [f"  admitted, but bad: {name} {dict(self.bad[name])}" for name in self.missed]
        lines += [f"  not admitted, but good: {name} {dict(self.good[name])}" for name in self.wronged]
        return "\n".join(lines)


def refusals(card: Card) -> dict[str, dict[str, str]]:
    """Name of a task → check → why, of everything that fails.

    What could not be asked refuses nothing: a machine without sandboxes catches no bad task.
    """
    found = {
        report.name: {finding.check: finding.summary for finding in report.findings if finding.state == "fail"}
        for report in card.tasks
    }
    for finding in card.findings:
        for report in card.tasks:
            if finding.state == "fail" and report.name in finding.summary:
                found[report.name][finding.check] = finding.summary
    return found


def hindrances(card: Card) -> dict[str, dict[str, str]]:
    """Name of a task → check → why, of everything that keeps it from being admitted, what was not asked too."""
    found = refusals(card)
    for report in card.tasks:
        if report.decision == "undecided":
            found[report.name] |= {finding.check: finding.summary for finding in report.missing}
    return found


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    root, backend = tmp_path_factory.mktemp("planted"), make_backend("bubblewrap")
    bad = write_pack(root, "planted-bad", [*BAD, TWIN])
    good = write_pack(root, "planted-good", GOOD)
    groups: dict[tuple[str, ...], list[str]] = {}
    for task in BAD:
        groups.setdefault(task.wrong, []).append(task.name)
    found: dict[str, dict[str, str]] = {}
    for wrong, names in groups.items():
        asked = {name: check for name, check in CHECKS.items() if name in (*RESTED_ON, *wrong)}
        others = [TWIN.name] if "copies" in wrong else []
        card = validate(bad, backend, out=root / "-".join(wrong), tasks=[*names, *others], checks=asked)
        found |= {name: whys for name, whys in refusals(card).items() if name in names}
    return Measured(found, hindrances(validate(good, backend, out=root / "good")))


def test_precision_and_recall_are_whole(
    measured: Measured, record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print(f"\n{measured.table}")  # noqa: T201  the figures are what the planted set is for
    record_property("gate_precision", measured.precision)
    record_property("gate_recall", measured.recall)
    assert (measured.missed, measured.wronged) == ([], [])
    assert (measured.precision, measured.recall) == (1.0, 1.0)


@pytest.mark.parametrize("task", BAD, ids=lambda task: task.name)
def test_a_bad_task_is_refused_by_a_check_that_must_see_it(task: Planted, measured: Measured) -> None:
    found = measured.bad[task.name]
    assert set(task.wrong) & found.keys(), (task.why, task.wrong, found)


@pytest.mark.parametrize("task", GOOD, ids=lambda task: task.name)
def test_a_good_task_is_admitted(task: Planted, measured: Measured) -> None:
    assert measured.good[task.name] == {}, task.why


def test_the_planted_set_is_large_and_asks_every_check() -> None:
    names = [task.name for task in (*BAD, *GOOD, TWIN)]
    assert len(BAD) >= 25 and len(GOOD) >= 15 and len(set(names)) == len(names)
    asked = {check for task in BAD for check in task.wrong}
    assert asked == {"schema", *CHECKS, "copies"} and "copies" in PACK_CHECKS
    assert all(task.wrong for task in BAD) and not any(task.wrong for task in GOOD)


def test_figures_can_fall() -> None:
    nothing: dict[str, dict[str, str]] = {task.name: {} for task in BAD}
    everything = {task.name: {"lint": "no"} for task in GOOD}
    blind, strict = Measured(nothing, {}), Measured({task.name: {task.wrong[0]: ""} for task in BAD}, everything)
    assert (blind.recall, blind.precision) == (0.0, 0.0) and f"admitted, but bad: {BAD[0].name}" in blind.table
    assert strict.recall == 1.0 and strict.precision == len(BAD) / (len(BAD) + len(GOOD))


def test_what_could_not_be_asked_catches_no_bad_task_and_admits_no_good_one() -> None:
    def card_of(*reports: TaskReport) -> Card:
        about = dict.fromkeys(("version", "licence", "manifest", "lock", "date", "gate", "backend", "image"), "")
        return Card(pack="p", options={}, machine={}, tasks=reports, **about)

    def report(task: Planted, state: State) -> TaskReport:
        findings = [Finding(check, state, "no sandbox") for check in task.wrong or RESTED_ON]
        return TaskReport(task.name, "train", "", "", tuple(findings), 1.0)

    blind = card_of(*(report(task, "unchecked") for task in BAD))
    asked = card_of(*(report(task, "fail") for task in BAD))
    good = card_of(*(report(task, "unchecked") for task in GOOD))
    assert Measured(refusals(blind), {}).recall == 0.0 and Measured(refusals(asked), {}).recall == 1.0
    assert set(Measured({}, hindrances(good)).wronged) == {task.name for task in GOOD}


def named(tasks: Sequence[Planted]) -> dict[str, Planted]:
    return {task.name: task for task in tasks}


def test_a_folder_is_written_as_it_is_told(tmp_path: Path) -> None:
    folder = write_pack(tmp_path, "planted", [named(BAD)["link-leads-out"]])
    assert (folder / "tasks/link-leads-out/environment/orders.csv").is_symlink()
