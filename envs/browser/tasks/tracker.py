"""The task families of the tracker."""

from __future__ import annotations

from selftrain.envs.browser.tasks import (
    tracker_answers,
    tracker_import,
    tracker_regression,
    tracker_release,
    tracker_standup,
    tracker_tidying,
    tracker_triage,
)

FAMILIES = (
    *tracker_answers.FAMILIES,
    *tracker_regression.FAMILIES,
    *tracker_triage.FAMILIES,
    *tracker_tidying.FAMILIES,
    *tracker_import.FAMILIES,
    *tracker_release.FAMILIES,
    *tracker_standup.FAMILIES,
)
