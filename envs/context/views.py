"""How a session is shown to an agent, and how its actions are read: as messages, or as tokens."""

from __future__ import annotations

from typing import Any, Protocol

import gymnasium as gym
import numpy as np

from selftrain.envs.context.session import Session
from selftrain.envs.context.settings import Settings
from selftrain.envs.context.tokenizers import ChatTokenizer
from selftrain.envs.context.window import Message
from selftrain.envs.spaces import Text

LONGEST_MESSAGE = 1 << 22
_ROLE = 16
NO_TOKEN = -1


class View(Protocol):
    """Spaces, and the two directions."""

    observation_space: gym.spaces.Dict
    action_space: gym.Space[Any]

    def observation(self, session: Session) -> dict[str, Any]:
        """The whole context, the phase, and what is left of the budget."""
        ...

    def message(self, action: Any) -> Message:
        """The agent's action as a message.

        Raises:
            TypeError, ValueError: it is not of the action space.
        """
        ...


class MessagesView:
    """For chat models: a tuple of messages, each a role and a text; an action is a text."""

    def __init__(self, settings: Settings, tokenizer: ChatTokenizer) -> None:
        self._tokenizer = tokenizer
        message = gym.spaces.Dict({"role": Text(_ROLE), "content": Text(LONGEST_MESSAGE)})
        self.observation_space = _space({"messages": gym.spaces.Sequence(message)}, settings)
        self.action_space: gym.Space[Any] = Text(LONGEST_MESSAGE)

    def observation(self, session: Session) -> dict[str, Any]:
        """The messages in order, the system message first where there is one."""
        window = session.window
        shown = [{"role": turn.role, "content": turn.content} for turn in window.turns]
        if window.system:
            shown.insert(0, {"role": "system", "content": window.system})
        return {"messages": tuple(shown), "phase": np.int64(session.phase), "budget_left": _left(session)}

    def message(self, action: Any) -> Message:
        """The text with the tokens that the tokenizer gives it."""
        if not isinstance(action, str):
            raise TypeError(f"an action is a string, one message of the agent, not {action!r}")
        return Message.of(str(action), self._tokenizer)


class TokensView:
    """For policies that sample tokens: an int32 array padded with -1; an action is one too, kept exactly as sampled."""

    def __init__(self, settings: Settings, tokenizer: ChatTokenizer) -> None:
        self._tokenizer = tokenizer
        self._length = settings.budget[1]
        self._end = tokenizer.assistant_ids("")[-1]
        last = tokenizer.vocabulary - 1
        prompt: dict[str, gym.Space[Any]] = {
            "prompt": gym.spaces.Box(NO_TOKEN, last, (self._length,), np.int32),
            "prompt_len": gym.spaces.Box(0, self._length, (), np.int64),
        }
        self.observation_space = _space(prompt, settings)
        longest = max(settings.reserve, settings.notes_budget)
        sizes, starts = np.full(longest, last - NO_TOKEN + 1), np.full(longest, NO_TOKEN)
        self.action_space: gym.Space[Any] = gym.spaces.MultiDiscrete(sizes, np.int32, start=starts)

    def observation(self, session: Session) -> dict[str, Any]:
        """The prompt, filled up with -1 on the right."""
        ids = session.window.ids
        prompt = np.full(self._length, NO_TOKEN, np.int32)
        prompt[: len(ids)] = ids
        return {
            "prompt": prompt,
            "prompt_len": np.array(len(ids), np.int64),
            "phase": np.int64(session.phase),
            "budget_left": _left(session),
        }

    def message(self, action: Any) -> Message:
        """The sampled tokens up to the first -1; a missing end-of-turn token is added for the prompts that follow."""
        ids = np.asarray(action)
        if ids.ndim != 1 or not np.issubdtype(ids.dtype, np.integer):
            raise TypeError(f"an action is a flat array of token ids, not {action!r}")
        sampled = tuple(int(token) for token in ids[: int(np.argmax(ids < 0)) if (ids < 0).any() else len(ids)])
        if beyond := [token for token in sampled if token >= self._tokenizer.vocabulary]:
            raise ValueError(f"token {beyond[0]} is not in the vocabulary of {self._tokenizer.vocabulary}")
        if self._end in sampled:
            sampled = sampled[: sampled.index(self._end) + 1]
        closed = sampled if sampled and sampled[-1] == self._end else (*sampled, self._end)
        return Message(self._tokenizer.decode(sampled), closed, len(closed) - 1)


def make_view(settings: Settings, tokenizer: ChatTokenizer) -> View:
    """The view that the settings name."""
    return TokensView(settings, tokenizer) if settings.view == "tokens" else MessagesView(settings, tokenizer)


def _space(shown: dict[str, gym.Space[Any]], settings: Settings) -> gym.spaces.Dict:
    left = gym.spaces.Box(0, settings.budget[1], (), np.int64)
    return gym.spaces.Dict({**shown, "phase": gym.spaces.Discrete(3), "budget_left": left})


def _left(session: Session) -> Any:
    return np.array(session.left, np.int64)
