"""The wrapper that owns the context: its budget, the cut, and what is carried over it."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from selftrain.envs.context import wording
from selftrain.envs.context.desk import Desk
from selftrain.envs.context.notebook import Notebook
from selftrain.envs.context.session import MUST_COMPACT, Session
from selftrain.envs.context.settings import Settings, whole_number
from selftrain.envs.context.tokenizers import ChatTokenizer, make_tokenizer
from selftrain.envs.context.verbs import Verb, parse
from selftrain.envs.context.views import make_view
from selftrain.envs.context.window import Message
from selftrain.errors import OptionError

# messages in a row that step nothing; an agent that cannot do better would go on for ever
LONGEST_IDLE = 100
_PHASES = ("act", "must_compact", "branch")


@dataclass(frozen=True)
class Counts:
    """What an episode has used: messages of the agent, steps of the environment, tokens read and written.

    `idle` counts the messages since the last step of the environment.
    """

    turn: int = 0
    env_steps: int = 0
    tokens: int = 0
    idle: int = 0


@dataclass(frozen=True)
class ContextState:
    """A branch point: the wrapped environment's state, the context, and the notebook as they were."""

    inner: Any
    session: Session
    counts: Counts
    notebook: str
    inner_info: Mapping[str, Any]
    info: Mapping[str, Any]
    picture: Mapping[str, Any]


class ContextBudget(gym.Wrapper[Any, Any, Any, Any], gym.utils.RecordConstructorArgs):
    """Long episodes in a bounded context: the observation is the whole context, and nothing else is carried over a cut.

    The wrapper alone owns the prompt, the budget and the cut; an agent is a pure function of the observation. When an
    observation does not fit any more, the agent is asked for notes (phase MUST_COMPACT: the environment is not
    stepped, the reward is 0), the context becomes system message, task and notes, and the observation that waited is
    delivered after them, whole. The final reward belongs to the whole chain of segments (the summary-augmented
    decision process of SUPO, arXiv 2510.06727). One step is one message of the agent.

    Observation, view="messages": `messages` (a tuple of role and content; an optional system message, then user and
    assistant in turn), `phase` (0 act, 1 must compact, 2 in a branch), `budget_left` (tokens).
    Observation, view="tokens": `prompt` (int32, padded with -1 to the budget), `prompt_len`, `phase`, `budget_left`.
    In both, of an environment that shows pictures, `image`: the latest one, as it came. It takes nothing of the budget.

    An action is a text (or its token ids). It goes to the environment, unless its first line begins with a verb:
    `/compact` (the rest are notes), `/note write PATH`, `/note append PATH`, `/note delete PATH`, `/read PATH`, and in
    mode "fold" `/branch DESCRIPTION` and `/return`. In MUST_COMPACT the whole message is the notes. A message that is
    longer than `reserve`, or a verb that cannot be carried out, costs a turn and steps nothing; after 100 messages in a
    row that step nothing the episode is truncated ("idle").

    `info` has beside the environment's own: `segment`, `kind` ("work" or "branch"), `parent` (-1: none), `turn`,
    `compactions`, `trigger` (what began this segment at this step: "forced", "voluntary", "every", "window", "branch",
    "return", or ""), `phase`, `verb`, `verbs` (all that can be used, with blanks between), `invalid`, `ctx_tokens`,
    `budget`, `reserve`, `notes_budget`, `room` (tokens of the next message), `budget_left`, `notes` (in force),
    `notes_tokens`, `notes_sha`, `notes_overflow` ("", "rejected", "clipped"), `prompt_sha`, `tokens` (all prompts and
    messages so far), `env_steps`, `idle` (messages since the last of them), `clipped` (tokens of an observation that
    fits no context and was shown with its middle left out) and `truncation`.

    Args:
        env: an environment of texts; of observations that hold a "text" and an "image", both are shown.
        budget: tokens that the agent may see and write at once; a pair (low, high) is drawn from per task, so that
            all rollouts of one task share it.
        reserve: tokens of one message of the agent.
        notes_budget: tokens of the notes.
        mode: "rewrite" (notes at the limit), "fold" (branch and return, notes where the main context is full),
            "notebook" (at the limit only task and a list of the notebook's files stay), "window" (the oldest turns are
            dropped), "none" (truncated at the limit), "oracle_full" (no limit; the upper bound).
        trigger: "forced" (at the limit), "voluntary" (only the agent's `/compact`), "both", or "every:K" steps of the
            environment.
        at: share of the budget at which the limit lies.
        tokenizer: "bytes", the path of a tokenizer.json, a folder of a transformers tokenizer, or an object.
        view: "messages" or "tokens".
        overflow: notes over their budget are rejected (two more tries, then there are none) or clipped.
        max_compactions, max_turns: the episode is truncated where it would need more.
        show_task: show the task again after a cut.
        system: the system message; None explains what the mode allows, "" leaves it out.
        notebook: a `Notebook`, or the folder of one; the mode "notebook" has one in memory where none is given, which
            lasts an episode.
        ablation: what is delivered after a cut: "own" notes, "wiped", "shuffled", or "other" (`donor_notes` in turn);
            others than "own" need mode "rewrite" without a notebook, where notes are all that is carried.

    Raises:
        OptionError: an argument is out of range. ContextError (from `reset`): the budget cannot hold the task.
    """

    # Gymnasium's annotation gives the inner environment the outer one's types
    env: gym.Env[Any, Any]

    def __init__(
        self,
        env: gym.Env[Any, Any],
        *,
        budget: int | Sequence[int],
        reserve: int,
        notes_budget: int,
        mode: str = "rewrite",
        trigger: str = "both",
        at: float = 1.0,
        tokenizer: str | ChatTokenizer = "bytes",
        view: str = "messages",
        overflow: str = "reject",
        max_compactions: int | None = None,
        max_turns: int | None = None,
        show_task: bool = True,
        system: str | None = None,
        notebook: Notebook | Path | str | None = None,
        ablation: str = "own",
        donor_notes: Sequence[str] = (),
    ) -> None:
        arguments = {name: value for name, value in locals().items() if name not in ("self", "env", "__class__")}
        gym.utils.RecordConstructorArgs.__init__(self, _disable_deepcopy=True, **arguments)
        super().__init__(env)
        bounds = tuple(budget) if isinstance(budget, Sequence) and not isinstance(budget, str) else (budget, budget)
        if len(bounds) != 2:
            raise OptionError(f"budget={budget!r} must be a number of tokens, or a pair (low, high)")
        if notebook is not None and ablation != "own":
            raise OptionError(f"ablation={ablation!r} stands in for notes, and files of a notebook would go past it")
        low, high = (whole_number("budget", bound) for bound in bounds)
        self._settings = Settings(
            (low, high), reserve, notes_budget, mode, trigger, at, view, overflow, max_compactions,
            max_turns, show_task, ablation, tuple(donor_notes),
        )  # fmt: skip
        self._tokenizer = make_tokenizer(tokenizer)
        self._view = make_view(self._settings, self._tokenizer)
        pictures = _pictures(env.observation_space)
        self.observation_space = gym.spaces.Dict({**self._view.observation_space, **pictures})
        self.action_space = self._view.action_space
        self._desk = Desk(notebook, mode)
        self._system = wording.system(self._settings, self._desk.exists) if system is None else system
        self._session: Session | None = None
        self._counts = Counts()
        self._inner_info: dict[str, Any] = {}
        self._info: dict[str, Any] = {}
        self._picture: dict[str, Any] = {}

    @property
    def notebook(self) -> Notebook | None:
        """The files that outlive the context, where there are any; those of a folder from the first reset on."""
        return self._desk.notebook

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Start an episode.

        Args:
            seed: of the environment.
            options: `notebook`: "keep" (the default), "clear:SCOPE" or the name of a snapshot; `lab` and `agent`: keys
                of the notebook's scopes of these names; without `lab`, that is the `lab` of the environment's info. The
                others go to the environment.

        Raises:
            ContextError: the budget cannot hold system message, task, notes and reserve; says what can.
        """
        options = dict(options or {})
        wanted, lab, agent = (options.pop(name, "") for name in ("notebook", "lab", "agent"))
        self._session = None
        shown, info = self.env.reset(seed=seed, options=options or None)
        opening = self._text(shown)
        task = str(info.get("task") or opening)
        self._desk.open(wanted or "keep", {"task": task, "lab": lab or str(info.get("lab", "")), "agent": agent})
        budget = self._settings.drawn_budget(task)
        session = Session(self._settings, self._tokenizer, self._system, budget, opening, self._desk.index())
        self._session, self._counts, self._inner_info = session, Counts(), dict(info)
        return self._observation(session), self._report(session, Verb("act"))

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Take one message of the agent.

        Raises:
            TypeError, ValueError: the action is not of the action space.
            gymnasium.error.ResetNeeded: there is no episode, or it is over.
        """
        session = self._playing()
        message = self._view.message(action)
        counts = self._counts
        used = counts.tokens + session.window.tokens + message.size
        self._counts = replace(counts, turn=counts.turn + 1, tokens=used, idle=counts.idle + 1)
        session.begin_turn()
        reward, terminated, truncated = 0.0, False, False
        verb = self._verb(session, message)
        if verb.name == "act":
            reward, terminated, truncated = self._act(session, message, verb.text)
        else:
            verb = self._carry_out(session, message, verb)
        if session.trigger in ("forced", "voluntary", "every", "window"):
            self._desk.cut()
            session.index = self._desk.index()
        limit = "" if terminated or truncated else self._limit(session)
        if limit:
            reward, truncated = self._truncate(limit), True
        if terminated or truncated:
            self._session = None
        return self._observation(session), reward, terminated, truncated, self._report(session, verb)

    def _verb(self, session: Session, message: Message) -> Verb:
        if session.phase == MUST_COMPACT:
            return Verb("notes")
        if message.size > session.room:
            return Verb("invalid", f"a message of {message.size} tokens, at most {session.room}")
        return parse(message.text)

    def _act(self, session: Session, message: Message, text: str) -> tuple[float, bool, bool]:
        observation, reward, terminated, truncated, info = self.env.step(text)
        self._counts = replace(self._counts, env_steps=self._counts.env_steps + 1, idle=0)
        self._inner_info = dict(info)
        if terminated or truncated:
            session.finish(message, self._text(observation))
        else:
            session.deliver(message, self._text(observation), acted=True)
        return float(reward), bool(terminated), bool(truncated)

    def _carry_out(self, session: Session, message: Message, verb: Verb) -> Verb:
        """What a verb of the context does; the verb that comes back is "invalid" where it could not be done."""
        if verb.name == "notes":
            inside = bool(session.frames)
            session.take_notes(message)
            if session.phase == MUST_COMPACT and not session.trigger:
                return Verb("invalid", "the notes are too long")
            return Verb("return" if inside else "compact")
        if verb.name in ("note", "read"):
            answer, verb = self._desk.use(verb)
            session.index = self._desk.index()
            session.deliver(message, answer)
            return verb
        if why := self._refusal(session, message, verb):
            session.deliver(session.shortened(message), wording.invalid(why))
            return Verb("invalid", why)
        if verb.name == "compact":
            session.cut_at_will(verb.text)
        elif verb.name == "return":
            session.leave_branch(verb.text)
        else:
            session.enter_branch(message, verb.path)
        return verb

    def _refusal(self, session: Session, message: Message, verb: Verb) -> str:
        """Why a cut, a branch or a return is not possible; "" when it is."""
        if verb.name == "invalid":
            return verb.text
        if verb.name == "return":
            return "" if session.frames else "there is no branch to return from"
        if verb.name == "branch":
            if self._settings.mode != "fold":
                return "there are no branches here"
            return "" if session.has_room_for_branch(message, verb.path) else "there is no room for a branch"
        if not self._settings.allows_voluntary:
            return "there are no cuts at will here"
        if session.frames:
            return "return from the branch first"
        if session.used_up:
            return "no cut is left"
        size = session.too_long(verb.text)
        if not size or self._settings.overflow == "clip" or self._settings.mode == "notebook":
            return ""
        session.notes_overflow = "rejected"
        return f"notes of {size} tokens, at most {self._settings.notes_budget}"

    def _limit(self, session: Session) -> str:
        if session.truncation:
            return session.truncation
        most = self._settings.max_turns
        if most is not None and self._counts.turn >= most:
            return "max_turns"
        return "idle" if self._counts.idle >= LONGEST_IDLE else ""

    def _truncate(self, limit: str) -> float:
        """End the episode from outside; an environment that can judge its state as it stands does so."""
        judge = getattr(self.env.unwrapped, "truncate", None)
        if judge is None:
            self._inner_info["truncation"] = limit
            return 0.0
        reward, info = judge(limit)
        self._inner_info = dict(info)
        return float(reward)

    def save_state(self) -> ContextState:
        """A branch point in the middle of an episode, such as a cut: to be restored as often as wanted.

        Raises:
            gymnasium.error.ResetNeeded: there is no episode, or it is over.
        """
        session = copy.copy(self._playing())
        inner = self.env.get_wrapper_attr("save_state")()
        infos = dict(self._inner_info), dict(self._info)
        return ContextState(inner, session, self._counts, self._desk.snapshot(), *infos, dict(self._picture))

    def restore_state(self, state: ContextState) -> tuple[Any, dict[str, Any]]:
        """Go on from `state`; returns the observation and the info that were current there."""
        self.env.get_wrapper_attr("restore_state")(state.inner)
        self._desk.restore(state.notebook)
        self._session, self._counts = copy.copy(state.session), state.counts
        self._inner_info, self._info = dict(state.inner_info), dict(state.info)
        self._picture = dict(state.picture)
        return self._observation(self._session), dict(self._info)

    def close(self) -> None:
        """Close the environment, and let go of the notebook's folder; closing twice is fine."""
        self._session = None
        self._desk.close()
        self.env.close()

    def _text(self, shown: Any) -> str:
        """The text of what the environment shows; a picture beside it is kept, for a context is made of text."""
        if not isinstance(shown, Mapping):
            return str(shown)
        self._picture = {"image": shown["image"]} if "image" in shown else {}
        return str(shown["text"])

    def _observation(self, session: Session) -> dict[str, Any]:
        return {**self._view.observation(session), **self._picture}

    def _playing(self) -> Session:
        if self._session is None:
            raise gym.error.ResetNeeded("There is no episode, or it is over: call reset() first.")
        return self._session

    def _report(self, session: Session, verb: Verb) -> dict[str, Any]:
        self._info = {
            "truncation": "",
            "valid": True,
            **self._inner_info,
            "segment": session.segment,
            "kind": "branch" if session.frames else "work",
            "parent": session.parent,
            "compactions": session.compactions,
            "trigger": session.trigger,
            "phase": _PHASES[session.phase],
            "verb": verb.name,
            "verbs": self._settings.verbs(self._desk.exists),
            "invalid": verb.text if verb.name == "invalid" else "",
            "ctx_tokens": session.window.tokens,
            "budget": session.budget,
            "reserve": self._settings.reserve,
            "notes_budget": self._settings.notes_budget,
            "room": session.room,
            "budget_left": session.left,
            "notes": session.notes,
            "notes_tokens": len(self._tokenizer.assistant_ids(session.notes)) - 1,
            "notes_overflow": session.notes_overflow,
            "notes_sha": _sha(session.notes.encode("utf-8", "surrogatepass")),
            "prompt_sha": _sha(np.asarray(session.window.ids, np.int32).tobytes()),
            "clipped": session.clipped,
            **asdict(self._counts),
        }
        return dict(self._info)


def _pictures(space: gym.Space[Any]) -> dict[str, gym.Space[Any]]:
    return {"image": space["image"]} if isinstance(space, gym.spaces.Dict) and "image" in space.spaces else {}


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
