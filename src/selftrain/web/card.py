"""The report card of a pack as one page. All that tasks or their verifiers put out is escaped, as the template does."""

from __future__ import annotations

import json

from selftrain.envs.gate.card import NEVER_CHECKED, Card, TaskReport
from selftrain.envs.gate.trial import Finding
from selftrain.web.pages import render

_STATES = {"pass": ("✓", "holds"), "fail": ("✗", "fails"), "unchecked": ("–", "not checked")}
_BADGES = {"admitted": "passed", "refused": "failed", "undecided": "not-valid"}


def card_page(card: Card, fingerprint: str) -> str:
    """The page, which needs no other file; `fingerprint` is of the key that signed `card.json`."""
    figures = card.figures
    checks = list(dict.fromkeys(finding.check for task in card.tasks for finding in task.findings))
    return render(
        "card.html",
        (),
        title=f"Report card of {card.pack} {card.version}".rstrip(),
        card=card,
        checks=checks,
        rows=[(task, {finding.check: finding for finding in task.findings}) for task in card.tasks],
        told=_told,
        facts=_facts(card, fingerprint),
        figures=[(name.replace("_", " "), value) for name, value in figures.items() if name != "seconds_by_check"],
        by_check=figures["seconds_by_check"],
        limits=card.machine.get("limits", {}),
        never=NEVER_CHECKED,
        states=_STATES,
        badges=_BADGES,
        evidence=_evidence,
        keys=(),
    )


def _facts(card: Card, fingerprint: str) -> list[tuple[str, str]]:
    facts = (
        ("licence", card.licence),
        ("judged", card.date),
        ("gate", card.gate),
        ("played on", f"{card.backend} {card.image}".strip()),
        ("machine", f"{card.machine.get('system', '')}, {card.machine.get('cpus', '?')} cores"),
        ("options", ", ".join(f"{name} {value}" for name, value in card.options.items() if value)),
        ("lock", card.lock or "not locked"),
        ("signed by", fingerprint),
    )
    return [(name, value) for name, value in facts if value]


def _told(task: TaskReport) -> list[Finding]:
    """The findings with what fails before the rest; of a task that does not load, only that."""
    if "schema" in task.failed:
        return [finding for finding in task.findings if finding.state == "fail"]
    return sorted(task.findings, key=lambda finding: finding.state != "fail")


def _evidence(finding: Finding) -> str:
    """What a finding rests on, for people: JSON, or "" where there is nothing."""
    return json.dumps(finding.evidence, indent=2, ensure_ascii=False) if finding.evidence else ""
