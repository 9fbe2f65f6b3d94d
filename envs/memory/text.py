"""The text view of a game, for language models: one message is one notice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt

from selftrain.envs.memory import rendering
from selftrain.envs.memory.draws import draw, following, seed_words
from selftrain.envs.memory.game import Game
from selftrain.envs.memory.numeric import cuts_option
from selftrain.envs.memory.players import Item
from selftrain.envs.memory.relay import LEGEND, Relay
from selftrain.envs.memory.stories import make_story
from selftrain.envs.memory.worker import ASKS, GO_ON, MemoryWorker
from selftrain.envs.spaces import Text
from selftrain.errors import TaskError
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.tasks import Limits, Task, Worker
from selftrain.verdicts import Check, CleanRoom, Verdict

LONGEST_MESSAGE = 1 << 20
ANSWER_FILE = "/answer"
_WORDING = 254  # the purpose of these draws, far from those of the games
_ANSWER = re.compile(r"^[^\w\n]*answer\s*:(.+)$", re.IGNORECASE | re.MULTILINE)
_LONGEST_ANSWER = 4096  # of the end of the last message that is looked at


@dataclass(frozen=True)
class State:
    """A branch point of an episode, to be restored as often as wanted, in any environment of the same arguments."""

    seed: int
    cuts: int
    shown: int


@dataclass(frozen=True)
class AnswerVerifier:
    """Judges the last message of an episode.

    Attributes:
        expected: the right answer, from 0.
        game: in whose words answers are read.
    """

    expected: int
    game: Game
    exports: tuple[str, ...] = (ANSWER_FILE,)

    def verify(self, evidence: Evidence, task: Task, room: CleanRoom | None = None) -> Verdict:
        """Passed when the last line of the form `answer: X` is right; nothing has to be run."""
        message = (evidence.get(ANSWER_FILE) or b"").decode("utf-8", "replace")
        said = _ANSWER.findall(message[-_LONGEST_ANSWER:])
        number = make_story(self.game).number(said[-1]) if said else None
        why = "no answer" if number is None else "a wrong answer"
        return Verdict.of([Check("answer", number == self.expected, "" if number == self.expected else why)])


class TextEnv(gym.Env[str, str]):
    """A game of memory in words; put it under a `ContextBudget`, which makes the cuts.

    ## Description
    The first observation tells the rules and nothing of the instance. Then every message is answered by the next
    notice, which tells the items of one segment in words; the last one asks a question. By itself this environment
    lets the agent see everything at once: only a context that is cut makes it a game of memory.

    ## Action Space
    `Text`: any message goes on, whatever it says. The message that follows the question is the answer, on a line
    `answer: X`; the last such line counts.

    ## Observation Space
    `Text`: the rules, then notices. `info` holds `task`, `family`, `level` (the cuts that the numeric view has),
    `notice` (0 before the first), `notices` and `passed`; after the last step also `verdict` and `truncation`.

    ## Rewards
    1.0 at the end for the right answer, else 0.0.

    ## Starting State
    The instance of the seed, the same as in the numeric view. Without a seed, the one that follows on the last one.

    ## Episode End
    Terminated by the message after the last of `cuts` + 1 notices.

    ## Arguments
    - `game`: which.
    - `render_mode`: "ansi", the last message and its answer, or "rgb_array", a picture of them.
    """

    metadata = {"render_modes": list(rendering.MODES), "render_fps": 4}

    def __init__(self, game: Game, *, render_mode: str | None = None) -> None:
        rendering.check_mode(render_mode)
        self.game, self.render_mode = game, render_mode
        self.chance, self.optimum = game.chance, 1.0
        self.worker: Worker = MemoryWorker(game)
        self.observation_space, self.action_space = Text(LONGEST_MESSAGE), Text(LONGEST_MESSAGE)
        self._story = make_story(game)
        self._cuts = np.array([game.cuts])
        self._seeds = np.zeros(1, np.uint64)
        self._shown, self._task = -1, None
        self._last_message = ""

    _task: Task | None
    verdict: Verdict | None = None
    """The verdict of an episode that is over; for records."""
    evidence: Evidence | None = None
    """What was judged in an episode that is over; for records."""

    @property
    def task(self) -> Task | None:
        """The task of the episode under way or just over; for records and reference agents, never for a learner."""
        return self._task

    def reset(self, *, seed: int | None = None, options: Mapping[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Start an episode.

        Args:
            seed: of the instance.
            options: {"cuts": n} sets the number of cuts, of this episode and those after it; {"task": id} plays the
                instance of that id, as `info` tells it, with its cuts.

        Raises:
            OptionError: an unknown option, a number of cuts that makes no game, or a seed over 64 bits.
            TaskError: the id is none of this game.
        """
        super().reset(seed=seed)
        wanted = dict(options or {})
        if wanted.get("task") is not None:
            wanted["cuts"], seed = self._parsed(str(wanted["task"]))
        if (cuts := cuts_option(self.game, wanted, 1, known=("cuts", "task"))) is not None:
            self._cuts = cuts
        if seed is not None:
            self._seeds = seed_words(seed)
        elif self._task is not None:
            self._seeds = following(self._seeds)
        else:
            self._seeds = self.np_random.integers(1 << 63, size=1, dtype=np.uint64)
        self._begin(0)
        return self._notice(), self._info()

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Read the next notice, or answer the question.

        Raises:
            TypeError: the action is not a string.
            gymnasium.error.ResetNeeded: there is no episode, or it is over.
        """
        if not isinstance(action, str):
            raise TypeError(f"an action is a string, such as {GO_ON!r}, not {action!r}")
        task = self._playing()
        self._last_message = str(action)
        if self._shown <= self._cuts[0]:
            self._shown += 1
            return self._notice(), 0.0, False, False, self._info()
        self.evidence = Evidence({ANSWER_FILE: EvidenceFile(action.encode("utf-8", "replace"))})
        self.verdict = verdict = AnswerVerifier(int(self.game.answer(self._seeds, self._cuts)[0]), self.game).verify(
            self.evidence, task
        )
        info = {**self._info(), "verdict": "pass" if verdict.passed else "fail", "truncation": ""}
        return "[answered, the episode is over]", verdict.reward, True, False, info

    def save_state(self) -> State:
        """The episode as it stands.

        Raises:
            gymnasium.error.ResetNeeded: there is no episode, or it is over.
        """
        self._playing()
        return State(int(self._seeds[0]), int(self._cuts[0]), self._shown)

    def restore_state(self, state: State) -> tuple[str, dict[str, Any]]:
        """Go on from `state`; returns the observation and info that were current there."""
        self._seeds, self._cuts = np.array([state.seed], np.uint64), np.array([state.cuts])
        self._begin(state.shown)
        return self._notice(), self._info()

    def render(self) -> str | npt.NDArray[np.uint8] | None:
        """The last message and what answered it, as text or as a picture.

        Raises:
            gymnasium.error.ResetNeeded: there is no episode.
        """
        return rendering.render(None if self._task is None else self._page(), self.render_mode, self.game.name)

    def _page(self) -> str:
        if self.verdict is not None:
            return f"> {self._last_message}\n{'right' if self.verdict.passed else 'wrong'}"
        return f"> {self._last_message}\n{self._notice()}" if self._shown else self._notice()

    def _begin(self, shown: int) -> None:
        self._shown, self._last_message = shown, ""
        self.verdict = self.evidence = None
        self._task = self._made_task()

    def _parsed(self, task_id: str) -> tuple[int, int]:
        family = self.game.name.lower()
        match = re.fullmatch(rf"{family}/([0-9]{{1,99}})/([0-9]{{1,99}})", task_id)
        if match is None:
            raise TaskError(f"task {task_id!r} is none of this game: they read {family}/CUTS/SEED")
        return int(match[1]), int(match[2])

    def _made_task(self) -> Task:
        expected, cuts, seed = (
            int(self.game.answer(self._seeds, self._cuts)[0]),
            int(self._cuts[0]),
            int(self._seeds[0]),
        )
        family = self.game.name.lower()
        return Task(
            instruction=self._rules(),
            verifier=AnswerVerifier(expected, self.game),
            oracle=(*[GO_ON] * (cuts + 1), f"answer: {self._story.reply(expected)}"),
            worker=self.worker,
            limits=Limits(steps=cuts + 2),
            id=f"{family}/{cuts}/{seed}",
            family=family,
            level=cuts,
            seed=seed,
        )

    def _playing(self) -> Task:
        if self._task is None or self.verdict is not None:
            why = "There is no episode" if self._task is None else "The episode is over"
            raise gym.error.ResetNeeded(f"{why}: call reset() or restore_state() first.")
        return self._task

    def _rules(self) -> str:
        return (
            f"{self._story.rules()}\n\nNotices come one at a time: reply `{GO_ON}` for the next one. "
            f"There are {int(self._cuts[0]) + 1} of them. After the last one, reply with a line `answer: X`."
        )

    def _notice(self) -> str:
        if self._shown == 0:
            return self._rules()
        segment, cuts = np.array([self._shown - 1]), self._cuts
        rows = self.game.visible(self._seeds, cuts, segment)[0]
        wording = draw(self._seeds, _WORDING, 1 << 16, segment, np.arange(len(rows))).tolist()
        lines = [f"Notice {self._shown} of {int(cuts[0]) + 1}."]
        for row, variant in zip(rows.tolist(), wording, strict=True):
            if row[0] and not _is_legend(self.game, tuple(row)):
                lines.append(self._story.sentence(tuple(row), variant))
        if segment[0] == cuts[0]:
            lines += [line for line in (self._story.question, ASKS) if line]
        return "\n".join(lines)

    def _info(self) -> dict[str, Any]:
        task, passed = self._task, self.verdict is not None and self.verdict.passed
        assert task is not None  # set by every way to begin
        place = {"notice": self._shown, "notices": task.level + 1, "passed": passed}
        return {"task": task.id, "family": task.family, "level": task.level, **place}


def _is_legend(game: Game, item: Item) -> bool:
    return isinstance(game, Relay) and item[0] == LEGEND
