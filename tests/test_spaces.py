"""The text space: any Unicode, samples by seed, and no silent zeros from shared memory."""

from __future__ import annotations

import copy
import pickle

import gymnasium as gym
import pytest
from gymnasium.vector.utils import batch_space, concatenate, create_empty_array, create_shared_memory, iterate
from hypothesis import given, settings
from hypothesis import strategies as st

from selftrain.envs.spaces import Text
from selftrain.errors import OptionError


@settings(deadline=None)
@given(st.text(st.characters(), max_size=50))
def test_every_string_up_to_the_length_is_a_member(text: str) -> None:
    assert text in Text(50)
    assert (text in Text(10)) == (len(text) <= 10)


def test_other_things_are_no_members() -> None:
    assert not any(thing in Text(50) for thing in (b"bytes", 7, None, ["a"]))
    with pytest.raises(OptionError, match="max_length=0"):
        Text(0)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 2000))
def test_samples_are_short_printable_members_and_follow_the_seed(seed: int, max_length: int) -> None:
    one, other = Text(max_length, seed=seed), Text(max_length)
    other.seed(seed)
    samples = [one.sample() for _ in range(5)]
    assert samples == [other.sample() for _ in range(5)]
    assert all(s in one and 1 <= len(s) <= 24 and s.isprintable() for s in samples)


def test_samples_take_no_mask() -> None:
    with pytest.raises(OptionError, match="mask"):
        Text(5).sample(mask=(2, None))


def test_equality_is_by_length_and_kind() -> None:
    assert Text(5) == Text(5) != Text(6)
    assert Text(5) != gym.spaces.Text(5)
    assert hash(Text(5)) == hash(Text(5))
    assert repr(Text(5)) == "Text(5)"
    for twin in (copy.deepcopy(Text(5)), pickle.loads(pickle.dumps(Text(5)))):
        assert twin == Text(5)


def test_it_batches_as_a_tuple_and_survives_gymnasium_s_helpers() -> None:
    batch = batch_space(Text(9), 2)
    assert ("ä", "") in batch and ("ä",) not in batch
    assert list(iterate(batch, ("x", "y"))) == ["x", "y"]
    assert concatenate(Text(9), ["x", "ü"], create_empty_array(Text(9), 2)) == ("x", "ü")
    assert not Text(9).is_np_flattenable


def test_shared_memory_is_refused_with_the_way_out() -> None:
    with pytest.raises(OptionError, match="shared_memory=False"):
        create_shared_memory(Text(9), n=2)
    with pytest.raises(OptionError, match="shared_memory=False"):
        create_shared_memory(gym.spaces.Dict({"text": Text(9)}), n=2)
