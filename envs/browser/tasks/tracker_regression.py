"""Which build broke it: reading what testers wrote on up to 64 issues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.tasks.parts import answering, one_of, said
from selftrain.envs.browser.tasks.tracker_common import (
    HOME,
    SITE,
    add_comment,
    add_issue,
    components_of,
    some_project,
)
from selftrain.envs.browser.world import World

_RUNS = (3, 8, 16, 32, 64)
_SYMPTOMS = (
    ("the start takes more than ten seconds", "the start is quick"),
    ("the totals are off by one cent", "the totals agree"),
    ("the last line of the list is missing", "the list is complete"),
    ("umlauts come out as question marks", "umlauts are fine"),
)
_SYSTEMS = ("Debian", "Windows", "macOS")
_FINDINGS = (
    "Build {build} on {system}: {what}.",
    "Ran it with build {build} on {system}; {what}.",
    "{system}, build {build}: {what}.",
)
_RETRACTED = (
    "Please ignore my result above, I had started another branch. With build {build} {what}.",
    "Sorry, I mixed up two windows. It is the other way round on build {build}: {what}.",
)


def _regression(rng: np.random.Generator, level: int, world: World) -> Draft:
    project = some_project(rng, world)
    count = _RUNS[level - 1]
    bad_says, good_says = one_of(rng, _SYMPTOMS)
    builds = np.sort(rng.choice(np.arange(1000, 1000 + 5 * count), count, replace=False)).tolist()
    first = int(rng.integers(count // 3, count - max(1, count // 4)))
    system = one_of(rng, _SYSTEMS)
    decoys = _write_runs(rng, level, world, project, (builds, first, system, bad_says, good_says))
    form = "Answer with the number of the build."
    asked = f"on {system} " if level >= 3 else ""
    told = said(
        rng,
        [
            "Somewhere in {project} we broke something: {bad}. The issues whose title begins with “Test run” hold what "
            "the testers found with each build, in their comments. Which is the first build with which {asked}this "
            "happens? {extra}{form}",
            "Every “Test run” issue of {project} was done with one build, see the comments. {asked_start}we see that "
            "{bad}; it was fine in early builds and has been broken ever since some build. Find the first broken one. "
            "{extra}{form}",
            "I need the first bad build of {project}: “{bad}”. Testers left their results as comments on the issues "
            "called “Test run …”. It is about what happens {asked_end}. {extra}{form}",
        ],
        project=project["name"],
        bad=bad_says,
        asked=asked,
        asked_start=f"On {system} " if level >= 3 else "There ",
        asked_end=f"on {system}" if level >= 3 else "in any of the runs",
        extra="Testers correct themselves in later comments; the last word counts. " if level >= 3 else "",
        form=form,
    )
    oracle = (Do(f"goto('{HOME}/issues?project={project['key']}&q=Test+run')"), *answering(builds[first]))
    wrong = next(build for build in decoys if build != builds[first])
    return Draft(
        told,
        world,
        Goal(answer=str(builds[first]), answer_kind="number"),
        oracle,
        {
            "believes what was taken back": answering(wrong),
            "the build before": answering(builds[first - 1]),
        },
        steps=20 + int(2.5 * count) + 5 * level,
    )


def _run(
    rng: np.random.Generator,
    world: World,
    project: dict[str, Any],
    components: Sequence[dict[str, Any]],
    number: int,
) -> dict[str, Any]:
    """An issue for one run, which tells nothing of its result."""
    return add_issue(
        world,
        project,
        kind="task",
        title=f"Test run {number:02d} of {one_of(rng, components)['name'].lower()}",
        body="One run of the test plan. Results are in the comments.",
        status=one_of(rng, ("triaged", "in progress", "closed")),
        priority="medium",
        component_id=one_of(rng, components)["id"],
        assignee_id=int(rng.integers(6, 18)),
        resolution="",
    )


def _write_runs(
    rng: np.random.Generator,
    level: int,
    world: World,
    project: dict[str, Any],
    plan: tuple[list[int], int, str, str, str],
) -> list[int]:
    """An issue for each build in random order, with comments; returns builds that a hasty reader takes for the first.

    From level 3 on a third of the runs is on other systems, where the symptom says nothing. The runs at the boundary
    are always on the system that is asked for, and the first two bad ones are called good before that is taken back.
    """
    builds, first, system, bad_says, good_says = plan
    components = components_of(world, project["id"])
    retracted = set(rng.choice(len(builds), len(builds) // 6, replace=False).tolist()) | {first, first + 1}
    decoys = []
    for number, at in enumerate(rng.permutation(len(builds)).tolist(), 1):
        bad, build = at >= first, builds[at]
        elsewhere = level >= 3 and at not in (first - 1, first) and rng.random() < 0.33
        on = one_of(rng, [each for each in _SYSTEMS if each != system]) if elsewhere else system
        if elsewhere:
            bad = bool(rng.random() < 0.5)
        issue = _run(rng, world, project, components, number)
        author = int(rng.integers(6, 18))
        says = (good_says, bad_says)
        take_back = level >= 3 and at in retracted
        _say(rng, world, issue["id"], author, build=build, system=on, what=says[bad != take_back])
        if rng.random() < 0.4:
            add_comment(
                world,
                issue["id"],
                int(rng.integers(6, 18)),
                "Thanks. Did you clear the cache first?",
                "2026-02-28 12:00",
            )
        if take_back:
            text = one_of(rng, _RETRACTED).format(build=build, what=says[bad])
            add_comment(world, issue["id"], author, text, "2026-03-01 09:30")
        if (elsewhere and bad) or (take_back and not bad) or at == first + 1:
            decoys.append(build)
    return sorted(decoys)


def _say(rng: np.random.Generator, world: World, issue_id: int, author: int, **values: Any) -> None:
    add_comment(world, issue_id, author, one_of(rng, _FINDINGS).format(**values), "2026-02-27 15:00")


FAMILIES = (
    BrowserFamily(
        "tracker-regression",
        "Find the first broken build in the comments of up to 64 issues, some of which were taken back.",
        ("long reading", "contradictory sources", "bookkeeping"),
        0.05,
        (SITE,),
        _regression,
    ),
)
