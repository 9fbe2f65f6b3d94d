"""MiniWoB++ as an outside family: the pages of the `miniwob` package, in the same environment and in Chromium alone.

Its pages are one document each; what is to be done stands at their top, and a script in the page itself decides on the
reward. Whoever reaches that script can pay himself, so these verdicts say that they are unverified. An episode is
begun by the page as soon as it is loaded, from the task's seed and without a limit of time; when it is over, the page
tells the server its reward, of which the first is taken.
"""

from __future__ import annotations

import importlib.util
import json
import math
import mimetypes
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs

import numpy as np

from selftrain.envs.browser.goal_judge import REQUESTS
from selftrain.errors import BackendUnavailableError, UnknownNameError, VerifierError
from selftrain.evidence import Evidence
from selftrain.tasks import Limits, Task, TaskFamily
from selftrain.verdicts import Check, CleanRoom, Verdict

HOST = "miniwob.test"
TASKS = (
    "choose-list",
    "click-button",
    "click-button-sequence",
    "click-checkboxes",
    "click-checkboxes-large",
    "click-checkboxes-soft",
    "click-checkboxes-transfer",
    "click-collapsible",
    "click-collapsible-2",
    "click-dialog",
    "click-dialog-2",
    "click-link",
    "click-option",
    "click-tab",
    "click-tab-2",
    "click-test",
    "click-test-2",
    "copy-paste",
    "email-inbox",
    "enter-date",
    "enter-password",
    "enter-text",
    "enter-text-2",
    "enter-text-dynamic",
    "enter-time",
    "find-word",
    "focus-text",
    "focus-text-2",
    "form-sequence-2",
    "login-user",
    "login-user-popup",
    "multi-layouts",
    "multi-orderings",
    "navigate-tree",
    "read-table",
    "read-table-2",
    "search-engine",
    "simple-arithmetic",
    "use-autocomplete",
)
"""The pages that can be played by elements; those that take coordinates, colours or drawings are left out."""
SAYS = "the page says that it is done (unverified)"
_LIMITS = Limits(steps=30, seconds=600.0)
_TOLD = "/outcome"
_LONGEST_LOG = 1000
# put behind the script that all pages share: the episode begins by itself, has time, and its end is told once
_SCRIPT = """
;(() => {
  const begin = core.startEpisode, end = core.endEpisode;
  core.startEpisode = () => {
    begin.call(core);
    if (WOB_EPISODE_ID > 0) { core.cover_div.textContent = 'DONE'; core.cover_div.onclick = null; return; }
    core.EPISODE_MAX_TIME = 1e9;
    Math.seedrandom('%d');
    core.startEpisodeReal();
  };
  core.endEpisode = (...given) => {
    const counts = core.EP_TIMER !== null;
    end.apply(core, given);
    if (counts) fetch('/outcome?reward=' + Number(WOB_RAW_REWARD_GLOBAL), { method: 'POST' });
  };
  const style = document.createElement('style');
  style.textContent = '#reward-display, #click-canvas { display: none !important }';
  document.head.append(style);
})();
"""


def miniwob_families() -> dict[str, TaskFamily]:
    """A family for each of `TASKS`, by name; the levels of one are alike."""
    return {f"miniwob-{name}": _family(name) for name in TASKS}


def miniwob_family(name: str) -> TaskFamily:
    """The family of a page: "click-test" or "miniwob-click-test".

    Raises:
        UnknownNameError: it is not among `TASKS`.
    """
    page = name.removeprefix("miniwob-")
    if page not in TASKS:
        raise UnknownNameError("MiniWoB++ task", page, TASKS)
    return _family(page)


def _family(page: str) -> TaskFamily:
    def build(rng: np.random.Generator, level: int) -> Task:
        start = f"http://{HOST}/miniwob/{page}.html"
        return Task(
            instruction="Do what is asked for at the top of the page; when that is done, submit.",
            verifier=MiniWobVerifier(),
            limits=_LIMITS,
            kind="browser",
            metadata={"sites": [], "start": start, "miniwob": int(rng.integers(1 << 31)), "verified": False},
        )

    return TaskFamily(f"miniwob-{page}", f"MiniWoB++: {page}", ("web pages",), 0.0, build)


@dataclass(frozen=True)
class MiniWobVerifier:
    """Takes the page's word: passed if the first reward that it told is more than nothing."""

    exports: ClassVar[tuple[str, ...]] = (REQUESTS,)

    def verify(self, evidence: Evidence, task: Task, room: CleanRoom) -> Verdict:
        """Judge `evidence`.

        Raises:
            VerifierError: there is no log.
        """
        if REQUESTS not in evidence.files:
            raise VerifierError(f"{task.id}: there is no log of requests")
        told = [entry["reward"] for entry in json.loads(evidence.files[REQUESTS].data) if "reward" in entry]
        reward = float(told[0]) if told else 0.0
        why = f"its reward is {reward:g}" if told else "it told no reward"
        passed = reward > 0.0
        return Verdict(
            passed, min(1.0, max(0.0, reward)), (Check(SAYS, passed, why),), "" if passed else f"{SAYS}: {why}"
        )


class MiniWobSites:
    """The pages, served; see `Sites` in `hosting`.

    Args:
        seed: of the one problem that is posed.

    Raises:
        BackendUnavailableError: the package is not installed.
    """

    def __init__(self, seed: int) -> None:
        self._root, self._seed = _pages(), seed
        self._log: list[dict[str, Any]] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        path = environ["PATH_INFO"]
        status, kind, data = self._answer(path)
        entry = {
            "method": environ["REQUEST_METHOD"],
            "url": f"http://{HOST}{path}",
            "status": int(status[:3]),
            "user": "",
        }
        if path == _TOLD:
            entry["reward"] = _number(parse_qs(environ.get("QUERY_STRING", "")).get("reward", [""])[0])
        if len(self._log) < _LONGEST_LOG:
            self._log.append(entry)
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(data)))])
        return [data]

    def check(self) -> None:
        """Nothing breaks here."""

    def databases(self) -> dict[str, bytes]:
        """There are none."""
        return {}

    def log(self) -> bytes:
        """The log of requests; one that tells a reward has it."""
        return json.dumps(self._log).encode()

    def close(self) -> None:
        """There is nothing to close."""

    def _answer(self, path: str) -> tuple[str, str, bytes]:
        if path == _TOLD:
            return "204 No Content", "text/plain", b""
        found = (self._root / path.lstrip("/")).resolve()
        if not found.is_relative_to(self._root) or not found.is_file():
            return "404 Not Found", "text/plain", b"There is no such page."
        data = found.read_bytes()
        if path.endswith("/core/core.js"):
            data += (_SCRIPT % self._seed).encode()
        return "200 OK", mimetypes.guess_type(found.name)[0] or "application/octet-stream", data


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0


def _pages() -> Path:
    spec = importlib.util.find_spec("miniwob")
    if spec is None or spec.origin is None:
        raise BackendUnavailableError("The pages of MiniWoB++ are not here. Get them: pip install miniwob")
    return (Path(spec.origin).parent / "html").resolve()
