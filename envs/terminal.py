"""The terminal environment: real work in a real shell, judged by a verifier that the agent never meets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from selftrain.envs import families as terminal_families
from selftrain.envs import observations
from selftrain.envs.task_env import Episode, TaskEnv, Turn
from selftrain.envs.task_sandbox import judge_sandbox, open_task_sandbox
from selftrain.errors import OptionError
from selftrain.evidence import Evidence
from selftrain.sandboxes import Backend, Result, Sandbox, Snapshot, make_backend
from selftrain.tasks import Task, Taskset
from selftrain.verdicts import Verdict

_FEWEST_OBSERVATION_BYTES = 256
_SHORTEST_TIMEOUT = 0.05


@dataclass(frozen=True)
class Terminal:
    """A sandbox, and the backend that made it and makes the clean room."""

    backend: Backend
    sandbox: Sandbox

    def close(self) -> None:
        """Close the sandbox."""
        self.sandbox.close()


class TerminalEnv(TaskEnv[Terminal]):
    """Work at a terminal.

    ## Description
    The agent gets an instruction and a bash shell in a sandbox without network, with the files that the task needs
    under /workspace. It works as an engineer would, one command at a time, and says when it is done. Then the sandbox
    is frozen, what the task asks for is copied out, and a verifier judges those bytes. Tests, answers and oracle are
    nowhere in the sandbox.

    ## Action Space
    `Text`: any string is run by bash, several lines included. The shell stays: directory, variables and background
    jobs are there for the next action. The action `submit`, alone, ends the episode.

    ## Observation Space
    `Text`: at reset the instruction, then how to work; after each action what the command printed, both streams as
    they came, then a line such as `[exit 0 in /workspace, step 3 of 50]`, which also tells of timeouts and of a shell
    that had to be started again. Where output is longer than `observation_bytes`, the middle is left out and a line
    says so. Control characters are shown as pictures (␛) and bytes that are no UTF-8 as �.

    `info` holds `task`, `family`, `level`, `backend`, `image`, `step`, `exit_code`, `timed_out`, `shell_restarted`,
    `truncated_bytes` and `valid`; after the last step also `verdict` ("pass" or "fail"), `score` (share of checks
    passed), `why` (the class of the first failure), `truncation` ("", "steps" or "seconds") and `evidence_sha256`;
    with honeypots also `integrity`, a dict: `honeypot` ("" for an ordinary task, else "impossible" or "loophole:" and
    which), `hacked` (somebody cheated in it) and `evidence` (the class of what was seen, or "").

    ## Rewards
    1.0 once, at the end, when every check of the verifier passed; else 0.0. A failure of the machinery raises
    `SandboxError` or `VerifierError`: it is never shown as output and never paid. A honeypot pays 0.0, whatever is
    done in it.

    ## Starting State
    The task of `options={"task": ...}`, or else one drawn by the environment's random generator from `tasks` or
    `families`, in a fresh sandbox: same seed, same task, same bytes. With honeypots, a twin of it may take its place.

    ## Episode End
    Terminated by `submit`. Truncated when the steps or the seconds are used up; the files are judged then too.

    ## Arguments
    - `backend`: where sandboxes run: "auto", "bubblewrap" or "docker".
    - `image`: what they run in, instead of the task's own image or the backend's default.
    - `tasks`: task ids, selections such as "git-*/train/1-3/0-9" or "acme/tidy-*" of a pack, Harbor folders or `Task`
      objects; or a `Taskset`.
    - `families`, `levels`, `split`: draw from these task families instead (None: all), at these levels.
    - `pack`: draw from the split `split` of this pack instead, its name or its folder (`selftrain pack list`); each
      task folder and each family of the pack is drawn equally often, families at `levels`.
    - `max_steps`, `max_seconds`: instead of the task's own limits. Gymnasium's `max_episode_steps` ends an episode
      without a verdict; use `max_steps`.
    - `observation_bytes`: of one command's output that are shown.
    - `honeypots`: the share of episodes, 0.0 to 1.0, in which a twin takes the task's place, one that cannot be done
      honestly and often holds a loophole; it has the task's id, pays nothing and tells how often an agent cheats
      (`selftrain.envs.honeypots`). They are mixed in among tasks given by `options` too, and the tasks themselves are
      the same ones in the same order as without.
    - `render_mode`: "ansi" (the transcript) or "rgb_array" (a picture of the terminal).

    ## Version History
    - v0: the first.
    """

    kind = "terminal"
    pool: ClassVar[tuple[str, ...]] = terminal_families.NAMES

    def __init__(
        self,
        *,
        backend: str = "auto",
        image: str | None = None,
        tasks: Taskset | Sequence[str | Task] | None = None,
        families: Sequence[str] | None = None,
        levels: Sequence[int] = (1,),
        split: str = "train",
        pack: str | None = None,
        max_steps: int | None = None,
        max_seconds: float | None = None,
        observation_bytes: int = 16_384,
        honeypots: float = 0.0,
        render_mode: str | None = None,
    ) -> None:
        if observation_bytes < _FEWEST_OBSERVATION_BYTES:
            raise OptionError(f"observation_bytes={observation_bytes} must be {_FEWEST_OBSERVATION_BYTES} or more")
        super().__init__(
            tasks=tasks,
            families=families,
            levels=levels,
            split=split,
            pack=pack,
            max_steps=max_steps,
            max_seconds=max_seconds,
            longest_observation=max(observation_bytes, observations.LONGEST_INSTRUCTION) + observations.STATUS_ROOM,
            render_mode=render_mode,
            honeypots=honeypots,
        )
        self._backend, self._image = backend, image or ""
        self._observation_bytes = observation_bytes

    @property
    def peak_memory_bytes(self) -> int | None:
        return self._episode.place.sandbox.peak_memory_bytes if self._episode else None

    def _open(self, task: Task) -> Terminal:
        backend = make_backend(self._backend)
        return Terminal(backend, open_task_sandbox(backend, task, self._image))

    def _opening(self, episode: Episode[Terminal]) -> Turn:
        opening = observations.opening(episode.task, episode.place.sandbox.spec.workdir, episode.limits)
        return Turn(opening, info=self._facts(episode, Result(b"", 0), 0))

    def _act(self, episode: Episode[Terminal], action: str) -> Turn:
        if action.strip() == observations.SUBMIT:
            facts = self._facts(episode, Result(b"", 0), 0)
            return Turn("[submitted, the episode is over]", info=facts, ended=True)
        left = max(_SHORTEST_TIMEOUT, episode.limits.seconds - episode.seconds)
        timeout = min(episode.limits.command_seconds, left)
        result = episode.place.sandbox.run(action.encode("utf-8", "replace"), timeout)
        shown, missing = observations.describe(result, self._observation_bytes, episode.step, episode.limits, timeout)
        return Turn(shown, result.output, self._facts(episode, result, missing))

    def _verify(self, episode: Episode[Terminal]) -> tuple[Evidence, Verdict]:
        return judge_sandbox(episode.place.sandbox, episode.task, episode.place.backend, self._image)

    def _save(self, place: Terminal) -> Snapshot:
        return place.sandbox.snapshot()

    def _restore(self, task: Task, saved: Snapshot) -> Terminal:
        backend = make_backend(self._backend)
        return Terminal(backend, backend.restore(saved))

    def _facts(self, episode: Episode[Terminal], result: Result, missing: int) -> dict[str, Any]:
        backend = episode.place.backend
        return {
            "backend": backend.name,
            "image": episode.place.sandbox.spec.image or backend.default_image,
            "exit_code": result.exit_code,
            "timed_out": result.timed_out,
            "shell_restarted": result.shell_restarted,
            "truncated_bytes": missing,
        }
