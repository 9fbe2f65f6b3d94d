"""Scripts read without running them: what in them is code, whether it asks for the network, what it pays.

A reader of shell that knows quotes, comments and here-documents, and nothing of what variables hold. Where that leaves
a doubt, the finding is a note.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from selftrain.envs.gate.parsing import parsed

_HERE = re.compile(r"<<-?[ \t]*(['\"]?)([A-Za-z_]\w*)\1")
# where a command may begin, with what may stand before its name
_BEGIN = (
    r"(?:^|[;&|({!`]|\$\(|\b(?:then|do|else|elif|if|while|until|sudo|exec|time|nohup|env|command|xargs)\b)\s*"
    r"(?:\w+=\S*\s+)*(?:timeout\s+(?:-\S+\s+)*\S+\s+)?"
)
_INSTALL = re.compile(
    _BEGIN + r"((?:\S*python[\d.]*\s+-m\s+)?pip[\d.]*\s+(?:install|download)"
    r"|(?:apt|apt-get|aptitude|yum|dnf|microdnf|zypper)\s+(?:-\S+\s+)*(?:update|upgrade|install)"
    r"|apk\s+(?:-\S+\s+)*(?:add|update)|uvx\b|uv\s+(?:pip\s+install|tool\s+(?:install|run)|add)"
    r"|npm\s+(?:install|ci|i)\b|(?:yarn|pnpm)\s+(?:add|install)|cargo\s+install|go\s+get|gem\s+install"
    r"|(?:conda|mamba)\s+install|docker\s+pull)"
)
_FETCH = re.compile(_BEGIN + r"(curl|wget|aria2c|git\s+(?:-\S+\s+\S+\s+)*(?:clone|fetch|pull))\b")
_REMOTE = re.compile(r"(?:(?:https?|ftp|ssh|git)://|git@)(?!localhost|127\.|0\.0\.0\.0|\[::1\]|\$|\{)")
_LOCAL = re.compile(r"localhost|127\.0|0\.0\.0\.0|\[::1\]|file://|--unix-socket")
_OFFLINE = re.compile(r"--no-index|--offline|--prefer-offline")
_LOCAL_PACKAGE = re.compile(r"install(?:\s+-\S+)*\s+(?:\.|/|\S+\.whl)")
_GUARD = re.compile(r"\|\|\s*$|\bif\b.*(?:command\s+-v|which|type|hash|import|-x|-f|-e)\b")
_CALLS = ("run", "call", "check_call", "check_output", "Popen", "system", "popen", "getoutput")
_OPENERS = re.compile(
    r"(?:.*\.)?(?:urlopen|urlretrieve)|(?:requests|httpx|session|client)\.(?:get|post|put|head|request)"
)
_WRITES_ONE = re.compile(
    r"""(?:echo|printf)\s+(?:-\w+\s+)?(['"]?)(?:1(?:\.0*)?|\{[^$`]*:\s*1(?:\.0*)?\s*\})(?:\\n)?\1\s*"""
    r""">{1,2}\s*['"]?[^\s;&|]*reward\.(?:txt|json)['"]?\s*;?\s*$"""
)
_ENDS_EARLY = re.compile(r"(?:^|[\s;&|({])(?:exit|exec|trap|kill|return|set\s+-\w*e\w*)\b|errexit")


@dataclass(frozen=True)
class Line:
    """One logical line of a shell script.

    Attributes:
        number: of its first physical line, from 1.
        code: without comments, with emptied quotes; here-documents are no lines.
        text: as written.
    """

    number: int
    code: str
    text: str


@dataclass(frozen=True)
class Asked:
    """A place that asks for the network; `sure` where nothing that the reader cannot see could say otherwise."""

    number: int
    what: str
    sure: bool


def shell_lines(text: str) -> list[Line]:
    """The lines of a shell script that hold code; continued lines are one."""
    written, lines, start = text.split("\n"), list[Line](), 0
    masked = _masked(text).split("\n")
    while start < len(masked):
        end = start
        while masked[end].endswith("\\") and end + 1 < len(masked):
            end += 1
        code = " ".join(one.removesuffix("\\") for one in masked[start : end + 1]).strip()
        if code:
            lines.append(Line(start + 1, code, " ".join(written[start : end + 1])))
        start = end + 1
    return lines


def _masked(text: str) -> str:
    """The same lines, where comments, here-documents and what stands in quotes are gone."""
    out, stack, place = list[str](), ["code"], 0
    waiting = list[str]()
    while place < len(text):
        mark, mode = text[place], stack[-1]
        if mode in "'\"" and mark == mode:
            stack.pop()
            out.append(mark)
        elif mode == "'":
            out.append("\n" if mark == "\n" else "")
        elif mark == "\\" and text[place + 1 : place + 2] != "\n":
            place += 1
        elif text.startswith("$(", place):  # code again, inside double quotes too
            stack.append("(")
            out.append("$(")
            place += 1
        elif mode == '"':
            out.append("\n" if mark == "\n" else "")
        elif mark == "#" and (place == 0 or text[place - 1] in " \t\n;("):
            place = _end_of_line(text, place) - 1
        elif mark == "\n":
            out.append(mark)
            place, blank = _after_documents(text, place, waiting)
            out.append(blank)
            waiting = []
        elif (here := _HERE.match(text, place)) and text[place - 1 : place] != "<":
            waiting.append(here[2])
            place = here.end() - 1
        else:
            _enter_or_leave(stack, mark)
            out.append(mark)
        place += 1
    return "".join(out)


def _enter_or_leave(stack: list[str], mark: str) -> None:
    if mark in "'\"":
        stack.append(mark)
    elif mark == "(":
        stack.append("(")
    elif mark == ")" and stack[-1] == "(":  # one that closes nothing ends a pattern of `case`
        stack.pop()


def _end_of_line(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end


def _after_documents(text: str, place: int, waiting: list[str]) -> tuple[int, str]:
    """Where the here-documents that begin after this newline end, and as many newlines as they have."""
    blank = ""
    for word in waiting:
        while place < len(text):
            start = place + 1
            place = _end_of_line(text, start)
            blank += "\n" if place < len(text) else ""
            if text[start:place].strip("\t") == word:
                break
    return place, blank


def asked_in_shell(text: str) -> Iterator[Asked]:
    """The lines of a shell script that ask for the network."""
    before = ""
    for line in shell_lines(text):
        guarded = bool(_GUARD.search(before))
        before = line.code
        found = _INSTALL.search(line.code)
        if found and not _OFFLINE.search(line.text):
            sure = "||" not in line.code[: found.start(1)] and not _LOCAL_PACKAGE.search(line.code)
            yield Asked(line.number, _shown(line.text), sure and not guarded and not _GUARD.search(line.code))
        elif (found := _FETCH.search(line.code)) and not _LOCAL.search(line.text):
            remote = bool(_REMOTE.search(line.text))
            if remote or not found[1].startswith("git"):
                sure = remote and "||" not in line.code[: found.start(1)] and not guarded
                yield Asked(line.number, _shown(line.text), sure)


def _shown(text: str) -> str:
    return " ".join(text.split())[:100]


def asked_in_python(text: str) -> Iterator[Asked]:
    """The calls of a Python file that ask for the network, by what is written out in them."""
    try:
        tree = parsed(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        words = _words(node.args[0])
        if name in _CALLS and words:
            asked = next(asked_in_shell(words), None)
            if asked is not None:
                yield Asked(node.lineno, _shown(words), asked.sure)
        elif _OPENERS.fullmatch(ast.unparse(node.func)) and any(_REMOTE.match(word) for word in words.split()):
            yield Asked(node.lineno, f"{name} of {_shown(words)}", True)


def _words(node: ast.expr) -> str:
    """A command as one text, of a text or of a list of texts; what is no text is called python3."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.List | ast.Tuple):
        return " ".join(str(one.value) if isinstance(one, ast.Constant) else "python3" for one in node.elts)
    return ""


def constant_reward(text: str) -> int:
    """The line of a test script that pays 1 whatever was done; 0 where there is none, or a doubt."""
    lines = shell_lines(text)
    about = [line for line in lines if "reward" in line.text.lower() and not re.match(r"mkdir|rm|touch|cd", line.code)]
    if len(about) != 1 or not _WRITES_ONE.search(about[0].text) or re.search(r"&&|\|\||\bthen\b", about[0].code):
        return 0
    if text.startswith("#!") and re.search(r"\s-\w*e", text.split("\n", 1)[0]):
        return 0
    depth = 0
    for line in lines:
        if line is about[0]:
            return line.number if depth == 0 else 0
        if _ENDS_EARLY.search(line.code):
            return 0
        words = re.findall(r"[\w]+|[{}]", line.code)
        depth += sum(word in ("if", "case", "for", "while", "until", "select", "{") for word in words)
        depth -= sum(word in ("fi", "esac", "done", "}") for word in words)
    return 0


def tests_of_nothing(text: str) -> list[str]:
    """The test functions of a Python file that neither assert, raise nor call anything that might."""
    try:
        tree = parsed(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    tests = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")
    ]
    return [
        test.name for test in tests if not any(isinstance(n, ast.Assert | ast.Raise | ast.Call) for n in _body(test))
    ]


def _body(test: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    for statement in test.body:
        yield from ast.walk(statement)
