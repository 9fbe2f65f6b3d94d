"""A small policy for numeric memory environments, and the agent that plays it.

The policy reads a set of items (what is visible, and the notes), and points at those it wants to keep. It has no
state of its own: whatever it knows of earlier segments stands in the notes.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from torch import Tensor, nn

from selftrain.errors import OptionError, RecordError
from selftrain.tokens import Sample

Ints = npt.NDArray[np.int64]
Observation = Mapping[str, npt.NDArray[Any]]
PHASES = 2  # flags in `clock`: is this the last segment, is anything asked
UNITS = 48


@dataclass(frozen=True)
class Shape:
    """The sizes that a policy needs to know of an environment.

    Attributes:
        columns: how many values each field of an item can take.
        rows: visible items.
        slots: of the notes.
        symbols: values of a slot where notes are written in free symbols; 0 where slots hold items.
        answers: values of the answer.
    """

    columns: tuple[int, ...]
    rows: int
    slots: int
    symbols: int
    answers: int

    @classmethod
    def of(cls, observations: spaces.Space[Any], actions: spaces.Space[Any]) -> Shape:
        """The shape of an environment with these (single) spaces.

        Raises:
            OptionError: they are not the spaces of a numeric memory environment.
        """
        if not (isinstance(observations, spaces.Dict) and isinstance(actions, spaces.MultiDiscrete)):
            raise OptionError(f"a pointer policy plays Dict → MultiDiscrete, not {observations} → {actions}")
        visible, notes = observations["visible"], observations["notes"]
        if not (isinstance(visible, spaces.Box) and isinstance(notes, spaces.Box)):
            raise OptionError(f"'visible' and 'notes' must be boxes of small integers, not {visible} and {notes}")
        symbols = int(notes.high.max()) + 1 if len(notes.shape) == 1 else 0
        columns = tuple(int(high) + 1 for high in visible.high.max(axis=0))
        return cls(columns, visible.shape[0], notes.shape[0], symbols, int(actions.nvec[-1]))

    @property
    def choices(self) -> int:
        """How many things a slot can be filled with."""
        return self.symbols or self.rows + self.slots + 1

    @property
    def features(self) -> int:
        """Length of the code of an item: fields, those shared by slot, is it a note, symbols by slot, and the phase."""
        return sum(self.columns) + self.shared + 1 + self.slots * self.symbols + PHASES

    @property
    def shared(self) -> int:
        """How many numbers tell what an item shares with those of the other side; none where notes hold no items."""
        return 0 if self.symbols else len(self.columns) * self.slots


class PointerPolicy(nn.Module):
    """A deep set over items with one pointer a slot and one answer, all chosen independently given the observation.

    Two layers see each item beside the sum over all items, which is what comparing two of them takes. The same
    weights serve every segment, so that nothing depends on how many there are.

    Args:
        shape: of the environment.
        units: width of both layers.
    """

    def __init__(self, shape: Shape, units: int = UNITS) -> None:
        super().__init__()
        self.shape, self.units = shape, units
        self.item, self.own = nn.Linear(shape.features, units), nn.Linear(shape.features, units)
        self.others = nn.Linear(units, units, bias=False)
        self.point = nn.Linear(units, shape.slots)
        self.whole = nn.Linear(units, shape.slots * (shape.symbols or 1) + shape.answers)

    def forward(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the slots (n, slots, choices) and of the answer (n, answers), from item codes."""
        shape, present = self.shape, codes[..., :1]
        seen = (torch.relu(self.item(codes[..., 1:])) * present).sum(1, keepdim=True)
        items = torch.relu(self.own(codes[..., 1:]) + self.others(seen))
        whole = self.whole((items * present).sum(1))
        slots, answer = whole[:, : -shape.answers], whole[:, -shape.answers :]
        if shape.symbols:
            return slots.unflatten(1, (shape.slots, shape.symbols)), answer
        pointers = self.point(items).masked_fill(present == 0, -1e9).transpose(1, 2)
        return torch.cat([pointers, slots[:, :, None]], 2), answer

    def encode(self, observation: Observation) -> Tensor:
        """Codes of a batch of observations: (n, items, 1 + features); the first number: is an item there."""
        shape = self.shape
        visible = torch.as_tensor(np.asarray(observation["visible"]), dtype=torch.int64)
        notes = torch.as_tensor(np.asarray(observation["notes"]), dtype=torch.int64)
        phase = torch.as_tensor(np.asarray(observation["clock"]), dtype=torch.float32)
        n, fields, width = len(visible), sum(shape.columns), sum(shape.columns) + shape.shared
        codes = torch.zeros(n, shape.rows + shape.slots, 1 + shape.features)
        kept = visible if shape.symbols else torch.cat([visible, notes], 1)
        starts = torch.as_tensor(np.cumsum([0, *shape.columns[:-1]]))
        codes[:, : kept.shape[1], 1 : 1 + fields].scatter_(2, kept + starts, 1.0)
        if shape.shared:
            codes[:, :, 1 + fields : 1 + width] = _shared(kept, shape.rows)
        codes[:, : kept.shape[1], 0] = (kept[:, :, 0] > 0).float()  # kind 0 is an empty row
        codes[:, shape.rows :, 1 + width] = 1.0
        if shape.symbols:
            at = 2 + width + torch.arange(shape.slots) * shape.symbols
            codes[:, shape.rows :].scatter_(2, (notes + at)[:, :, None], 1.0)
            codes[:, shape.rows :, 0] = 1.0
        codes[:, :, -PHASES:] = phase[:, None]
        return codes

    def log_probs(self, codes: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probability of each part of the actions (n, slots + 1), and entropy (n); parts without effect count 0."""
        slots, answer = (logits.log_softmax(-1) for logits in self(codes))
        spread = -torch.cat([(slots.exp() * slots).sum(2), (answer.exp() * answer).sum(1, keepdim=True)], 1)
        return self._chosen(codes, slots, answer, actions), (spread * self.effect(codes)).sum(1)

    def choose(self, codes: Tensor, noise: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Actions (n, slots + 1) and the log-probability of their parts: likeliest, or sampled with `noise_for`."""
        slots, answer = (logits.log_softmax(-1) for logits in self(codes))
        effect = self.effect(codes)
        if noise is None:
            best = [slots.argmax(2), answer.argmax(1, keepdim=True)]
        else:
            split = self.shape.slots * self.shape.choices
            best = [(slots + noise[:, :split].view_as(slots)).argmax(2)]
            best.append((answer + noise[:, split:]).argmax(1, keepdim=True))
        actions = torch.cat(best, 1) * effect.long()  # what has no effect is 0, so that no chance is spent on it
        return actions, self._chosen(codes, slots, answer, actions)

    def _chosen(self, codes: Tensor, slots: Tensor, answer: Tensor, actions: Tensor) -> Tensor:
        parts = [slots.gather(2, actions[:, :-1, None]).squeeze(2), answer.gather(1, actions[:, -1:])]
        return torch.cat(parts, 1) * self.effect(codes)

    def noise_for(self, count: int, random: np.random.Generator) -> Tensor:
        """Gumbel noise for `count` sampled actions."""
        width = self.shape.slots * self.shape.choices + self.shape.answers
        return torch.as_tensor(random.gumbel(size=(count, width)), dtype=torch.float32)

    def effect(self, codes: Tensor) -> Tensor:
        """1 for each part of an action that counts (n, slots + 1): notes before the last segment, the answer in it."""
        last = codes[:, :1, -PHASES]
        return torch.cat([(1 - last).expand(-1, self.shape.slots), last], 1)

    def save(self, path: Path | str) -> None:
        """Write sizes and weights."""
        torch.save({"shape": asdict(self.shape), "units": self.units, "weights": self.state_dict()}, path)

    @classmethod
    def load(cls, path: Path | str) -> PointerPolicy:
        """A policy as `save` wrote it; the file is read as data and can run no code.

        Raises:
            RecordError: there is no such file, or it holds no policy.
        """
        try:
            kept = torch.load(path, weights_only=True)
            policy = cls(Shape(**kept["shape"]), kept["units"])
            policy.load_state_dict(kept["weights"])
        except (OSError, RuntimeError, KeyError, TypeError, pickle.UnpicklingError) as error:
            raise RecordError(f"{path} holds no weights of a PointerPolicy: {error}") from error
        return policy


def _shared(items: Tensor, rows: int) -> Tensor:
    """For each slot and field of an item: does it share that with the note there, or with a visible item if it is it?

    Whether two items speak of the same thing decides what is to be kept and what to be answered. One-hot fields do not
    tell: it would have to be learned for each value apart, and a policy that cannot tell yet settles for one note.
    """
    visible, notes = items[:, :rows], items[:, rows:]
    same = (visible[:, :, None] == notes[:, None]) & (notes > 0)[:, None]  # 0 is no value
    own = torch.eye(notes.shape[1], dtype=torch.bool)[:, :, None] & same.any(1)[:, :, None]
    return torch.cat([same, own], 1).flatten(2).float()


class PolicyAgent:
    """Plays a numeric memory environment with trained weights.

    An action is a pure function of weights, seed, observation and the number of the segment: an agent that is made
    again in the middle of an episode goes on as if it had been there all the time.

    Args:
        weights: a file of `PointerPolicy.save`, or a policy.
        sampled: draw actions instead of taking the likeliest ones.
    """

    def __init__(self, weights: Path | str | PointerPolicy, sampled: bool = False) -> None:
        self.policy = weights if isinstance(weights, PointerPolicy) else PointerPolicy.load(weights)
        self.sampled = sampled
        self.sample: Sample | None = None
        self._seed = 0

    def reset(self, seed: int) -> None:
        """Begin an episode."""
        self._seed, self.sample = seed, None

    @torch.no_grad()
    def act(self, observation: Observation, info: Mapping[str, Any]) -> Ints:
        """A choice for each slot, then the answer."""
        codes = self.policy.encode({name: np.asarray(value)[None] for name, value in observation.items()})
        noise = None
        if self.sampled:
            noise = self.policy.noise_for(1, np.random.default_rng([self._seed, int(info["segment"])]))
        actions, logprobs = self.policy.choose(codes, noise)
        if self.sampled:
            counts = self.policy.effect(codes)[0] > 0
            self.sample = _call(observation, actions[0][counts], logprobs[0][counts])
        return np.asarray(actions[0])


def _call(observation: Observation, tokens: Tensor, logprobs: Tensor) -> Sample:
    """A decision as a model call: the numbers seen are its prompt, the choices that count are what it wrote."""
    prompt = np.concatenate([np.ravel(observation[name]) for name in ("visible", "notes", "clock")]).astype(np.int32)
    return Sample(
        prompt_ids=prompt,
        token_ids=tokens.numpy().astype(np.int32),
        logprobs=logprobs.numpy(),
        prompt_tokens=len(prompt),
        completion_tokens=len(tokens),
        model=PointerPolicy.__name__,
    )
