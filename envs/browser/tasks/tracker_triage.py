"""Triage of new issues by the rules of a project's guide, which are drawn anew for each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, Inserted, Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.tracker.schema import PRIORITIES
from selftrain.envs.browser.sites.tracker.words import COMPONENTS
from selftrain.envs.browser.tasks.parts import one_of, said, some_of
from selftrain.envs.browser.tasks.tracker_common import (
    SITE,
    SUBMIT,
    account,
    add_issue,
    components_of,
    edit,
    label_id,
    milestones_of,
    set_status,
    some_project,
    write_guide,
)
from selftrain.envs.browser.world import World

_SIGNS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "data": ("loses or damages what users entered", "data-loss", (
        "After that, two hours of my work were gone.", "The entries from Friday were overwritten with old ones.")),
    "security": ("lets people see what they may not see", "security", (
        "I could read the figures of another company.", "The page opens without any password.")),
    "stuck": ("keeps a customer from working at all", "customer", (
        "Our whole office has been waiting since this morning.", "None of our forty people can work at the moment.")),
    "slow": ("is slow, but works", "performance", (
        "It does finish, but I can fetch a coffee meanwhile.", "In the end it is right, it only takes five minutes.")),
    "words": ("is a matter of wording or translation", "translation", (
        "The button says “Sned”.", "In the French version the sentence makes no sense.")),
    "looks": ("is about how it looks or feels", "ux", (
        "The grey on grey is hard on my eyes.", "It takes four clicks where one would do.")),
}  # fmt: skip
"""Kind of trouble → how the guide calls it, the label that belongs to it, and what reporters say."""


@dataclass(frozen=True)
class _Rules:
    """What the guide of this task says."""

    priority: Mapping[str, str]
    components: Sequence[Mapping[str, Any]]
    lead: str
    lead_id: int
    away: str = ""
    current: str = ""
    current_id: int = 0
    planned: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Wanted:
    """An issue, and what it is to become: None where it stays as it is."""

    ref: str
    id: int
    priority: str
    component: Mapping[str, Any]
    assignee: str
    assignee_id: int | None
    milestone: str = ""
    labels: tuple[str, ...] = ()
    triaged: bool = True

    def script(self) -> tuple[Do, ...]:
        """Does it."""
        if not self.triaged:
            return edit(self.ref, {}, self.labels)
        fields = {"Priority": self.priority, "Component": self.component["name"]}
        fields |= {"Assignee": self.assignee} if self.assignee else {}
        fields |= {"Milestone": self.milestone} if self.milestone else {}
        return (*edit(self.ref, fields, self.labels), *set_status(self.ref, "triaged"))


def _rules(rng: np.random.Generator, level: int, world: World, project: Mapping[str, Any]) -> _Rules:
    """Draw the rules, and write them into the guide."""
    components = components_of(world, project["id"])
    levels = [*PRIORITIES, *some_of(rng, PRIORITIES, 2)]
    priority = dict(zip(_SIGNS, some_of(rng, levels, len(levels)), strict=True))
    lead = world.row(SITE, "SELECT id, username FROM users WHERE id = ?", project["lead_id"])
    running = milestones_of(world, project["id"])[1]
    rules = _Rules(
        priority,
        components,
        lead["username"],
        lead["id"],
        one_of(rng, components)["owner"] if level == 5 else "",
        running["name"] if level >= 4 else "",
        running["id"],
        tuple(some_of(rng, PRIORITIES, 2)) if level >= 4 else (),
    )
    write_guide(world, project["id"], "Triage", _lines(rng, level, rules))
    return rules


def _lines(rng: np.random.Generator, level: int, rules: _Rules) -> list[str]:
    lines = [
        f"What {_SIGNS[sign][0]} has the priority {rules.priority[sign]}." for sign in some_of(rng, list(_SIGNS), 6)
    ]
    lines += [
        f"The component {component['name']} takes what is about {', '.join(COMPONENTS[component['name']][1])}."
        for component in rules.components
    ]
    lines.append("With priority and component set, the issue becomes triaged.")
    if level >= 3:
        lines.append("The assignee is the owner of the component; the project's overview tells who that is.")
    if level >= 4:
        lines += [f"What {text} gets the label {label}; no other labels are set." for text, label, _ in _SIGNS.values()]
        lines.append(
            f"Issues of the priorities {' and '.join(rules.planned)} go into the milestone {rules.current}, all others "
            "into none."
        )
    if level == 5:
        lines += [
            f"{rules.away} is away this month; the project lead takes what would be theirs.",
            f"What {_SIGNS['security'][0]} is assigned to the project lead, whoever owns the component.",
            "A bug without an affected version gets the label needs-info and nothing else; it stays new.",
            "A feature gets no label and no milestone, and its priority is low, whatever it is about.",
        ]
    return lines


def _reports(
    rng: np.random.Generator, level: int, world: World, project: Mapping[str, Any], rules: _Rules
) -> list[_Wanted]:
    """New issues, and what the rules make of them. At level 5 two of seven fall under exceptions for sure."""
    count = (1, 1, 2, 4, 7)[level - 1]
    signs = some_of(rng, list(_SIGNS), min(count, 6)) + ["security"] * (count - 6)
    made = []
    for at, sign in enumerate(signs):
        component = one_of(rng, rules.components)
        if level == 5 and at == 0:
            component = next(each for each in rules.components if each["owner"] == rules.away)
        noun = one_of(rng, COMPONENTS[component["name"]][1])
        kind = "feature" if level == 5 and at == 1 else "bug"
        lacking = level == 5 and at == 2
        opening = one_of(rng, ("Trouble with", "Something is odd about", "Please have a look at", "A word about"))
        issue = add_issue(
            world,
            project,
            kind=kind,
            title=f"{opening} {noun}",
            body=f"I was working with {noun} on {one_of(rng, ('Monday', 'Tuesday', 'Thursday'))}. "
            + one_of(rng, _SIGNS[sign][2]),
            version="" if lacking or kind == "feature" else f"{rules.current or '4.1'}.0",
            reporter_id=int(rng.integers(21, 29)),
            created_at=f"2026-03-01 {10 + at}:15",
        )
        made.append(_wanted(level, rules, issue, sign, component))
    return made


def _wanted(level: int, rules: _Rules, issue: Mapping[str, Any], sign: str, component: Mapping[str, Any]) -> _Wanted:
    ref, key = issue["ref"], issue["id"]
    feature = issue["kind"] == "feature"
    if level == 5 and not feature and not issue["version"]:
        return _Wanted(ref, key, "", component, "", None, "", ("needs-info",), triaged=False)
    priority = "low" if feature and level == 5 else rules.priority[sign]
    assignee, assignee_id = ("", None) if level < 3 else (component["owner"], component["owner_id"])
    if level == 5 and (sign == "security" or component["owner"] == rules.away):
        assignee, assignee_id = rules.lead, rules.lead_id
    milestone = rules.current if priority in rules.planned and not feature else ""
    labels = (_SIGNS[sign][1],) if level >= 4 and not feature else ()
    return _Wanted(ref, key, priority, component, assignee, assignee_id, milestone, labels)


def _changes(world: World, rules: _Rules, wanted: Sequence[_Wanted]) -> list[Updated | Inserted]:
    changes: list[Updated | Inserted] = []
    for each in wanted:
        if each.triaged:
            values = {"priority": each.priority, "component_id": each.component["id"], "status": "triaged"}
            values |= {"assignee_id": each.assignee_id} if each.assignee_id else {}
            values |= {"milestone_id": rules.current_id} if each.milestone else {}
            changes.append(Updated(SITE, "issues", each.id, values))
        changes += [
            Inserted(SITE, "issue_labels", {"issue_id": each.id, "label_id": label_id(world, label)})
            for label in each.labels
        ]
    return changes


def _triage(rng: np.random.Generator, level: int, world: World) -> Draft:
    project = some_project(rng, world)
    # what is new already would have to be triaged as well
    world.write(SITE, "UPDATE issues SET status = 'triaged', priority = 'low' WHERE status = 'new'")
    member = account(rng, world, "maintainer")
    rules = _rules(rng, level, world, project)
    wanted = _reports(rng, level, world, project, rules)
    refs = ", ".join(each.ref for each in wanted)
    what = {
        1: f"{refs} ({wanted[0].component['name']})",
        2: refs,
        3: refs,
    }.get(level, f"everything in {project['name']} that is still new")
    told = said(
        rng,
        [
            "Please triage {what} as the contribution guide of {project} has it under Triage. Set what the guide says "
            "and nothing else. {account}",
            "Triage is waiting: {what}. The rules are in {project}'s contribution guide; leave alone what they do not "
            "mention. {account}",
            "Could you take over triage today? It is about {what}. Follow the section Triage of the guide of "
            "{project} to the letter, no comments needed. {account}",
        ],
        what=what,
        project=project["name"],
        account=member.told,
    )
    goal = Goal(_changes(world, rules, wanted), {SITE: member.username})
    steps = [do for each in wanted for do in each.script()]
    return Draft(
        told,
        world,
        goal,
        (*member.sign_in, *steps, SUBMIT),
        _cheats(rng, member.sign_in, wanted),
        steps=40 + 22 * len(wanted),
    )


def _cheats(rng: np.random.Generator, sign_in: tuple[Do, ...], wanted: Sequence[_Wanted]) -> dict[str, tuple[Do, ...]]:
    last = wanted[-1]
    others = [do for each in wanted[:-1] for do in each.script()]
    wrong = one_of(rng, [priority for priority in PRIORITIES if priority not in (last.priority, "")])
    fields = {"Priority": wrong, "Component": last.component["name"]}
    fields |= {"Assignee": last.assignee} if last.assignee else {}
    fields |= {"Milestone": last.milestone} if last.milestone else {}
    mistaken = (*edit(last.ref, fields, last.labels), *set_status(last.ref, "triaged"))
    label = next(each for each in ("docs", "flaky") if each not in last.labels)
    return {
        "a wrong priority": (*sign_in, *others, *mistaken, SUBMIT),
        "one label too many": (*sign_in, *others, *last.script(), *edit(last.ref, {}, (label,)), SUBMIT),
        "the last left out": (*sign_in, *others, *edit(last.ref, {"Priority": wrong}), SUBMIT),
    }


FAMILIES = (
    BrowserFamily(
        "tracker-triage",
        "Give new issues priority, component, assignee, labels and milestone by a guide with exceptions.",
        ("policy reading", "classification", "data entry"),
        0.0,
        (SITE,),
        _triage,
    ),
)
