"""An agent that is a model behind an endpoint which speaks OpenAI's protocol: hosted, or a server of one's own."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from selftrain.agents.chat_answers import Answer, encodable, read_answer
from selftrain.agents.chat_client import ChatClient
from selftrain.agents.chat_errors import ModelNonsenseError, is_too_long, refusal
from selftrain.agents.chat_options import checked_body, checked_number, checked_texts, checked_whole
from selftrain.agents.chat_protocol import message_of, tools_for
from selftrain.errors import ModelError, OptionError
from selftrain.pictures import data_url, is_picture
from selftrain.tasks import stable_key
from selftrain.tokens import Sample

_log = logging.getLogger(__name__)
_MUST_COMPACT = 1
_LARGEST_SEED = 0x7FFFFFFF
_LONGEST_TIMEOUT = 1_000_000.0  # sockets take 2³¹ milliseconds
# what a request can do without → words in the refusal of an endpoint that does not know it
_DISPENSABLE = {
    "token_ids": ("return_token_ids",),
    "max_tokens": ("max_completion_tokens",),
    "seed": ("seed",),
    "parallel": ("parallel_tool", "parallel tool", "parallel function"),  # before tools, whose words are in its own
    "tools": ("tool", "function"),
}


class ChatAgent:
    """Plays under a context budget with view="messages", and asks a model for each message.

    It remembers nothing from one call to the next: what the model sees is the observation. With tools, the verbs of
    the context budget are offered as functions, and where notes are asked for only `compact` is; a model that answers
    in plain text, or a server without tools, is understood too (`selftrain.agents.chat_protocol` has the rules).
    One message is one action: the endpoint is asked for one call at a time, and where several come all the same, the
    first is carried out and the log tells of the others, each time.
    Where the environment shows pictures, the latest is sent with the last message; the model must be one that sees.
    Definitions of tools, and a picture, take room in the model's own context that the budget does not count.

    Args:
        model: its name at the endpoint; "" takes the only one that a server has.
        base_url, api_key: of the endpoint; else OPENAI_BASE_URL and OPENAI_API_KEY of the process. A server of one's
            own needs no key.
        temperature: of the sampling.
        tools: True, False, or "auto": as long as the endpoint does not refuse them.
        logprobs: ask for the log-probabilities of tokens, and their ids. They are those that the endpoint states,
            which most take before temperature and cut-offs.
        timeout: seconds for one answer.
        max_retries: of one request, with growing waits, when the endpoint is down, slow, busy or broken; and as many
            where what it sends is no completion.
        extra_body: more fields of the request, for servers that have them.

    Raises:
        OptionError: an argument is of the wrong kind or out of range.
    """

    context: ClassVar[Mapping[str, Any]] = {
        # counted in bytes for want of the model's own tokenizer; what is a little too long by that is clipped
        "budget": 32_768,
        "reserve": 4_096,
        "notes_budget": 4_096,
        "overflow": "clip",
    }

    def __init__(
        self,
        model: str = "",
        *,
        base_url: str = "",
        api_key: str = "",
        temperature: float = 1.0,
        tools: bool | str = "auto",
        logprobs: bool = False,
        timeout: float = 300.0,
        max_retries: int = 3,
        extra_body: Mapping[str, Any] | None = None,
    ) -> None:
        checked_texts(model=model, base_url=base_url, api_key=api_key)
        if not (isinstance(tools, bool) or (isinstance(tools, str) and tools == "auto")):
            raise OptionError(f"tools={tools!r} must be True, False or 'auto'")
        if not isinstance(logprobs, bool):
            raise OptionError(f"logprobs={logprobs!r} must be True or False")
        self._temperature = checked_number("temperature", temperature)
        seconds = checked_number("timeout", timeout, most=_LONGEST_TIMEOUT, positive=True)
        self._max_retries = checked_whole("max_retries", max_retries)
        self._client = ChatClient(model, base_url, api_key, seconds, self._max_retries)
        self._tools, self._logprobs = tools, logprobs
        self._extra_body = checked_body(extra_body)
        self._sends = {"max_tokens", "seed"}
        self._sends |= ({"tools", "parallel"} if tools else set()) | ({"token_ids"} if logprobs else set())
        self._sample: Sample | None = None
        self._seed = 0

    @property
    def sample(self) -> Sample | None:
        """What the endpoint told of the last answer's tokens."""
        return self._sample

    def reset(self, seed: int) -> None:
        """Begin an episode."""
        self._seed, self._sample = seed, None

    def act(self, observation: Any, info: Mapping[str, Any]) -> str:
        """The next message.

        Raises:
            OptionError: the observation is no list of messages, or the endpoint refuses key, model or tools.
            ModelError: there is no answer; its subclasses say why.
            SelfTrainError: the package openai is not installed.
        """
        if not (isinstance(observation, Mapping) and "messages" in observation):
            raise OptionError(
                "a chat model needs messages: put a context budget with view='messages' around the environment, "
                "with `selftrain run --budget N --reserve N --notes N`, or context={...}"
            )
        notes = int(observation["phase"]) == _MUST_COMPACT
        messages: list[dict[str, Any]] = [
            {"role": one["role"], "content": encodable(one["content"])} for one in observation["messages"]
        ]
        if is_picture(observation.get("image")) and not notes:
            text = {"type": "text", "text": messages[-1]["content"]}
            picture = {"type": "image_url", "image_url": {"url": data_url(observation["image"])}}
            messages[-1]["content"] = [text, picture]
        answer = self._ask(messages, info, notes)
        self._sample = answer.sample
        if answer.calls > 1:
            _log.warning("%s made %d calls at once: only the first counts", self._client.endpoint, answer.calls)
        whole = bool(info.get("whole_messages"))
        return encodable(message_of(answer.text, answer.call, notes=notes, whole=whole))

    def close(self) -> None:
        """Break off the call under way and let go of the connection; the agent cannot be used after it."""
        self._client.close()

    def _ask(self, messages: list[dict[str, Any]], info: Mapping[str, Any], notes: bool) -> Answer:
        retry = 0
        while True:
            body = self._complete(messages, info, notes)
            try:
                return read_answer(body, Sample(temperature=self._temperature, model=self._client.model))
            except (ValueError, RecursionError) as error:
                if retry == self._max_retries:
                    said = f"{error}; it is {body[:100].decode('utf-8', 'replace')!r}"
                    where = f"{self._client.endpoint} sent no chat completion, asked {retry + 1} times"
                    raise ModelNonsenseError(f"{where}: {said}") from error
            self._client.wait(retry)
            retry += 1

    def _complete(self, messages: list[dict[str, Any]], info: Mapping[str, Any], notes: bool) -> bytes:
        while True:
            try:
                return self._client.complete(self._request(messages, info, notes))
            except (ModelError, OptionError) as error:
                if not self._without(refusal(error.__cause__)):
                    raise

    def _request(self, messages: list[dict[str, Any]], info: Mapping[str, Any], notes: bool) -> dict[str, Any]:
        limit = "max_tokens" if "max_tokens" in self._sends else "max_completion_tokens"
        request: dict[str, Any] = {
            "model": self._client.model,
            "messages": messages,
            "temperature": self._temperature,
            limit: int(info["notes_budget"] if notes else info["reserve"]),
            "extra_body": ({"return_token_ids": True} if "token_ids" in self._sends else {}) | self._extra_body,
        }
        if "seed" in self._sends:
            seeds = np.random.SeedSequence([stable_key("chat agent"), self._seed, int(info["turn"])])
            request["seed"] = int(seeds.generate_state(1)[0]) & _LARGEST_SEED
        if "tools" in self._sends:
            request["tools"] = tools_for(["compact"] if notes else info["verbs"].split())
            request["tool_choice"] = {"type": "function", "function": {"name": "compact"}} if notes else "auto"
            if "parallel" in self._sends:
                request["parallel_tool_calls"] = False
        if self._logprobs:
            request["logprobs"] = True
        return request

    def _without(self, said: str) -> bool:
        """Leave out of the next requests what this refusal is about; False where it is about something else."""
        if is_too_long(said):
            return False
        for name, words in _DISPENSABLE.items():
            if name in self._sends and any(word in said.lower() for word in words):
                if name == "tools" and self._tools is True:
                    raise OptionError(f"{self._client.endpoint} refuses tools: {said}; give tools='auto'")
                self._sends.discard(name)
                return True
        return False
