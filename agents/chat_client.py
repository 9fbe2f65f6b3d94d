"""The connection to an endpoint that speaks OpenAI's protocol: made late, asked once at a time, broken off at will."""

from __future__ import annotations

import importlib
import json
import os
import queue
import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any

from selftrain.agents.chat_errors import Endpoint, as_ours
from selftrain.errors import ModelError, OptionError, SelfTrainError

FIRST_WAIT_SECONDS = 0.5  # both as in the package openai, which waits itself where nothing or an error is sent
_MOST_DOUBLINGS = 4


class ChatClient:
    """Calls of one model. Nothing is imported or opened before the first.

    Args:
        model: its name; "" takes the only one that the endpoint has.
        base_url, api_key: of the endpoint; where they are "", OPENAI_BASE_URL and OPENAI_API_KEY.
        timeout: seconds for one answer.
        max_retries: of one call, with growing waits.
    """

    def __init__(self, model: str, base_url: str, api_key: str, timeout: float, max_retries: int) -> None:
        self._model, self._timeout, self._max_retries = model, timeout, max_retries
        self._url = base_url or os.environ.get("OPENAI_BASE_URL", "")
        self._key = api_key or os.environ.get("OPENAI_API_KEY", "")
        self._line = _Line()

    @cached_property
    def model(self) -> str:
        """The name of the model.

        Raises:
            OptionError: no name was given, and the endpoint does not have just one. ModelError: it does not answer.
        """
        if self._model:
            return self._model
        listed = self._call(self._client.models.with_raw_response.list)
        try:
            names = [str(one["id"]) for one in json.loads(listed)["data"]]
        except (ValueError, TypeError, KeyError) as error:
            raise OptionError(f"{self.endpoint} does not list its models ({error!r}): give --model") from error
        if len(names) != 1:
            raise OptionError(f"{self.endpoint} has {len(names)} models: give --model, such as {', '.join(names[:5])}")
        return names[0]

    @property
    def endpoint(self) -> Endpoint:
        """Where the model is; for messages."""
        return Endpoint(self._url or "api.openai.com", self._model, self._timeout, self._max_retries)

    def complete(self, request: dict[str, Any]) -> bytes:
        """The body of the response to a request for a chat completion.

        Raises:
            OptionError, ModelError: there is none; the client's own error is the cause.
        """
        return self._call(lambda: self._client.chat.completions.with_raw_response.create(**request))

    def wait(self, retry: int) -> None:
        """Wait before a retry, longer for later ones; `close` ends it."""
        self._line.closed.wait(FIRST_WAIT_SECONDS * 2 ** min(retry, _MOST_DOUBLINGS))

    def close(self) -> None:
        """Break off the call under way, for good."""
        self._line.close()
        if "_client" in vars(self):
            self._client.close()

    def _call(self, function: Callable[[], Any]) -> bytes:
        openai = _openai()
        try:
            return self._line.call(lambda: function().http_response.content)
        except openai.OpenAIError as error:
            raise as_ours(error, self.endpoint, openai) from error

    @cached_property
    def _client(self) -> Any:
        if not (self._key or self._url):
            raise OptionError("a hosted model needs a key: set OPENAI_API_KEY, or give --base-url of a server without")
        return _openai().OpenAI(
            base_url=self._url or None,
            api_key=self._key or "none",  # servers of one's own take any
            timeout=self._timeout,
            max_retries=self._max_retries,
        )


class _Line:
    """One call at a time, which another thread can break off: closing a socket does not wake who reads from it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.closed = threading.Event()
        self._answers: queue.SimpleQueue[bytes | BaseException] = queue.SimpleQueue()

    def call(self, function: Callable[[], bytes]) -> bytes:
        """What `function` returns or raises; ModelError after `close`."""
        answers: queue.SimpleQueue[bytes | BaseException] = queue.SimpleQueue()
        with self._lock:
            if self.closed.is_set():
                raise ModelError("this agent is closed")
            self._answers = answers

        def work() -> None:
            try:
                answers.put(function())
            except BaseException as error:  # raised in the thread that waits
                answers.put(error)

        threading.Thread(target=work, name="model call", daemon=True).start()
        answer = answers.get()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def close(self) -> None:
        with self._lock:
            self.closed.set()
            self._answers.put(ModelError("the call was broken off"))


def _openai() -> Any:
    try:
        return importlib.import_module("openai")
    except ModuleNotFoundError as error:
        raise SelfTrainError("a chat model needs the package openai: pip install 'selftrain[chat]'") from error
