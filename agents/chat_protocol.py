"""How a chat model says what it does: by a call of a tool, or in plain text. Every answer means some action.

A call of a tool becomes the verb of the context budget that it stands for; so does one that the text spells out as JSON
with `name` and `arguments`: after the first `<tool_call>` outside of code, else as the first code block or the whole
text. A call that cannot be read, such as one that was cut off, becomes a `/note` without an operation: the context
budget answers that it is invalid, and the environment never sees it. Of notes that were cut off, what was written
counts, and nothing where that cannot be told; arguments that are whole but none of the tool's are the notes as they
are. Other text is read by these rules, in turn:

1. Reasoning that a server left in the answer, from `<think>` to `</think>`, is dropped.
2. Where notes are asked for, the rest is the notes, whole.
3. Text that begins with a verb, such as `/compact`, is that message, whole.
4. Text with a fenced code block is the content of the first block, unless the environment reads messages as a whole
   (`info["whole_messages"]`) and looks for blocks by itself. As in Markdown, a fence of four marks can hold one
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
_CALL_END = "</tool_call>"
# blocks are matched too, to pass over what they hold; a command may speak of the tag, but not go on as calls do
_BLOCK_OR_CALL = re.compile(
    rf"{_FENCE.pattern}|(?P<call>\A<tool_call>|<tool_call>(?=\s*(?:\{{|<function|\Z)))", _FENCE.flags
)
_CUT_OFF = re.compile(r'"notes"\s*:\s*"(?P<written>[^"\\]*(?:\\.[^"\\]*)*)', re.S)
_BACKSLASH = re.compile(r'(?P<escape>\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))|(?P<half>\\u[0-9a-fA-F]{0,3}\Z)|\\')
_JSON = json.JSONDecoder(strict=False)  # models put the ends of lines into their strings as they are


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


_BEGUN = re.compile(rf'\{{\s*"name"\s*:\s*"(?P<name>{"|".join(_TOOLS)})"')


@dataclass(frozen=True)
class Call:
    """A call of a tool, with its arguments as the model wrote them; the name is "" where it cannot be told."""

    name: str
    arguments: str


def tools_for(names: Collection[str]) -> list[dict[str, Any]]:
    """The schemas of these tools, in the form of OpenAI's endpoints."""
    return [_schema(name, _TOOLS[name]) for name in _TOOLS if name in names]


def message_of(text: str, call: Call | None, *, notes: bool = False, whole: bool = False) -> str:
    """The action that an answer means; total.

    Args:
        text: of the answer.
        call: of a tool, where there is one; it counts more than the text.
        notes: the context budget asks for notes.
        whole: the environment reads messages as a whole.
    """
    text = _REASONING.sub("", text, count=1).strip()
    if notes:
        call = call or _written_notes(text)
        return text if call is None else _notes_of(call)
    call = call or written_call(text)
    if call is not None:
        return _verb_of(call)
    if whole or _VERB.match(text):
        return text
    block = _FENCE.search(text)
    return block["content"].removesuffix("\n") if block else text


def written_call(text: str) -> Call | None:
    """The first call that a text without reasoning spells out, as small models do; it may be one that breaks off."""
    if _VERB.match(text):
        return None
    tag = next((found for found in _BLOCK_OR_CALL.finditer(text) if found["call"]), None)
    if tag is not None:
        inner = text[tag.end() :]
        return _call_in(inner) or Call("", inner.partition(_CALL_END)[0].strip())
    block = _FENCE.search(text)
    return _call_in(block["content"] if block else text)


def _written_notes(text: str) -> Call | None:
    """A written call that can hold notes: notes may well speak of other calls."""
    call = written_call(text)
    return call if call is not None and call.name in ("", "compact", "return") else None


def _call_in(text: str) -> Call | None:
    text = text.lstrip()
    try:
        found = _JSON.raw_decode(text)[0]
        name, arguments = found["name"], found["arguments"]
    except (ValueError, TypeError, KeyError, RecursionError):
        begun = _BEGUN.match(text)
        return Call(begun["name"], text) if begun else None
    if not isinstance(name, str) or name not in _TOOLS:
        return None
    return Call(name, arguments if isinstance(arguments, str) else json.dumps(arguments))


def _verb_of(call: Call) -> str:
    given = _arguments(call)
    if given is None:
        cut_off = _cut_off_notes(call.arguments) if call.name == "compact" else ""
        return f"/compact\n{cut_off}" if cut_off else _unreadable(call)
    tool = _TOOLS[call.name]
    verb = [] if call.name == "act" else [f"/{call.name}"]
    line = " ".join([*verb, *(" ".join(given[name].split()) for name in tool.line)])
    body = "".join(given.get(name, "") for name in tool.body)
    return f"{line}\n{body}" if line and body else line or body


def _unreadable(call: Call) -> str:
    """A message that the context budget calls invalid: `/note` with words that are no operation of it."""
    if call.name in _TOOLS:
        why = f"unreadable call of {call.name}, which takes a JSON object with {' and '.join(_TOOLS[call.name].needed)}"
    else:
        why = f"unreadable call of {' '.join(call.name.split()) or 'a tool'}"
    return f"/note {why}:\n{call.arguments}"


def _notes_of(call: Call) -> str:
    given = _arguments(call)
    if given is not None:
        return "".join(given.get(name, "") for name in _TOOLS[call.name].body)
    whole = _decoded(call.arguments) or not call.arguments.lstrip().startswith("{")
    return call.arguments if whole else _cut_off_notes(call.arguments)


def _cut_off_notes(arguments: str) -> str:
    """The notes in JSON that breaks off, as far as they were written; "" where there are none."""
    found = _CUT_OFF.search(arguments)
    if found is None:
        return ""
    return str(_JSON.decode(f'"{_BACKSLASH.sub(_repaired, found["written"])}"'))


def _repaired(backslash: re.Match[str]) -> str:
    if backslash["half"]:
        return ""
    return backslash["escape"] or r"\\"


def _arguments(call: Call) -> Mapping[str, str] | None:
    """The arguments as texts; None where they are not what a tool takes."""
    given = _decoded(call.arguments)
    if call.name not in _TOOLS or not isinstance(given, dict):
        return None
    if any(given.get(name) is None for name in _TOOLS[call.name].needed):
        return None
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}


def _decoded(written: str) -> Any:
    """What this JSON says; None where it is none."""
    try:
        return _JSON.decode(written)
    except (ValueError, RecursionError):
        return None


def _schema(name: str, tool: _Tool) -> dict[str, Any]:
    properties = {argument: {"type": "string", "description": text} for argument, text in tool.arguments.items()}
    parameters = {"type": "object", "properties": properties, "required": tool.needed, "additionalProperties": False}
    return {"type": "function", "function": {"name": name, "description": tool.what, "parameters": parameters}}
