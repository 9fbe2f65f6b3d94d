"""What can go wrong between an agent and the endpoint of its model, as errors that say where and what helps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from selftrain.errors import ContextError, ModelError, OptionError

_TOO_LONG = re.compile(r"context[_ ](length|size|window)|maximum context|prompt is too long", re.IGNORECASE)
_LONGEST_QUOTE = 300


class ModelDownError(ModelError):
    """Nothing answers at the address of the model."""


class ModelSlowError(ModelError):
    """The model took longer than the time it was given."""


class ModelBusyError(ModelError):
    """The endpoint turns requests away: there are too many of them, or the account is used up."""


class ModelServerError(ModelError):
    """The endpoint failed by its own account."""


class ModelRefusedError(ModelError):
    """The endpoint refuses the request as it is."""


class ModelNonsenseError(ModelError):
    """The endpoint answered something that is no completion."""


class PromptTooLongError(ModelError, ContextError):
    """The model's own context is shorter than the budget; the same call can never succeed, so nothing asks again."""


@dataclass(frozen=True)
class Endpoint:
    """Where a model is, and how it is asked; for messages."""

    url: str
    model: str
    timeout: float
    max_retries: int

    def __str__(self) -> str:
        address = re.sub(r"//[^/@]*@", "//", self.url)  # a password in it is nobody's business
        return f"model {self.model!r} at {address}" if self.model else address


def refusal(error: Any) -> str:
    """What an endpoint said when it refused a request; "" for an error of another kind."""
    if getattr(error, "status_code", 0) not in (400, 404, 422, 500, 501):
        return ""
    return _said(error)


def is_too_long(said: str) -> bool:
    """A refusal because the prompt does not fit the model's context, in the words of the servers there are."""
    return bool(_TOO_LONG.search(said))


def as_ours(error: Exception, endpoint: Endpoint, openai: Any) -> ModelError | OptionError:
    """An error of the client as one of ours."""
    asked = f"asked {endpoint.max_retries + 1} times"
    if isinstance(error, openai.APITimeoutError):
        fix = "give it more time (timeout=...) or fewer episodes at once"
        return ModelSlowError(f"{endpoint} took more than {endpoint.timeout:g} s, {asked}; {fix}")
    if isinstance(error, openai.APIConnectionError):
        fix = "start it, or give its address with --base-url; what was played is kept, and the same command goes on"
        return ModelDownError(f"{endpoint} does not answer ({error.__cause__ or error}), {asked}; {fix}")
    status, said = getattr(error, "status_code", 0), _said(error)
    if status in (401, 403):
        return OptionError(f"{endpoint} refuses the key: {said}; set OPENAI_API_KEY")
    if status == 404:
        return OptionError(f"{endpoint} is not found: {said}; see --model and --base-url")
    if status == 429:
        return ModelBusyError(f"{endpoint} turns requests away, {asked}: {said}; play fewer episodes at once, or wait")
    if is_too_long(said):
        return PromptTooLongError(f"{endpoint} takes no prompt of this length: {said}; choose a smaller --budget")
    if 400 <= status < 500:
        return ModelRefusedError(f"{endpoint} refuses the request with status {status}: {said}")
    return ModelServerError(f"{endpoint} failed, {asked}: {said}")


def _said(error: Any) -> str:
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        code = body.get("code") or body.get("type")
        text = f"{body.get('message') or error}" + (f" [{code}]" if code else "")
    else:
        text = f"{error} {error.response.text}" if hasattr(error, "response") else str(error)
    return text if len(text) <= _LONGEST_QUOTE else f"{text[: _LONGEST_QUOTE - 3]}..."
