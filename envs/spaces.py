"""The text space of terminal environments."""

from __future__ import annotations

import string
from typing import Any, NoReturn

import gymnasium as gym
from gymnasium.vector.utils import create_shared_memory

from selftrain.errors import OptionError

_SAMPLED = string.ascii_letters + string.digits + " ./-_"
_LONGEST_SAMPLE = 24


class Text(gym.spaces.Text):
    """Every string of at most `max_length` characters, whatever Unicode they are.

    Gymnasium's `Text` holds a listed set of characters only, and comes out of shared memory as zeros; this one takes
    real terminal output and refuses shared memory. Samples are short strings of letters, digits and a few marks.

    Args:
        max_length: most characters of a member.
        seed: of the samples.
    """

    def __init__(self, max_length: int, seed: int | None = None) -> None:
        if max_length < 1:
            raise OptionError(f"max_length={max_length} must be 1 or more")
        super().__init__(max_length, min_length=0, charset=_SAMPLED, seed=seed)

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """A random short string; masks and probabilities over all of Unicode make no sense and are refused."""
        if mask is not None or probability is not None:
            raise OptionError(
                f"{self} takes neither mask nor probability: its members are not made of listed characters"
            )
        length = self.np_random.integers(1, min(self.max_length, _LONGEST_SAMPLE) + 1)
        return "".join(self.np_random.choice(list(_SAMPLED), size=length))

    def contains(self, x: Any) -> bool:
        """Whether `x` is a string and not too long."""
        return isinstance(x, str) and len(x) <= self.max_length

    @property
    def is_np_flattenable(self) -> bool:
        """No: there is no listed set of characters to number."""
        return False

    def __repr__(self) -> str:
        return f"Text({self.max_length})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and self.max_length == other.max_length

    def __hash__(self) -> int:
        return hash((Text, self.max_length))


@create_shared_memory.register(Text)
def _refuse_shared_memory(space: Text, n: int = 1, ctx: Any = None) -> NoReturn:
    raise OptionError(
        f"{space} cannot travel through shared memory (every observation would read as zeros). "
        "Use gym.make_vec(id, num_envs) as it is, or AsyncVectorEnv(..., shared_memory=False)."
    )
