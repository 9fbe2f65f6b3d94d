"""The math environment: a problem, a Python to compute with, and one answer that is checked exactly."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from selftrain.envs import observations
from selftrain.envs.clean_room import NoCleanRoom
from selftrain.envs.context.tokenizers import ChatTokenizer, make_tokenizer
from selftrain.envs.math.interpreter import CodeRun, Interpreter
from selftrain.envs.math.problems import problem_families
from selftrain.envs.messages import LONGEST_MESSAGE, read_message, refusal
from selftrain.envs.task_env import Episode, TaskEnv, Turn
from selftrain.envs.vector import TaskVectorEnv
from selftrain.errors import OptionError
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.tasks import Task, Taskset
from selftrain.verdicts import Verdict

_FEWEST_OBSERVATION_BYTES = 256
RESPONSE = "/response"
_LANGUAGES = ("", "python", "python3", "py", "sympy")
# who plans to write "\boxed{...}" has not answered yet
_ANSWER = re.compile(
    r"(?:\\(?:boxed|fbox)\s{0,8}\{|<answer>|^\W{0,6}(?:final\s+)?answer\W{0,4}:)"
    r"(?![ \t]{0,8}(?:\.{3}|…|\\[lc]?dots\b))",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True)
class Progress:
    """What an episode has come to, apart from its Python: the last answer, and what is used up."""

    response: str = ""
    attempts: int = 0
    tokens: int = 0


@dataclass
class Sheet:
    """Where an episode is worked: the progress, and a Python that starts when it is first used."""

    python: Interpreter
    progress: Progress = Progress()

    def close(self) -> None:
        """Close the sandbox, if there is one."""
        self.python.close()


class MathEnv(TaskEnv[Sheet]):
    r"""Solve a contest problem.

    ## Description
    The agent gets a problem whose answer is exact, thinks in text, computes in a sandbox's Python, and answers. The
    answer is compared with the gold answer by `selftrain.envs.check_answer`, which says what counts as equal and what
    as a hedge. No step is judged but the answer, and no hint is ever given.

    ## Action Space
    `Text`: a message. Where it holds `\boxed{...}`, a line `answer: ...` or `<answer>...</answer>`, outside of fenced
    blocks and of `<think>` blocks, all that is outside of them is the answer, and code in the same message is not run.
    Else its fenced blocks (Python, or of no language) are run one after another in one Python that stays for the
    episode, with sympy, without network. With `tools=False` every message is an answer. `submit`, alone, gives up.

    ## Observation Space
    `Text`: at reset the problem, then how to work; after code what it printed and the value of its last expression,
    then a line such as `[step 3 of 24]`. Where output is longer than `observation_bytes`, the middle is left out. A
    message that is empty, too long or no text is answered with what is wrong with it, and the episode goes on.

    `info` holds `task`, `family`, `level`, `step`, `attempts` (answers given), `tokens` (written by the agent; of each
    message its first 65,536 characters count), `blocks` (run in this step), `timed_out`, `truncated_bytes`,
    `whole_messages` (true) and `valid`; after the last step also `verdict`, `score`, `why`, `truncation` ("", "steps",
    "seconds" or "tokens") and `evidence_sha256`.

    ## Rewards
    1.0 once, at the end, when the answer is right; else 0.0. A failure of the machinery raises an error instead.

    ## Starting State
    The task of `options={"task": ...}`, or else one drawn by the environment's random generator from `tasks` or
    `families`: same seed, same problem. A sandbox starts with the first block of code, not before. In a restored
    episode the blocks that were run so far are run again ahead of the next one.

    ## Episode End
    Terminated by a right answer, by the last of `attempts` answers, or by `submit`. Truncated by a limit, which without
    a right answer pays nothing; the message that goes past `max_tokens` is not read.

    ## Arguments
    - `tools`: whether there is a Python; without it there is no sandbox at all.
    - `attempts`: answers that may be given; the agent learns of a wrong one only that it is wrong.
    - `max_steps`, `max_seconds`: instead of the task's own limits.
    - `max_tokens`: that the agent may write, counted by `tokenizer` ("bytes", or a tokenizer's file or folder).
    - `tasks`: task ids, selections, dataset files (.jsonl, .csv, .parquet) or `Task` objects; or a `Taskset`.
    - `families`, `levels`, `split`: draw from these families instead (None: all), at these levels.
    - `backend`, `image`: where the Python runs; the docker backend's default image here is "math".
    - `observation_bytes`: of one step's output that are shown.
    - `render_mode`: "ansi" (the transcript) or "rgb_array" (a picture of it).

    ## Version History
    - v0: the first.
    """

    kind = "math"
    pool: ClassVar[tuple[str, ...]] = tuple(problem_families())

    def __init__(
        self,
        *,
        tools: bool = True,
        attempts: int = 1,
        max_steps: int | None = None,
        max_seconds: float | None = None,
        max_tokens: int | None = None,
        tokenizer: str | ChatTokenizer = "bytes",
        tasks: Taskset | Sequence[str | Task] | None = None,
        families: Sequence[str] | None = None,
        levels: Sequence[int] = (1,),
        split: str = "train",
        backend: str = "auto",
        image: str | None = None,
        observation_bytes: int = 16_384,
        render_mode: str | None = None,
    ) -> None:
        for name, value, least in (
            ("attempts", attempts, 1),
            ("max_tokens", 1 if max_tokens is None else max_tokens, 1),
            ("observation_bytes", observation_bytes, _FEWEST_OBSERVATION_BYTES),
        ):
            if not isinstance(value, int) or value < least:
                raise OptionError(f"{name}={value!r} must be {least} or more, and whole")
        super().__init__(
            tasks=tasks,
            families=families,
            levels=levels,
            split=split,
            max_steps=max_steps,
            max_seconds=max_seconds,
            longest_observation=max(observation_bytes, observations.LONGEST_INSTRUCTION) + observations.STATUS_ROOM,
            render_mode=render_mode,
        )
        self._tools, self._attempts, self._max_tokens = tools, attempts, max_tokens
        self._tokenizer = make_tokenizer(tokenizer)
        self._backend, self._image = backend, image or ""
        self._observation_bytes = observation_bytes

    def _open(self, task: Task) -> Sheet:
        return Sheet(Interpreter(task, self._backend, self._image))

    def _opening(self, episode: Episode[Sheet]) -> Turn:
        text = f"{episode.task.instruction.rstrip()}\n\n{self._rules()}\n[step 0 of {episode.limits.steps}]"
        return Turn(text, info=self._facts(episode.place))

    def _rules(self) -> str:
        answer = (
            r"End with the answer in \boxed{...}, or on a line `answer: ...`; give one answer and nothing else there."
        )
        tries = "" if self._attempts == 1 else f" You have {self._attempts} attempts."
        if not self._tools:
            return answer + tries
        return (
            "Think in text. Code in a fenced block (```python) is run in a sandbox without network, with sympy; its "
            f"output comes back and its variables stay. {answer}{tries}"
        )

    def _act(self, episode: Episode[Sheet], action: str) -> Turn:
        if action.strip() == observations.SUBMIT:
            return Turn("[submitted, the episode is over]", info=self._facts(episode.place), ended=True)
        self._count(episode.place, action)
        if self._tokens_left(episode.place) < 0:
            return self._told(episode, f"[more than {self._max_tokens} tokens, this message is not read]")
        if wrong := refusal(action):
            return self._told(episode, f"[{wrong}; {self._expected()}")
        message = read_message(action, _LANGUAGES)
        if not self._tools or _ANSWER.search(message.text):
            return self._answer(episode, message.text if self._tools else action)
        if not message.blocks:
            return self._told(episode, f"[no code and no answer in this message; {self._expected()}")
        return self._run(episode, message.blocks)

    def _count(self, sheet: Sheet, action: str) -> None:
        # what goes past the longest message is refused unread, and is not worth the time that its tokens would take
        written = len(self._tokenizer.assistant_ids(action[:LONGEST_MESSAGE]))
        sheet.progress = replace(sheet.progress, tokens=sheet.progress.tokens + written)

    def _tokens_left(self, sheet: Sheet) -> float:
        return math.inf if self._max_tokens is None else self._max_tokens - sheet.progress.tokens

    def _expected(self) -> str:
        code = "put code into a fenced python block, or " if self._tools else ""
        return rf"{code}end with \boxed{{...}} or a line `answer: ...`]"

    def _told(self, episode: Episode[Sheet], text: str) -> Turn:
        return Turn(f"{text}\n{self._status(episode)}", info=self._facts(episode.place))

    def _answer(self, episode: Episode[Sheet], response: str) -> Turn:
        sheet = episode.place
        sheet.progress = replace(sheet.progress, response=response, attempts=sheet.progress.attempts + 1)
        facts, left = self._facts(sheet), self._attempts - sheet.progress.attempts
        if left == 0 or self._verify(episode)[1].passed:
            return Turn("[answered, the episode is over]", info=facts, ended=True)
        attempts = "1 attempt is" if left == 1 else f"{left} attempts are"
        return Turn(f"[this answer is not right, {attempts} left]\n{self._status(episode)}", info=facts)

    def _run(self, episode: Episode[Sheet], blocks: Sequence[str]) -> Turn:
        left = min(episode.limits.command_seconds, max(0.05, episode.limits.seconds - episode.seconds))
        run = episode.place.python.run(blocks, left)
        output = run.output.encode("utf-8", "replace")
        shown, missing = observations.show_bytes(output, self._observation_bytes, run.truncated)
        if shown and not shown.endswith("\n"):
            shown += "\n"
        note = f"[{run.note}]\n" if run.note else ""
        facts = self._facts(episode.place, run, missing)
        return Turn(f"{shown}{note}{self._status(episode)}", output, facts)

    def _status(self, episode: Episode[Sheet]) -> str:
        return f"[step {episode.step} of {episode.limits.steps}]"

    def _limit_reached(self, episode: Episode[Sheet]) -> str:
        if self._tokens_left(episode.place) <= 0:
            return "tokens"
        return super()._limit_reached(episode)

    def _verify(self, episode: Episode[Sheet]) -> tuple[Evidence, Verdict]:
        evidence = Evidence({RESPONSE: EvidenceFile(episode.place.progress.response.encode("utf-8", "replace"))})
        return evidence, episode.task.verifier.verify(evidence, episode.task, NoCleanRoom())

    def _save(self, place: Sheet) -> tuple[Progress, tuple[str, ...]]:
        return place.progress, place.python.history

    def _restore(self, task: Task, saved: tuple[Progress, tuple[str, ...]]) -> Sheet:
        progress, history = saved
        return Sheet(Interpreter(task, self._backend, self._image, history), progress)

    def _facts(self, sheet: Sheet, run: CodeRun | None = None, missing: int = 0) -> dict[str, Any]:
        return {
            "whole_messages": True,
            "attempts": sheet.progress.attempts,
            "tokens": sheet.progress.tokens,
            "blocks": run.blocks if run else 0,
            "timed_out": run.timed_out if run else False,
            "truncated_bytes": missing,
        }


class MathVectorEnv(TaskVectorEnv):
    """`MathEnv` times `num_envs`, stepped from one process."""

    env_class = MathEnv
