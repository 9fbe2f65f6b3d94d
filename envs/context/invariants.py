"""What must hold of every environment under a context budget, as functions that play it and raise `BrokenInvariant`.

They look from outside: at what the agent saw, at what the environment was asked and answered (a spy sits between
wrapper and environment), and at nothing that the wrapper reports about itself where it can be counted anew.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import gymnasium as gym
import numpy as np

from selftrain.envs.context import wording
from selftrain.envs.context.budget import ContextBudget
from selftrain.envs.context.tokenizers import ChatTokenizer, make_tokenizer
from selftrain.envs.context.verbs import notes_of

MakeEnv = Callable[[], gym.Env[Any, Any]]
Policy = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]
_CUTS = ("forced", "voluntary", "every")


class BrokenInvariantError(AssertionError):
    """An invariant of long episodes does not hold; says which, where, and what was found."""


@dataclass(frozen=True)
class Call:
    """One call of the wrapped environment's `step`, and its answer; of one with a picture, text and picture apart."""

    action: Any
    observation: Any
    reward: float
    over: bool
    picture: bytes = b""

    @classmethod
    def of(cls, action: Any, observation: Any, reward: Any, over: Any) -> Self:
        """The call, from what `step` took and gave."""
        text, picture = _apart(observation)
        return cls(action, text, float(reward), bool(over), picture)


@dataclass(frozen=True)
class Turn:
    """What the agent saw, what it did, and what `step` said to that."""

    observation: Mapping[str, Any]
    info: Mapping[str, Any]
    action: Any
    reward: float
    over: bool


@dataclass(frozen=True)
class Episode:
    """A played episode from both sides of the wrapper."""

    opening: str
    turns: tuple[Turn, ...]
    last: Mapping[str, Any]
    last_info: Mapping[str, Any]
    calls: tuple[Call, ...]

    @property
    def seen(self) -> tuple[Mapping[str, Any], ...]:
        """Every observation in order, the last one included."""
        return (*(turn.observation for turn in self.turns), self.last)

    @property
    def infos(self) -> tuple[Mapping[str, Any], ...]:
        """Every info in order, the last one included."""
        return (*(turn.info for turn in self.turns), self.last_info)


@dataclass
class _Spy(gym.Wrapper[Any, Any, Any, Any]):
    env: Any
    calls: list[Call] = field(default_factory=list)
    opening: str = ""

    def __post_init__(self) -> None:
        super().__init__(self.env)

    def reset(self, **arguments: Any) -> tuple[Any, dict[str, Any]]:
        """Forget the last episode."""
        observation, info = self.env.reset(**arguments)
        self.calls, self.opening = [], str(_apart(observation)[0])
        return observation, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Write the call down."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self.calls.append(Call.of(action, observation, reward, terminated or truncated))
        return observation, reward, terminated, truncated, info


def play(
    make: MakeEnv,
    policy: Policy,
    *,
    seed: int = 0,
    longest: int = 10_000,
    wrapper: type[ContextBudget] = ContextBudget,
    **budget: Any,
) -> Episode:
    """Play one episode of `make()` under a `ContextBudget` of these arguments.

    Args:
        make: makes the environment, of texts, without the wrapper.
        policy: (observation, info) → action.
        seed: of the environment.
        longest: turns after which the episode is given up.
        wrapper: the class under test.
        budget: arguments of the wrapper.
    """
    spy = _Spy(make())
    with contextlib.closing(wrapper(spy, **budget)) as env:
        observation, info = env.reset(seed=seed)
        turns: list[Turn] = []
        over = False
        while not over and len(turns) < longest:
            action = policy(observation, info)
            after, reward, terminated, truncated, then = env.step(action)
            over = terminated or truncated
            turns.append(Turn(observation, info, action, float(reward), over))
            observation, info = after, then
        return Episode(spy.opening, tuple(turns), observation, info, tuple(spy.calls))


def check_room(episode: Episode, budget: int, tokenizer: str | ChatTokenizer = "bytes") -> None:
    """I1: at every call of the model, the prompt and the longest message that it may write fit the budget."""
    for number, turn in enumerate(episode.turns):
        tokens = prompt_tokens(turn.observation, make_tokenizer(tokenizer))
        room = turn.info["notes_budget"] if turn.observation["phase"] == 1 else turn.info["reserve"]
        if tokens + room > budget:
            raise BrokenInvariantError(f"I1: turn {number}: prompt {tokens} + message {room} > budget {budget}")


def check_fresh(episode: Episode, system: str | None = None) -> None:
    """I2b: after a cut the prompt is the system message, the task, the notes and what was waiting, and nothing else."""
    answers = {"", *(str(call.observation) for call in episode.calls)}
    for before, after, info in zip(episode.seen, episode.seen[1:], episode.infos[1:], strict=False):
        if info["trigger"] not in _CUTS:
            continue
        first, rest = _split(after)
        if first != _split(before)[0] or (system is not None and first != system):
            raise BrokenInvariantError(f"I2b: turn {info['turn']}: the system message changed")
        if len(rest) != 1:
            raise BrokenInvariantError(f"I2b: turn {info['turn']}: {len(rest)} messages after a cut")
        content = rest[0]["content"]
        pending = _latest(episode, content, info)
        wanted = wording.opening(episode.opening, info["notes"], pending)
        if content != wanted or not (info["clipped"] or pending in answers or pending.startswith("[")):
            raise BrokenInvariantError(f"I2b: turn {info['turn']}: the prompt after the cut holds something else")


def check_non_interference(one: Episode, other: Episode) -> None:
    """I2: two episodes with the same task, notes and waiting observation go on from the same bytes, whatever was cut.

    The caller plays them with different observations and actions before the cuts.
    """
    cuts = [
        [seen for seen, info in zip(episode.seen, episode.infos, strict=True) if info["trigger"] in _CUTS]
        for episode in (one, other)
    ]
    if not cuts[0] or len(cuts[0]) != len(cuts[1]):
        raise BrokenInvariantError(f"I2: {len(cuts[0])} and {len(cuts[1])} cuts: the pair shows nothing")
    for number, pair in enumerate(zip(*cuts, strict=True), start=1):
        if not same(*pair):
            raise BrokenInvariantError(f"I2: cut {number}: the prompts differ though nothing that is carried does")


def check_canaries(episode: Episode, canaries: Mapping[int, str]) -> None:
    """I3: a canary of segment s is in a later segment's prompt only when the notes in force hold it."""
    answers = {str(call.observation) for call in episode.calls}
    for seen, info in zip(episode.seen, episode.infos, strict=True):
        shown = [message["content"] for message in _split(seen)[1]]
        waited = _latest(episode, shown[0], info) if info["trigger"] in _CUTS else ""
        # what the environment answered last may tell of it; it waited for the cut, and the notes did not hold it
        text = "\n".join(shown).replace(waited, "") if waited in answers else "\n".join(shown)
        for segment, canary in canaries.items():
            if segment < info["segment"] and canary in text and canary not in info["notes"]:
                raise BrokenInvariantError(f"I3: {canary} of segment {segment} is seen in segment {info['segment']}")


def check_replay(episode: Episode, make: MakeEnv, seed: int = 0) -> None:
    """I5: the actions that the agent sent, in order, on a bare environment: same answers, rewards and end."""
    sent = [turn.action for turn, after in zip(episode.turns, episode.infos[1:], strict=True) if after["verb"] == "act"]
    with make() as bare:
        bare.reset(seed=seed)
        answers = [bare.step(action) for action in sent]
    again = [Call.of(a, o, r, t or c) for a, (o, r, t, c, _) in zip(sent, answers, strict=True)]
    if tuple(again) != episode.calls:
        raise BrokenInvariantError(
            f"I5: {len(episode.calls)} calls of the environment, {len(again)} of the replay differ"
        )
    earned = sum(turn.reward for turn in episode.turns)
    if earned != sum(call.reward for call in again):
        raise BrokenInvariantError(
            f"I5: the agent was paid {earned}, the environment paid {sum(c.reward for c in again)}"
        )


def check_delivery(episode: Episode) -> None:
    """I10: every observation of the environment is delivered exactly once, whole, unless a note says it was cut."""
    delivered: Counter[str] = Counter()
    known: tuple[Any, ...] = _split(episode.seen[0])[1]
    for seen, info in zip(episode.seen[1:], episode.infos[1:], strict=True):
        shown = _split(seen)[1]
        continued = shown[: len(known)] == known and len(shown) > len(known)
        fresh = info["trigger"] in (*_CUTS, "window")
        if (continued or fresh) and info["phase"] != "must_compact":
            delivered[_latest(episode, shown[-1]["content"], info)] += 1
        known = shown
    # a request stands where an observation waits, and the episode may end before it is delivered
    owed = Counter(str(call.observation) for call in episode.calls)
    ended = episode.last_info["truncation"] != ""
    clipped = sum(info["clipped"] > 0 for info in episode.infos)
    missing = [text for text in owed if delivered[text] != owed[text]]
    if len(missing) > clipped + ended:
        raise BrokenInvariantError(f"I10: {len(missing)} observations were not delivered exactly once: {missing[0]!r}")


def check_notes(episode: Episode, tokenizer: str | ChatTokenizer = "bytes") -> None:
    """I11: the notes in force are within their budget, and notes that were too long are on record."""
    count = make_tokenizer(tokenizer)
    for turn, after in zip(episode.turns, episode.infos[1:], strict=True):
        limit = after["notes_budget"]
        if len(count.assistant_ids(after["notes"])) - 1 > limit:
            raise BrokenInvariantError(f"I11: turn {after['turn']}: the notes in force are over {limit} tokens")
        asked = turn.observation["phase"] == 1 and isinstance(turn.action, str)
        if asked and len(count.assistant_ids(notes_of(turn.action))) - 1 > limit and not after["notes_overflow"]:
            raise BrokenInvariantError(f"I11: turn {after['turn']}: notes over {limit} tokens left no trace")


def check_provenance(episode: Episode) -> None:
    """I6, view="tokens": what was sampled stands in the prompts that follow, token for token."""
    for turn, after, info in zip(episode.turns, episode.seen[1:], episode.infos[1:], strict=True):
        if info["trigger"] or info["invalid"] or turn.info["phase"] == "must_compact":
            continue
        before = turn.observation["prompt"][: int(turn.observation["prompt_len"])]
        sampled = np.asarray(turn.action)[np.asarray(turn.action) >= 0]
        then = after["prompt"][: int(after["prompt_len"])]
        if not np.array_equal(then[: len(before) + len(sampled)], np.concatenate([before, sampled])):
            raise BrokenInvariantError(f"I6: turn {info['turn']}: the next prompt does not go on from what was sampled")


def prompt_tokens(observation: Mapping[str, Any], tokenizer: ChatTokenizer) -> int:
    """The size of the prompt that an observation of either view is."""
    if "prompt" in observation:
        return int((observation["prompt"] >= 0).sum())
    system, turns = _split(observation)
    sizes = [len(tokenizer.user_ids(turns[0]["content"], system, first=True))]
    for turn in turns[1:]:
        ids = tokenizer.assistant_ids if turn["role"] == "assistant" else tokenizer.user_ids
        sizes.append(len(ids(turn["content"])))
    return sum(sizes)


def same(one: Any, other: Any) -> bool:
    """Whether two observations are equal in every part, arrays included."""
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(np.array_equal(one, other)) if isinstance(one, np.ndarray) else bool(one == other)


def _split(observation: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
    messages = tuple(observation["messages"])
    if messages[0]["role"] == "system":
        return messages[0]["content"], messages[1:]
    return "", messages


def _latest(episode: Episode, content: str, info: Mapping[str, Any]) -> str:
    """What a user message delivers: all of it, or after a cut what stands behind task and notes."""
    if info["trigger"] not in _CUTS:
        return content
    for task in (episode.opening, ""):
        head = wording.opening(task, info["notes"], "")
        if content.startswith(head):
            return content.removeprefix(head).removeprefix(f"\n\n{wording.LATEST_HEADING}\n")
    return content


def _apart(observation: Any) -> tuple[Any, bytes]:
    if isinstance(observation, Mapping):
        return observation["text"], observation["image"].tobytes()
    return observation, b""
