"""What an answer of a chat model means: tools and plain text to the verbs of the context budget, and never an error."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftrain.agents.chat_answers import read_answer
from selftrain.agents.chat_protocol import Call, message_of, tools_for
from selftrain.envs.context.verbs import Verb, parse
from selftrain.tokens import Sample

NAMES = ["act", "compact", "note", "read", "branch", "return"]


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("ls -la", "ls -la"),
        ("  submit\n", "submit"),
        ("I look first.\n```bash\nls -la\ncat a\n```\nThen I submit.\n```\nsubmit\n```", "ls -la\ncat a"),
        ("```\nls", "ls"),
        ("~~~sh\nls\n~~~", "ls"),
        ("````\ncat > README.md <<'E'\n```\ncode\n```\nE\n````", "cat > README.md <<'E'\n```\ncode\n```\nE"),
        ("```bash\n```", ""),
        ("echo ```not a fence```", "echo ```not a fence```"),
        ("<think>What about ```rm -rf```?\nNo.</think>\nls", "ls"),
        ("it was opened elsewhere</think>\n\n```\nls\n```", "ls"),
        ("<think>on and on", ""),
        ("/compact\nstep 1 is done\n```\nls\n```", "/compact\nstep 1 is done\n```\nls\n```"),
        ("/compactly", "/compactly"),
        ("/note write episode/plan.md\n1. look", "/note write episode/plan.md\n1. look"),
        ("", ""),
    ],
)
def test_plain_text_is_read_by_the_rules(text: str, action: str) -> None:
    assert message_of(text, None) == action


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "act", "arguments": {"command": "ls"}}',
        '```json\n{"name": "act", "arguments": {"command": "ls"}}\n```',
        '<tool_call>\n{"name": "act", "arguments": {"command": "ls"}}\n</tool_call>',
        '<think>hm</think><tool_call>{"name": "act", "arguments": "{\\"command\\": \\"ls\\"}"}',
        'Sure: <tool_call>{"name": "act", "arguments": {"command": "ls"}}</tool_call> and then\n```\npwd\n```',
        '```\n<tool_call>{"name": 1}\n```\n<tool_call>{"name": "act", "arguments": {"command": "ls"}}',
        'Sure:\n```json\n{"name": "act", "arguments": {"command": "ls"}}\n```',
        '<tool_call>{"name": "act", "arguments": {"command": "ls"}}<tool_call>{"name": "act", "arguments": {}}',
        '{"name": "act", "command": "ls"}',
    ],
)
def test_a_call_that_is_written_out_counts_as_one(text: str) -> None:
    assert message_of(text, None) == "ls"


@pytest.mark.parametrize(
    "text", ["<tool_call>" + " " * 200_000 + "x", "```" + "`" * 200_000, "```\n" * 50_000, "<think>" * 30_000]
)
def test_long_nonsense_takes_no_long_time(text: str) -> None:
    began = time.monotonic()
    message_of(text, None)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ('Look:\n```\ngrep "<tool_call>{" a\n```\nDone.', 'grep "<tool_call>{" a'),
        ('grep "<tool_call>" a', 'grep "<tool_call>" a'),
        ('/compact\nsaw <tool_call>{"name": "act"}', '/compact\nsaw <tool_call>{"name": "act"}'),
    ],
)
def test_what_only_speaks_of_a_call_is_none(text: str, action: str) -> None:
    assert message_of(text, None) == action


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>{"name": "act", "arguments": {"command": "rm -rf l',
        'Sure: <tool_call>{"name": "act", "arguments": {"comm',
        "I will: <tool_call>",
        "<tool_call>ls</tool_call>",
        "<tool_call>\n<function=act>\n<parameter=command>ls</parameter></function></tool_call>",
        '<tool_call>{"name": "bash", "arguments": {"command": "ls"}}</tool_call>',
        '{"name": "act", "arguments": {"command": "l',
        '```json\n{"name": "act", "argum',
        '{"name": "act", "arguments": {"cmd": "ls"}}',
    ],
)
def test_a_written_call_that_breaks_off_is_invalid_and_no_command(text: str) -> None:
    message = message_of(text, None)
    assert parse(message).name == "invalid" and message.startswith("/note unreadable call of ")


def test_json_that_is_no_call_is_a_command() -> None:
    for text in ('{"name": "frobnicate", "arguments": {}}', '{"name": ["act"], "arguments": 1}', "[1]", '{"a": 1}'):
        assert message_of(text, None) == text


@pytest.mark.parametrize(
    ("name", "arguments", "verb"),
    [
        ("act", {"command": "ls\npwd"}, Verb("act", "ls\npwd")),
        ("compact", {"notes": "a\nb"}, Verb("compact", "a\nb")),
        (
            "note",
            {"op": "write", "path": "episode/a b", "text": "1\n2\n"},
            Verb("note", "1\n2\n", "write", "episode/a b"),
        ),
        ("note", {"op": "delete", "path": "lab/a"}, Verb("note", "", "delete", "lab/a")),
        ("note", {"op": "append", "path": "lab/a\n", "text": ""}, Verb("note", "", "append", "lab/a")),
        ("read", {"path": "lab/a"}, Verb("read", path="lab/a")),
        ("read", {"path": "."}, Verb("read")),
        ("branch", {"description": "find\nit", "prompt": "look"}, Verb("branch", "look", path="find it")),
        ("return", {"message": "found"}, Verb("return", "found")),
    ],
)
def test_each_tool_is_a_verb_of_the_context_budget(name: str, arguments: dict[str, str], verb: Verb) -> None:
    assert parse(message_of("some words beside it", Call(name, json.dumps(arguments)))) == verb


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("act", '{"command": "l', "act, which takes a JSON object with command"),
        ("act", '{"cmd": "ls"}', "act, which"),
        ("act", "ls", "act, which"),
        ("act", "", "act, which"),
        ("act", "[" * 100_000, "act, which"),
        ("act", '{"command": null}', "act, which"),
        ("note", "{}", "note, which takes a JSON object with op and path"),
        ("note", '{"op": "write", "path": "lab/a", "text": "1', "note, which"),
        ("return", '{"message": "fou', "return, which"),
        ("compact", '{"no', "compact, which"),
        ("frobnicate\nnow", '{"x": 1}', "frobnicate now:"),
    ],
)
def test_a_call_that_cannot_be_read_is_invalid_and_says_why(name: str, arguments: str, told: str) -> None:
    message = message_of("", Call(name, arguments))
    assert parse(message).name == "invalid"
    assert message.startswith(f"/note unreadable call of {told}") and message.endswith(f":\n{arguments}")


def test_values_that_are_no_text_are_written_out() -> None:
    assert message_of("", Call("act", '{"command": 3}')) == "3"
    assert message_of("", Call("act", '{"command": "ls\npwd"}')) == "ls\npwd"


def test_notes_are_taken_whole_from_text_and_from_a_call() -> None:
    said = 'Done:\n```\nls\n```\n/compact is not a verb here, <tool_call>{"name": "act", "arguments": {}} is none'
    assert message_of(f"<think>x</think>{said}", None, notes=True) == said
    assert message_of("", Call("compact", '{"notes": "n"}'), notes=True) == "n"
    assert message_of("", Call("return", '{"message": "m"}'), notes=True) == "m"
    assert message_of("", Call("compact", '{"summary": "s"}'), notes=True) == '{"summary": "s"}'
    assert message_of("", Call("compact", "done so far"), notes=True) == "done so far"


@pytest.mark.parametrize(
    ("arguments", "notes"),
    [
        ('{"notes": "cut off', "cut off"),
        ('{"notes": "two\\nlines, \\"one\\" \\u00e9', 'two\nlines, "one" \u00e9'),
        ('{"notes": "half an escape \\', "half an escape "),
        ('{"notes": "half a letter \\u00', "half a letter "),
        ('{"notes": "costs \\$5, a \\\\u00', "costs \\$5, a \\u00"),
        ('{"notes": "whole", "more": "cut', "whole"),
        ('{"notes": "', ""),
        ('{"no', ""),
    ],
)
def test_of_notes_that_are_cut_off_what_was_written_counts(arguments: str, notes: str) -> None:
    assert message_of("", Call("compact", arguments), notes=True) == notes
    written = f'Sure: <tool_call>{{"name": "compact", "arguments": {arguments}'
    assert message_of(written, None, notes=True) == notes
    verb = parse(message_of("", Call("compact", arguments)))
    assert verb == Verb("compact", notes.strip()) if notes else verb.name == "invalid"


written = st.text() | st.dictionaries(st.text(), st.text()).map(json.dumps)
calls = st.none() | st.builds(Call, st.sampled_from([*NAMES, "x", ""]), written)


@given(st.text() | st.text(alphabet="`~<>/think \n{}\"'compact"), calls, st.booleans())
def test_every_answer_means_some_action(text: str, call: Call | None, notes: bool) -> None:
    action = message_of(text, call, notes=notes)
    assert isinstance(action, str) and parse(action).name in (*NAMES, "invalid")


FIELDS = [
    "choices",
    "message",
    "content",
    "tool_calls",
    "function",
    "name",
    "arguments",
    "usage",
    "prompt_tokens",
    "completion_tokens",
    "logprobs",
    "logprob",
    "id",
    "token_ids",
    "prompt_token_ids",
    "text",
]
parts: Any = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=30,
)
fields = st.dictionaries(st.sampled_from(FIELDS), parts)
completions = st.builds(
    lambda message, choice, top: {**top, "choices": [{**choice, "message": message}]}, fields, fields, fields
)


@given(st.binary(max_size=20) | (parts | completions).map(lambda value: json.dumps(value).encode()))
def test_a_body_is_an_answer_or_a_value_error(body: bytes) -> None:
    try:
        answer = read_answer(body, Sample())
    except ValueError:
        return
    answer.text.encode()
    sample = answer.sample
    assert sample.prompt_tokens >= 0
    assert len(sample.token_ids) in (0, len(sample.logprobs)) or not len(sample.logprobs)


@pytest.mark.parametrize(
    ("choice", "top", "ids", "prompt", "logprobs"),
    [
        ({"logprobs": {"content": [{"id": 5, "logprob": -0.5}, {"id": 6, "logprob": -1}]}}, {}, [5, 6], [], [-0.5, -1]),
        (
            {"logprobs": {"content": [{"logprob": -0.5}, {"logprob": -1}]}, "token_ids": [5, 6]},
            {"prompt_token_ids": [1, 2, 3]},
            [5, 6],
            [1, 2, 3],
            [-0.5, -1],
        ),
        ({"logprobs": {"content": [{"token": "a", "logprob": -0.5}]}}, {}, [], [], [-0.5]),
        ({"logprobs": {"content": [{"logprob": -0.5}]}, "token_ids": [5, 6]}, {}, [5, 6], [], []),
        ({"logprobs": {"content": [{"logprob": None}]}, "token_ids": [2**31]}, {"prompt_token_ids": 3}, [], [], []),
        ({"logprobs": None}, {}, [], [], []),
    ],
)
def test_tokens_are_kept_as_the_endpoint_tells_them(
    choice: Any, top: Any, ids: list[int], prompt: list[int], logprobs: list[float]
) -> None:
    """The first two are what llama.cpp's server and vLLM send."""
    body = {"choices": [{"message": {"content": "x"}, **choice}], "usage": {"prompt_tokens": 3}, **top}
    sample = read_answer(json.dumps(body).encode(), Sample(temperature=0.5, model="m")).sample
    assert (sample.token_ids.tolist(), sample.prompt_ids.tolist(), sample.logprobs.tolist()) == (ids, prompt, logprobs)
    assert (sample.prompt_tokens, sample.completion_tokens, sample.temperature, sample.model) == (3, 0, 0.5, "m")


def test_tools_are_offered_by_name_and_ask_for_what_they_need() -> None:
    tools = {tool["function"]["name"]: tool["function"]["parameters"] for tool in tools_for(["note", "act", "unknown"])}
    assert list(tools) == ["act", "note"]
    assert tools["note"]["required"] == ["op", "path"] and set(tools["note"]["properties"]) == {"op", "path", "text"}
