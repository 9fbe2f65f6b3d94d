"""How a chat model says what it does: by a call of a tool, or in plain text. Every answer means some action.

A call of a tool becomes the verb of the context budget that it stands for; so does one that the text spells out as JSON
with `name` and `arguments`, bare, fenced or after `<tool_call>`. Other text is read by these rules, in turn:

1. Reasoning that a server left in the answer, from `<think>` to `</think>`, is dropped.
2. Where notes are asked for, the rest is the notes, whole.
3. Text that begins with a verb, such as `/compact`, is that message, whole.
4. Text with a fenced code block is the content of the first block. As in Markdown, a fence of four marks can hold one
   of three, and a block that nothing closes ends with the text.
5. Any other text is the command.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

_VERB = re.compile(r"/(compact|note|read|branch|return)(\s|$)")
_REASONING = re.compile(r"\A\s*<think>.*?(?:</think>|\Z)|\A.*</think>", re.S)
_FENCE = re.compile(
    r"^ {0,3}(?P<marks>`{3,}|~{3,})[^`\n]*\n(?P<content>.*?)(?:^ {0,3}(?P=marks)[`~]*[ \t]*$|\Z)", re.M | re.S
)
_CALL_MARK, _CALL_END = "<tool_call>", "</tool_call>"


@dataclass(frozen=True)
class _Tool:
    """A verb as a function: what it does, its arguments on the verb's line, and the one below it."""

    what: str
    line: Mapping[str, str]
    body: Mapping[str, str]
    body_needed: bool = True

    @property
    def arguments(self) -> dict[str, str]:
        return {**self.line, **self.body}

    @property
    def needed(self) -> list[str]:
        return [*self.line, *(self.body if self.body_needed else ())]


_TOOLS = {
    "act": _Tool("Take one action in the environment.", {}, {"command": "the action, such as one shell command"}),
    "compact": _Tool(
        "Replace the context by notes: only the task and these notes remain.",
        {},
        {"notes": "everything that is needed later"},
    ),
    "note": _Tool(
        "Change a file that outlives the context.",
        {"op": "write, append or delete", "path": "such as episode/plan.md"},
        {"text": "for write and append"},
        body_needed=False,
    ),
    "read": _Tool("Read a file that outlives the context.", {"path": "its path, or . for a list of all"}, {}),
    "branch": _Tool(
        "Open a side context for a part of the work; only the message of `return` remains of it.",
        {"description": "a few words"},
        {"prompt": "what to do in it"},
        body_needed=False,
    ),
    "return": _Tool("Close the side context.", {}, {"message": "what remains of it"}),
}


@dataclass(frozen=True)
class Call:
    """A call of a tool, with its arguments as the model wrote them."""

    name: str
    arguments: str


def tools_for(names: Collection[str]) -> list[dict[str, Any]]:
    """The schemas of these tools, in the form of OpenAI's endpoints."""
    return [_schema(name, _TOOLS[name]) for name in _TOOLS if name in names]


def message_of(text: str, call: Call | None, *, notes: bool = False) -> str:
    """The action that an answer means; total.

    Args:
        text: of the answer.
        call: of a tool, where there is one; it counts more than the text.
        notes: the context budget asks for notes.
    """
    call = call or written_call(text)
    if call is not None:
        return _notes_of(call) if notes else _verb_of(call)
    text = _REASONING.sub("", text, count=1).strip()
    if notes or _VERB.match(text):
        return text
    block = _FENCE.search(text)
    return block["content"].removesuffix("\n") if block else text


def written_call(text: str) -> Call | None:
    """A call in the text itself, as small models write it: JSON with name and arguments, bare, fenced or tagged."""
    text = _REASONING.sub("", text, count=1).strip()
    block = _FENCE.match(text)
    inner = block["content"] if block else text.removeprefix(_CALL_MARK).partition(_CALL_END)[0]
    try:
        found = json.loads(inner)
        name, arguments = found["name"], found["arguments"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(name, str) or name not in _TOOLS:
        return None
    return Call(name, arguments if isinstance(arguments, str) else json.dumps(arguments))


def _verb_of(call: Call) -> str:
    if call.name not in _TOOLS:
        return f"{call.name} {call.arguments}"
    tool, given = _TOOLS[call.name], _arguments(call)
    verb = [] if call.name == "act" else [f"/{call.name}"]
    if given is None:  # passed on as it is, so that the environment can say what is wrong with it
        return " ".join([*verb, call.arguments])
    line = " ".join([*verb, *(" ".join(given[name].split()) for name in tool.line)])
    body = "".join(given.get(name, "") for name in tool.body)
    return f"{line}\n{body}" if line and body else line or body


def _notes_of(call: Call) -> str:
    given = _arguments(call) if call.name in _TOOLS else None
    return call.arguments if given is None else "".join(given.get(name, "") for name in _TOOLS[call.name].body)


def _arguments(call: Call) -> Mapping[str, str] | None:
    """The arguments as texts; None where they are not what the tool takes."""
    try:
        given = json.loads(call.arguments)
    except (ValueError, RecursionError):
        return None
    if not isinstance(given, dict) or any(given.get(name) is None for name in _TOOLS[call.name].needed):
        return None
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}


def _schema(name: str, tool: _Tool) -> dict[str, Any]:
    properties = {argument: {"type": "string", "description": text} for argument, text in tool.arguments.items()}
    parameters = {"type": "object", "properties": properties, "required": tool.needed, "additionalProperties": False}
    return {"type": "function", "function": {"name": name, "description": tool.what, "parameters": parameters}}
