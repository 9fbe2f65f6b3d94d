"""The conformance suite: what every backend must do, examined through the sandbox protocol alone.

    from selftrain.sandboxes.conformance import check_backend
    print([outcome for outcome in check_backend(MyBackend()) if not outcome.passed])

Behaviours are in the modules `conformance_*`, one small function each; `BEHAVIOURS` is their table, by name.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from selftrain.sandboxes import (  # noqa: F401  (each enters its behaviours into the table)
    conformance_abuse,
    conformance_evidence,
    conformance_files,
    conformance_isolation,
    conformance_life,
    conformance_limits,
    conformance_privileges,
    conformance_shell,
    conformance_state,
)
from selftrain.sandboxes.base import Backend
from selftrain.sandboxes.conformance_state import check_restore
from selftrain.sandboxes.conformance_tools import BEHAVIOURS, Behaviour, NotApplicableError

__all__ = ["BEHAVIOURS", "Behaviour", "NotApplicableError", "Outcome", "check_backend", "check_restore"]


@dataclass(frozen=True)
class Outcome:
    """What came of one behaviour on one backend.

    Attributes:
        behaviour: its name.
        passed: it was examined and holds.
        skipped: why it could not be examined, or "".
        why: what is wrong, or "".
        seconds: how long it took.
    """

    behaviour: str
    passed: bool
    skipped: str = ""
    why: str = ""
    seconds: float = 0.0


def examine(behaviour: Behaviour, backend: Backend) -> Outcome:
    """Examine one behaviour."""
    begin = time.monotonic()
    skipped = why = ""
    try:
        behaviour.check(backend)
    except NotApplicableError as reason:
        skipped = str(reason)
    except Exception as error:  # whatever a backend raises where it should not is a finding, not the end of the suite
        why = f"{type(error).__name__}: {error}"
    return Outcome(behaviour.name, not skipped and not why, skipped, why, time.monotonic() - begin)


def check_backend(backend: Backend, names: Iterable[str] = ()) -> list[Outcome]:
    """Examine every behaviour, or those called `names`, in the order of the table."""
    wanted = set(names) or set(BEHAVIOURS)
    return [examine(behaviour, backend) for name, behaviour in BEHAVIOURS.items() if name in wanted]
