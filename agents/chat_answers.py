"""What an endpoint sends back, read strictly: text or a call of a tool, and the tokens behind it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from selftrain.agents.chat_protocol import Call
from selftrain.tokens import Floats, Ids, Sample

_LARGEST_LOGPROB = 1e6


@dataclass(frozen=True)
class Answer:
    """One answer of a model.

    Attributes:
        text: of the message; "" where there is none.
        call: of a tool; the first one, where there are several.
        calls: how many there are.
        sample: numbers of tokens, with ids and log-probabilities where the endpoint tells them.
    """

    text: str
    call: Call | None
    calls: int
    sample: Sample


def read_answer(body: bytes, asked: Sample) -> Answer:
    """The answer in the body of a response.

    Args:
        body: JSON in the form of a chat completion.
        asked: the model and the temperature that were asked for.

    Raises:
        ValueError: it is no chat completion; says what is missing.
    """
    completion = _part(json.loads(body), dict, "JSON object")
    choices = _part(completion.get("choices"), list, "list of choices")
    if not choices:
        raise ValueError("it has no choices")
    choice = _part(choices[0], dict, "choice that is an object")
    message = _part(choice.get("message"), dict, "message")
    usage = completion.get("usage") if isinstance(completion.get("usage"), dict) else {}
    sample = replace(
        asked,
        prompt_tokens=_count(usage, "prompt_tokens"),
        completion_tokens=_count(usage, "completion_tokens"),
        finish_reason=str(choice.get("finish_reason") or ""),
        model=str(completion.get("model") or asked.model),
    )
    calls = _part(message.get("tool_calls") or [], list, "list of calls")
    call = _call(calls[0]) if calls else None
    return Answer(_text(message), call, len(calls), _with_tokens(sample, completion, choice))


def _part(value: Any, kind: type, what: str) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"it has no {what}")
    return value


def _count(usage: Mapping[str, Any], name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) and value >= 0 else 0


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, list):  # some endpoints send parts
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return encodable(_part(content, str, "content that is text"))


def _call(told: Any) -> Call:
    function = _part(_part(told, dict, "call that is an object").get("function"), dict, "function in its call")
    arguments = function.get("arguments")
    arguments = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return Call(encodable(str(function.get("name"))), encodable(arguments))


def encodable(text: str) -> str:
    """`text` as UTF-8 can hold it: JSON and Python can spell half a character, which no request can."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _with_tokens(sample: Sample, completion: Mapping[str, Any], choice: Mapping[str, Any]) -> Sample:
    """The sample with what the endpoint tells of its tokens; what makes no sense as that is left out."""
    told = choice.get("logprobs")
    items = told.get("content") if isinstance(told, dict) else None
    items = items if isinstance(items, list) and all(isinstance(item, dict) for item in items) else []
    logprobs = _logprobs([item.get("logprob") for item in items])
    ids = _ids(choice.get("token_ids"))  # vLLM
    if not len(ids):
        ids = _ids([item.get("id") for item in items])  # llama.cpp
    if len(ids) and len(ids) != len(logprobs):
        logprobs = logprobs[:0]
    return replace(sample, prompt_ids=_ids(completion.get("prompt_token_ids")), token_ids=ids, logprobs=logprobs)


def _ids(values: Any) -> Ids:
    if not isinstance(values, list) or not all(isinstance(value, int) and 0 <= value < 2**31 for value in values):
        values = []
    return np.array(values, np.int32)


def _logprobs(values: list[Any]) -> Floats:
    if not all(isinstance(value, int | float) and abs(value) < _LARGEST_LOGPROB for value in values):
        values = []
    return np.array(values, np.float32)
