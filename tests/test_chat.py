"""The chat agent against a scripted endpoint: what it asks, what it makes of answers, and every way to fail."""

from __future__ import annotations

import ast
import contextlib
import json
import logging
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from chat_server import Reply, Script, calls, endpoint, in_turn, refuses, says

from selftrain.agents import chat_client
from selftrain.agents.chat import ChatAgent
from selftrain.agents.chat_errors import (
    ModelBusyError,
    ModelDownError,
    ModelNonsenseError,
    ModelRefusedError,
    ModelServerError,
    ModelSlowError,
    PromptTooLongError,
)
from selftrain.errors import ModelError, OptionError, SelfTrainError

pytest.importorskip("openai")

KEY = "sk-secret"


@contextlib.contextmanager
def agent_at(url: str, **options: Any) -> Iterator[ChatAgent]:
    agent = ChatAgent(**{"model": "m", "base_url": url, "api_key": KEY, "max_retries": 0, "timeout": 5.0, **options})
    agent.reset(1)
    with contextlib.closing(agent):
        yield agent


def observation(*contents: str, phase: int = 0) -> dict[str, Any]:
    roles = ("user", "assistant")
    messages = [{"role": roles[number % 2], "content": text} for number, text in enumerate(contents or ("Go.",))]
    return {"messages": tuple(messages), "phase": phase, "budget_left": 100}


INFO = {"turn": 4, "reserve": 50, "notes_budget": 20, "verbs": "act compact note read"}


def act(script: Script, seen: dict[str, Any] | None = None, **options: Any) -> tuple[str, list[dict[str, Any]]]:
    """The agent's action, and what it asked the endpoint."""
    with endpoint(script) as server, agent_at(server.url, **options) as agent:
        return agent.act(seen or observation(), INFO), server.requests


# what is asked


def test_the_observation_is_all_that_the_model_sees() -> None:
    seen = observation("Task.", "ls", "a  b")
    action, (request,) = act(in_turn(says("```\ncat a\n```")), seen, tools=False, temperature=0.5)
    assert action == "cat a" and request["messages"] == list(seen["messages"])
    assert (request["model"], request["temperature"], request["max_tokens"]) == ("m", 0.5, 50)
    assert not {"tools", "tool_choice", "logprobs", "return_token_ids"} & set(request)


def test_equal_seeds_and_turns_ask_the_same_and_nothing_is_remembered() -> None:
    with endpoint(in_turn(says("x"))) as server:
        for seed, turn, earlier in ((1, 4, False), (1, 4, True), (2, 4, False), (1, 5, False)):
            with agent_at(server.url) as agent:
                if earlier:
                    agent.act(observation("Something else."), {**INFO, "turn": 9})
                    server.requests.pop()
                agent.reset(seed)
                agent.act(observation(), {**INFO, "turn": turn})
        first, second, *others = server.requests
        assert first == second and len({json.dumps(request) for request in [first, *others]}) == 3


def test_notes_are_asked_for_by_the_one_tool_for_them() -> None:
    action, (request,) = act(in_turn(calls("compact", notes="all is well")), observation(phase=1))
    assert action == "all is well" and request["max_tokens"] == 20
    assert [tool["function"]["name"] for tool in request["tools"]] == ["compact"]
    assert request["tool_choice"] == {"type": "function", "function": {"name": "compact"}}
    assert act(in_turn(says("all is well")), observation(phase=1), tools=False)[0] == "all is well"


def test_the_verbs_of_the_context_are_offered_as_tools() -> None:
    action, (request,) = act(in_turn(calls("note", op="write", path="lab/a", text="x")))
    assert action == "/note write lab/a\nx" and request["tool_choice"] == "auto"
    assert [tool["function"]["name"] for tool in request["tools"]] == INFO["verbs"].split()


@pytest.mark.parametrize(
    ("refusal", "before", "after"),
    [
        (refuses(400, "tools param requires --jinja flag"), "tools", None),
        (refuses(500, "tools param requires --jinja flag"), "tools", None),
        (refuses(404, "No endpoints found that support tool use"), "tools", None),
        (refuses(400, "Use 'max_completion_tokens' instead."), "max_tokens", "max_completion_tokens"),
        (refuses(422, "Extra inputs are not permitted: seed"), "seed", None),
        (refuses(400, "Unsupported parameter: 'parallel_tool_calls'"), "parallel_tool_calls", "tools"),
        (refuses(400, "Unrecognized request argument supplied: return_token_ids"), "return_token_ids", None),
    ],
)
def test_what_an_endpoint_does_not_know_is_left_out(refusal: Reply, before: str, after: str | None) -> None:
    with endpoint(in_turn(refusal, says("ls"))) as server, agent_at(server.url, logprobs=True) as agent:
        assert [agent.act(observation(), INFO), agent.act(observation(), INFO)] == ["ls", "ls"]
        first, *others = server.requests
    assert before in first and len(others) == 2 and all(before not in request for request in others)
    assert after is None or all(after in request for request in others)
    assert after in (None, "tools") or after not in first


def test_tools_that_must_be_are_not_left_out() -> None:
    with pytest.raises(OptionError, match="refuses tools: no tools here; give tools='auto'"):
        act(in_turn(refuses(400, "no tools here")), tools=True)


def test_the_only_model_of_a_server_needs_no_name() -> None:
    with endpoint(in_turn(says("ls"))) as server:
        with agent_at(server.url, model="") as agent:
            agent.act(observation(), INFO)
        assert server.requests[-1]["model"] == "only-one"
        server.models = {"data": [{"id": "a"}, {"id": "b"}]}
        with agent_at(server.url, model="") as agent, pytest.raises(OptionError, match=r"2 models.* such as a, b"):
            agent.act(observation(), INFO)
        server.models = []
        with agent_at(server.url, model="") as agent, pytest.raises(OptionError, match=r"does not list.*give --model"):
            agent.act(observation(), INFO)


def test_address_and_key_come_from_the_process_where_none_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    with endpoint(in_turn(says("ls"))) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "of the process")
        with agent_at("", api_key="") as agent:
            assert agent.act(observation(), INFO) == "ls"
        assert server.keys == {"Bearer of the process"}
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.delenv("OPENAI_API_KEY")
    for model in ("m", ""):
        with (
            agent_at("", api_key="", model=model) as agent,
            pytest.raises(OptionError, match=r"\Aa hosted model needs"),
        ):
            agent.act(observation(), INFO)


def test_an_observation_that_is_no_context_is_refused() -> None:
    with agent_at("http://127.0.0.1:1/v1") as agent:
        for seen in ("plain text", {"prompt": [1], "phase": 0}):
            with pytest.raises(OptionError, match=r"view='messages'.*--budget N --reserve N --notes N"):
                agent.act(seen, INFO)


@pytest.mark.parametrize(
    "wrong",
    [
        "tools='yes'",
        "tools=1",
        "logprobs='yes'",
        "temperature=-1.0",
        "temperature='x'",
        "temperature=True",
        "temperature=1e999",
        "timeout=0",
        "timeout='abc'",
        "timeout=None",
        "timeout=1e12",
        "max_retries=-1",
        "max_retries=1.5",
        "max_retries='3'",
        "max_retries=True",
        "model=3",
        "base_url=None",
        "extra_body='top_k'",
        "extra_body={'top_k': {1}}",
    ],
)
def test_arguments_are_checked(wrong: str) -> None:
    name, _, written = wrong.partition("=")
    value = ast.literal_eval(written)
    with pytest.raises(OptionError, match=re.escape(f"{name}={value!r} must be ")):
        ChatAgent(**{name: value})


def test_a_key_that_is_no_text_is_not_told() -> None:
    with pytest.raises(OptionError, match=r"api_key \(of type bytes\) must be text") as raised:
        ChatAgent(api_key=KEY.encode())  # type: ignore[arg-type]
    assert KEY not in str(raised.value)


def test_numbers_of_numpy_are_numbers() -> None:
    temperature, retries = np.float32(0.5), np.int64(0)
    action, (request,) = act(in_turn(says("ls")), temperature=temperature, max_retries=retries)
    assert action == "ls" and request["temperature"] == 0.5


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with (
        agent_at("http://127.0.0.1:1/v1") as agent,
        pytest.raises(SelfTrainError, match=r"pip install 'selftrain\[chat\]'"),
    ):
        agent.act(observation(), INFO)


# what can go wrong


@pytest.mark.parametrize(
    ("reply", "error", "said"),
    [
        (refuses(401, "Incorrect API key"), OptionError, "refuses the key: Incorrect API key.*set OPENAI_API_KEY"),
        (refuses(403, "not for you"), OptionError, "refuses the key: not for you"),
        (refuses(404, "The model does not exist", code="model_not_found"), OptionError, "not found: .*see --model"),
        (refuses(429, "Rate limit reached"), ModelBusyError, "asked 1 times: Rate limit.*fewer episodes at once"),
        (refuses(500, "out of memory"), ModelServerError, "out of memory"),
        ((503, b"<html>gateway</html>"), ModelServerError, "gateway"),
        (refuses(400, "content policy"), ModelRefusedError, "status 400: content policy"),
        (refuses(400, "too many", code="context_length_exceeded"), PromptTooLongError, "choose a smaller --budget"),
        (refuses(400, "9031 tokens exceed the available context size (2048)"), PromptTooLongError, "9031 tokens"),
        (refuses(400, "max_completion_tokens: the maximum context length is 4096"), PromptTooLongError, "4096"),
        (None, ModelDownError, "does not answer"),
        ((200, b"{nonsense"), ModelNonsenseError, "no chat completion, asked 1 times: .*nonsense"),
        ((200, b"<html>hello</html>"), ModelNonsenseError, "<html>hello"),
        ((200, b"\xff\xfe"), ModelNonsenseError, "no chat completion"),
        ((200, b"[]"), ModelNonsenseError, "it has no JSON object"),
        ((200, {}), ModelNonsenseError, "no list of choices"),
        ((200, {"choices": []}), ModelNonsenseError, "no choices"),
        ((200, {"choices": [{"finish_reason": "stop"}]}), ModelNonsenseError, "no message"),
        ((200, b"[" * 200_000), ModelNonsenseError, "no chat completion"),
    ],
)
def test_each_failure_says_where_what_and_what_helps(reply: Reply, error: type[Exception], said: str) -> None:
    with (
        endpoint(in_turn(reply)) as server,
        agent_at(server.url) as agent,
        pytest.raises(error, match=rf"(?s)model 'm' at {server.url}.*({said})") as raised,
    ):
        agent.act(observation(), INFO)
    assert KEY not in str(raised.value) and agent.sample is None and len(server.requests) == 1


def test_nobody_at_the_address() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://user:word@127.0.0.1:{free.getsockname()[1]}/v1"
        with (
            agent_at(url) as agent,
            pytest.raises(ModelDownError, match=r"refused.*start it.*--base-url") as down,
        ):
            agent.act(observation(), INFO)
    assert "word" not in str(down.value)


def test_a_slow_model_is_not_waited_for_longer_than_told() -> None:
    began = time.monotonic()
    with pytest.raises(ModelSlowError, match=r"took more than 0\.2 s, asked 1 times; give it more"):
        act(lambda request: time.sleep(3) or says("ls"), timeout=0.2)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("trouble", [refuses(429, "slow down"), refuses(503, "loading the model"), None])
def test_passing_trouble_is_retried(trouble: Reply) -> None:
    action, requests = act(in_turn(trouble, says("ls")), max_retries=1)
    assert action == "ls" and len(requests) == 2


def test_one_answer_of_nonsense_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_client, "FIRST_WAIT_SECONDS", 0.05)
    nonsense = (200, b"{nonsense")
    began = time.monotonic()
    action, requests = act(in_turn(nonsense, (200, {"choices": []}), says("ls")), max_retries=2)
    assert action == "ls" and requests == [requests[0]] * 3 and time.monotonic() - began >= 0.05 + 0.1
    with endpoint(in_turn(nonsense)) as server, agent_at(server.url, max_retries=2) as agent:
        with pytest.raises(ModelNonsenseError, match="asked 3 times"):
            agent.act(observation(), INFO)
        assert len(server.requests) == 3


def test_closing_ends_the_wait_for_a_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_client, "FIRST_WAIT_SECONDS", 30.0)
    with endpoint(in_turn((200, b"{nonsense"))) as server, agent_at(server.url, max_retries=1) as agent:
        closing = threading.Timer(0.5, agent.close)
        closing.start()
        began = time.monotonic()
        with pytest.raises(ModelError, match="this agent is closed"):
            agent.act(observation(), INFO)
        closing.join()
    assert time.monotonic() - began < 10 and len(server.requests) == 1


def test_of_several_calls_the_first_counts_and_the_log_tells(caplog: pytest.LogCaptureFixture) -> None:
    functions = [{"name": "act", "arguments": json.dumps({"command": command})} for command in ("ls", "pwd")]
    told = [{"id": "1", "type": "function", "function": function} for function in functions]
    with caplog.at_level(logging.WARNING, "selftrain"):
        action, (request,) = act(in_turn(says(None, tool_calls=told[:1])))
        assert action == "ls" and not caplog.messages and request["parallel_tool_calls"] is False
        action, _ = act(in_turn(says(None, tool_calls=told)))
    assert action == "ls" and len(caplog.messages) == 1 and "2 calls at once: only the first" in caplog.text


def test_no_word_of_calls_where_there_are_no_tools() -> None:
    _, (request,) = act(in_turn(says("ls")), tools=False)
    assert "parallel_tool_calls" not in request


def test_half_a_character_reaches_no_prompt() -> None:
    body = b'{"choices": [{"message": {"content": "echo \\ud83d"}}]}'
    action, (request,) = act(in_turn((200, body)), observation("a \ud83d"))
    assert action == "echo ?" and request["messages"][0]["content"] == "a ?"


def test_closing_breaks_off_the_call_under_way() -> None:
    asked = threading.Event()

    def hang(request: dict[str, Any]) -> Reply:
        asked.set()
        time.sleep(3)
        return says("late")

    with endpoint(hang) as server, agent_at(server.url) as agent:
        threading.Thread(target=lambda: asked.wait(5) and agent.close()).start()
        began = time.monotonic()
        with pytest.raises(ModelError, match="broken off"):
            agent.act(observation(), INFO)
        assert asked.is_set() and time.monotonic() - began < 2
        with pytest.raises(ModelError, match="closed"):
            agent.act(observation(), INFO)
