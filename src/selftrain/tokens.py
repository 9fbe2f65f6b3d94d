"""What passed in and out of a model, token by token."""

from __future__ import annotations

import io
import json
import operator
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from selftrain.errors import RecordError

Ids = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]


def _no_ids() -> Any:
    return np.zeros(0, np.int32)


def _no_floats() -> Any:
    return np.zeros(0, np.float32)


@dataclass(frozen=True, eq=False)
class Sample:
    """One call of a model, in the numbers of the model or server itself; nothing is tokenised again.

    Attributes:
        prompt_ids: int32[n], the whole prompt; empty where the server does not tell.
        token_ids: int32[m], as sampled, the end-of-turn token included; empty where the server does not tell.
        logprobs: float32[m], natural logarithm under the distribution that was sampled from; empty where unknown.
        prompt_tokens, completion_tokens: their numbers, known even where the ids are not.
        temperature: of the sampling; 0.0 is greedy.
        finish_reason: "stop", "length", "tool_calls" or what else the server says.
        model: its name.
        policy_version: of weights that change during a run.
    """

    prompt_ids: Ids = field(default_factory=_no_ids)
    token_ids: Ids = field(default_factory=_no_ids)
    logprobs: Floats = field(default_factory=_no_floats)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    temperature: float = 1.0
    finish_reason: str = "stop"
    model: str = ""
    policy_version: int = 0


_NUMBERS = ("prompt_tokens", "completion_tokens", "temperature", "finish_reason", "model", "policy_version")


def pack_samples(samples: Mapping[int, Sample]) -> bytes:
    """The bytes of an npz file with the samples of an episode, by the index of their step.

    A prompt that begins as the call before it ended, as in a conversation, is kept as what was added to it.

    Raises:
        RecordError: a sample holds what its fields are not; names its step.
    """
    calls, prompts, previous = [], [_no_ids()], _no_ids()
    ordered = [(step, _plain(step, sample)) for step, sample in sorted(samples.items())]
    for step, sample in ordered:
        shared = _common_prefix(previous, sample.prompt_ids)
        prompts.append(sample.prompt_ids[shared:])
        previous = np.concatenate([sample.prompt_ids, sample.token_ids])
        sizes = [shared, len(prompts[-1]), len(sample.token_ids), len(sample.logprobs)]
        calls.append([step, *sizes, *(getattr(sample, name) for name in _NUMBERS)])
    token_ids = [_no_ids(), *(sample.token_ids for _, sample in ordered)]
    logprobs = [_no_floats(), *(sample.logprobs for _, sample in ordered)]
    file = io.BytesIO()
    np.savez_compressed(
        file,
        calls=np.frombuffer(json.dumps(calls).encode("ascii"), np.uint8),
        prompt_ids=np.concatenate(prompts),
        token_ids=np.concatenate(token_ids),
        logprobs=np.concatenate(logprobs),
    )
    return file.getvalue()


def _plain(step: int, sample: Sample) -> Sample:
    """The sample in arrays and Python's own numbers, which a learner's loop may have given in those of numpy."""
    try:
        json.dumps([sample.finish_reason, sample.model])
        return replace(
            sample,
            prompt_ids=np.asarray(sample.prompt_ids, np.int32),
            token_ids=np.asarray(sample.token_ids, np.int32),
            logprobs=np.asarray(sample.logprobs, np.float32),
            temperature=float(sample.temperature),
            prompt_tokens=operator.index(sample.prompt_tokens),
            completion_tokens=operator.index(sample.completion_tokens),
            policy_version=operator.index(sample.policy_version),
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise RecordError(f"the model call of step {step} cannot be written: {error}; see Sample") from error


def read_samples(path: Path) -> dict[int, Sample]:
    """The samples in a file of `pack_samples`, by the index of their step.

    Raises:
        RecordError: the file is missing, torn or none of these.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            calls = json.loads(arrays["calls"].tobytes())
            streams = [_Stream(arrays[name]) for name in ("prompt_ids", "token_ids", "logprobs")]
        return _unpacked(calls, *streams)
    except FileNotFoundError as error:
        raise RecordError(f"{path} is missing") from error
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise RecordError(f"{path} is damaged or no file of tokens: {error}") from error


def _unpacked(
    calls: Sequence[Sequence[Any]], prompts: _Stream, tokens: _Stream, logprobs: _Stream
) -> dict[int, Sample]:
    samples, previous = {}, _no_ids()
    for step, shared, prompt_size, token_size, logprob_size, *numbers in calls:
        prompt_ids = np.concatenate([previous[:shared], prompts.take(prompt_size)])
        sample = Sample(
            prompt_ids,
            tokens.take(token_size),
            logprobs.take(logprob_size),
            **dict(zip(_NUMBERS, numbers, strict=True)),
        )
        previous = np.concatenate([prompt_ids, sample.token_ids])
        samples[step] = sample
    return samples


class _Stream:
    """An array that is read from its beginning, piece by piece."""

    def __init__(self, array: npt.NDArray[Any]) -> None:
        self._array, self._at = array, 0

    def take(self, size: int) -> Any:
        if self._at + size > len(self._array):
            raise ValueError(f"it ends after {len(self._array)} numbers and should go on")
        self._at += size
        return self._array[self._at - size : self._at].copy()


def _common_prefix(one: Ids, other: Ids) -> int:
    size = min(len(one), len(other))
    differs = np.flatnonzero(one[:size] != other[:size])
    return int(differs[0]) if len(differs) else size
