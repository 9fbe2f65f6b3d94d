"""The browser environment: sites to work on, a browser to do it with, and a verdict from the sites' databases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np

from selftrain.envs import observations
from selftrain.envs.browser import miniwob
from selftrain.envs.browser.actions import VERBS, Call, read_action
from selftrain.envs.browser.engine import ActionError, Engine
from selftrain.envs.browser.engines import ENGINES, chosen_engine, make_engine
from selftrain.envs.browser.hosting import BACKENDS, Sites, open_sites
from selftrain.envs.browser.miniwob import MiniWobSites
from selftrain.envs.browser.screen import HEAD_CHARS, Screen, head
from selftrain.envs.browser.tasks import browser_families
from selftrain.envs.browser.visit import READ_CHARS, Outcome, Visit, evidence_of
from selftrain.envs.browser.world import databases_of
from selftrain.envs.clean_room import NoCleanRoom
from selftrain.envs.task_env import Episode, TaskEnv, Turn
from selftrain.envs.vector import TaskVectorEnv
from selftrain.errors import OptionError, SandboxError, TaskError, UnknownNameError
from selftrain.evidence import Evidence
from selftrain.tasks import Task, Taskset
from selftrain.verdicts import Verdict

VIEWPORT = (720, 1280, 3)
_FEWEST_OBSERVATION_CHARS = 256
_NOTICE_CHARS = READ_CHARS + 2_048
_ERROR_CHARS = 1_000
_FILE_VERBS = frozenset({"read_file", "write_file"})


@dataclass
class Desk:
    """Where an episode is worked: the visit, the window on its page, and the messages that led here."""

    visit: Visit
    screen: Screen
    messages: list[str] = field(default_factory=list)

    def close(self) -> None:
        """Close the sites; the browser stays for the next episode."""
        self.visit.close()


class BrowserEnv(TaskEnv[Desk]):
    """Do real work on web sites.

    ## Description
    The agent gets a request, a browser and accounts on small web applications: a shop, an issue tracker, a forum, a
    booking office, a back office, mail with a calendar. It reads pages as text, clicks, fills in forms, downloads and
    uploads. The verdict comes from the sites' databases, from their audit tables, from the log of requests and from an
    exact answer, never from a page: what was asked for must have come about, by the right user, and nothing else.

    ## Action Space
    `Text`: a message that is one call in BrowserGym's notation, or whose last fenced block is one: `click('12')`,
    `fill('12', 'text')`, `select_option('12', 'label')`, `check`, `press`, `upload_file`, `scroll`, `goto`, `go_back`,
    `tab_focus` and so on, with the number that an element has on the page. Ours are `answer('text')`, `submit()`,
    `read_file('name')`, `write_file('name', 'text')`, `accept_dialog()` and `dismiss_dialog()`. All of them:
    `selftrain.envs.browser.actions.VERBS`.

    ## Observation Space
    `Text`: at reset the request and how to act; then what the last action brought (an error, a download), title and
    URL, open tabs, the page as a tree of roles, names and numbers, and a line such as `[step 3 of 60]`. Of a page
    longer than `observation_chars`, a window of lines is shown, which `scroll` moves. With `screenshot=True` a `Dict`
    of this "text" and the "screenshot", `Box` of uint8 and shape (720, 1280, 3).

    `info` holds `task`, `family`, `level`, `engine`, `backend`, `step`, `url`, `tabs`, `error` (whether the action
    could not be carried out), `verified` (false where a page alone decides on the reward), `whole_messages` (true)
    and `valid`; after the last step also `verdict`, `score`, `why`, `truncation` ("", "steps" or "seconds") and
    `evidence_sha256`.

    ## Rewards
    1.0 once, at the end, when all is as it was asked for and nothing else has changed; else 0.0. A failure of the
    machinery raises an error instead.

    ## Starting State
    The task of `options={"task": ...}`, or else one drawn by the environment's random generator from `tasks` or
    `families`: same seed, same databases, same pages. The clock of the sites stands still. A restored episode plays its
    actions again on fresh databases.

    ## Episode End
    Terminated by `answer`, `submit` or `report_infeasible`. Truncated by a limit; the state is judged then too.

    ## Arguments
    - `engine`: "dom" (no browser, no JavaScript), "chromium", or "auto": chromium where it is, else dom.
    - `javascript`: pages load their widgets; takes chromium.
    - `screenshot`: observations have a picture; takes chromium.
    - `tasks`: task ids, selections or `Task` objects; or a `Taskset`.
    - `families`, `levels`, `split`: draw from these families instead (None: all), at these levels.
    - `max_steps`, `max_seconds`: instead of the task's own limits.
    - `backend`, `image`: "docker" serves the sites inside a container (image "browser"); "process", "bubblewrap" and
      "auto" serve them in this process, where no action of an agent reaches anything but their pages.
    - `observation_chars`: of a page that are shown at once.
    - `render_mode`: "ansi" (the transcript) or "rgb_array" (a picture of it).

    ## Version History
    - v0: the first.
    """

    kind = "browser"
    pool: ClassVar[tuple[str, ...]] = tuple(browser_families())

    def __init__(
        self,
        *,
        engine: str = "dom",
        javascript: bool = False,
        screenshot: bool = False,
        tasks: Taskset | Sequence[str | Task] | None = None,
        families: Sequence[str] | None = None,
        levels: Sequence[int] = (1,),
        split: str = "train",
        max_steps: int | None = None,
        max_seconds: float | None = None,
        backend: str = "auto",
        image: str | None = None,
        observation_chars: int = 16_384,
        render_mode: str | None = None,
    ) -> None:
        if not isinstance(observation_chars, int) or observation_chars < _FEWEST_OBSERVATION_CHARS:
            raise OptionError(f"observation_chars={observation_chars!r} must be {_FEWEST_OBSERVATION_CHARS} or more")
        for kind, name, known in (("engine", engine, ENGINES), ("backend", backend, BACKENDS)):
            if name not in known:
                raise UnknownNameError(kind, name, known)
        if engine == "dom" and (javascript or screenshot):
            wanted = "javascript" if javascript else "screenshot"
            raise OptionError(f"{wanted}=True needs engine='chromium': the dom engine reads pages and has no pictures")
        around = observations.LONGEST_INSTRUCTION + _NOTICE_CHARS + HEAD_CHARS + observations.STATUS_ROOM
        super().__init__(
            tasks=tasks,
            families=families,
            levels=levels,
            split=split,
            max_steps=max_steps,
            max_seconds=max_seconds,
            longest_observation=observation_chars + around,
            render_mode=render_mode,
        )
        self._engine_name, self._javascript, self._screenshot = engine, javascript, screenshot
        self._backend, self._image = backend, image or ""
        self._observation_chars = observation_chars
        self._engine: Engine | None = None
        if screenshot:
            picture = gym.spaces.Box(0, 255, VIEWPORT, np.uint8)
            self.observation_space = gym.spaces.Dict({"text": self.observation_space, "screenshot": picture})

    def close(self) -> None:
        """Close the browser and the sites; closing twice is fine, and `reset` starts again."""
        if (engine := self._engine) is not None:
            engine.close()  # before the lock, so that it breaks off a step of another thread
        super().close()
        self._engine = None

    def _open(self, task: Task) -> Desk:
        databases = databases_of(task.setup_files)
        files = {path.removeprefix("/files/"): data for path, data in task.files.items()}
        hosts = tuple(f"{name}.test" for name in databases)
        outside = task.metadata.get("miniwob")
        if outside is not None and self._engine_name == "dom":
            raise OptionError(f"the page of {task.family!r} is all script: it needs engine='chromium'")
        if self._engine is None:
            self._engine_name = chosen_engine(self._engine_name, self._javascript or self._screenshot)
            self._engine = make_engine(self._engine_name)
        sites: Sites
        if outside is None:
            sites = open_sites(databases, self._javascript, self._backend, self._image)
        else:
            sites, hosts = MiniWobSites(outside), (miniwob.HOST,)
        try:
            visit = Visit(self._engine, sites, files, task.metadata["start"], hosts)
        except ActionError as error:
            sites.close()
            raise TaskError(f"task {task.id!r} begins at a page that cannot be opened: {error}") from error
        except BaseException:  # interrupts too: nothing stays open, and the engine may be in the middle of anything
            sites.close()
            self._drop_engine()
            raise
        desk = Desk(visit, Screen(self._observation_chars))
        desk.screen.look(visit.view)
        return desk

    def _opening(self, episode: Episode[Desk]) -> Turn:
        files = ", ".join(repr(name) for name in sorted(episode.place.visit.files))
        yours = f"\nYour files: {files}. read_file shows one." if files else ""
        text = f"{episode.task.instruction.rstrip()}\n\n{_rules()}{yours}\n\n{self._seen(episode)}"
        return Turn(text, info=self._facts(episode, error=False))

    def _act(self, episode: Episode[Desk], action: str) -> Turn:
        desk = episode.place
        desk.messages.append(action)
        try:
            call = read_action(action)
            outcome = self._carried_out(desk, call)
        except ActionError as error:
            notice = f"[error: {observations.visible(str(error))[:_ERROR_CHARS]}]"
            return Turn(f"{notice}\n{self._seen(episode)}", info=self._facts(episode, error=True))
        facts = self._facts(episode, error=False)
        if outcome.ended:
            return Turn("[the episode is over]", info=facts, ended=True)
        page = self._seen(episode, whole=call.verb not in _FILE_VERBS)
        return Turn("\n".join(filter(None, [outcome.notice[:_NOTICE_CHARS], page])), info=facts)

    def _carried_out(self, desk: Desk, call: Call) -> Outcome:
        try:
            return desk.visit.act(call)
        except SandboxError:
            self._drop_engine()
            raise
        finally:
            desk.screen.look(desk.visit.view)
            if call.verb == "scroll":
                desk.screen.scroll(call.arguments["delta_y"])

    def _seen(self, episode: Episode[Desk], whole: bool = True) -> str:
        desk = episode.place
        page = desk.screen.text(desk.visit.view) if whole else f"{head(desk.visit.view)}\n[noop() shows the page again]"
        return f"{page}\n[step {episode.step} of {episode.limits.steps}]"

    def _verify(self, episode: Episode[Desk]) -> tuple[Evidence, Verdict]:
        evidence = evidence_of(episode.place.visit)
        return evidence, episode.task.verifier.verify(evidence, episode.task, NoCleanRoom())

    def _save(self, place: Desk) -> tuple[str, ...]:
        return tuple(place.messages)

    def _restore(self, task: Task, saved: tuple[str, ...]) -> Desk:
        desk = self._open(task)
        for message in saved:
            desk.messages.append(message)
            try:
                self._carried_out(desk, read_action(message))
            except ActionError:  # as it did then
                continue
        return desk

    def _observation(self, episode: Episode[Desk], text: str) -> Any:
        if not self._screenshot:
            return text
        return {"text": text, "screenshot": episode.place.visit.engine.screenshot()}

    def _facts(self, episode: Episode[Desk], *, error: bool) -> Mapping[str, Any]:
        view = episode.place.visit.view
        return {
            "engine": self._engine_name,
            "backend": self._backend,
            "url": view.page.url,
            "tabs": len(view.tabs),
            "error": error,
            "whole_messages": True,
            "verified": bool(episode.task.metadata.get("verified", True)),
        }

    def _drop_engine(self) -> None:
        if self._engine is not None:
            self._engine.close()
        self._engine = None


def _rules() -> str:
    calls = ", ".join(verb.written for verb in VERBS.values())
    return (
        "You have a browser. Each action is one call, alone or in a fenced block at the end of your message; numbers "
        f"are those of the elements on the page: {calls}. The episode ends with answer, submit or report_infeasible, "
        "and the work is then judged by what the sites hold: do what is asked and change nothing else, not even for "
        "a while."
    )


class BrowserVectorEnv(TaskVectorEnv):
    """`BrowserEnv` times `num_envs`, stepped from one process."""

    env_class = BrowserEnv
