"""One visit to the sites: a browser, the sites, the agent's files and its answer; and what each action does there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from selftrain.envs.browser.actions import Call
from selftrain.envs.browser.engine import ActionError, Engine, View
from selftrain.envs.browser.goal_judge import ANSWER, INFEASIBLE, REQUESTS
from selftrain.envs.browser.hosting import Sites
from selftrain.envs.observations import visible
from selftrain.evidence import Evidence, EvidenceFile

READ_CHARS = 8_000
_FILE_BYTES, _FILES, _NAME_CHARS = 4 << 20, 200, 120
_ENDS = frozenset({"answer", "submit", "report_infeasible"})
_WITH_DIALOG = frozenset({"accept_dialog", "dismiss_dialog", "noop", "read_file", "write_file", *_ENDS})


@dataclass(frozen=True)
class Outcome:
    """What an action did besides changing the page: a notice for the agent, "" for none."""

    notice: str = ""
    ended: bool = False


class Visit:
    """The place of an episode.

    Args:
        engine: the browser, which stays when the visit is over.
        sites: what it visits.
        files: name → bytes of what the agent has from the beginning.
        start: URL of the first page.
        hosts: that may be visited.
    """

    def __init__(
        self, engine: Engine, sites: Sites, files: Mapping[str, bytes], start: str, hosts: tuple[str, ...]
    ) -> None:
        self.engine, self.sites = engine, sites
        self.files = dict(files)
        self.answer: str | None = None
        self.infeasible: str | None = None
        engine.open(sites, hosts, self.files, start)
        self.view: View = engine.view()
        sites.check()

    def act(self, call: Call) -> Outcome:
        """Carry out one action, and look again.

        Raises:
            ActionError: it cannot be carried out; the page is as it was, or as far as the action came.
            SandboxError: the browser or a site failed.
        """
        if self.view.dialog and call.verb not in _WITH_DIALOG:
            raise ActionError(
                f"a dialog waits: {self.view.dialog[:200]!r}; accept_dialog() or dismiss_dialog() comes first"
            )
        notice = ""
        try:
            if call.verb in _OWN:
                notice = _OWN[call.verb](self, call.arguments)
            else:
                _ENGINE[call.verb](self.engine, call.arguments)
        finally:
            self.view = self.engine.view()
            self.sites.check()
        saved = self._take_downloads() if call.verb not in _OWN else []
        return Outcome(" ".join([*saved, notice] if notice else saved), call.verb in _ENDS)

    def close(self) -> None:
        """Close the sites."""
        self.sites.close()

    def _take_downloads(self) -> list[str]:
        notices = []
        for name, data in self.engine.downloads().items():
            kept = _free_name(name, self.files)
            if len(data) > _FILE_BYTES or len(self.files) >= _FILES:
                notices.append(f"[{kept} was not kept: at most {_FILES} files of {_FILE_BYTES >> 20} MiB are]")
                continue
            self.files[kept] = data
            notices.append(f"[downloaded {kept}, {len(data):,} bytes; read_file('{kept}') shows it]")
        return notices

    def _read_file(self, arguments: Mapping[str, Any]) -> str:
        name, start = arguments["name"], arguments["start"]
        if name not in self.files:
            there = ", ".join(repr(each) for each in sorted(self.files)) or "none"
            raise ActionError(f"there is no file {name[:_NAME_CHARS]!r}; your files: {there}")
        text = self.files[name].decode("utf-8", "replace")
        shown, end = text[start : start + READ_CHARS], min(len(text), start + READ_CHARS)
        if start and start >= len(text):
            raise ActionError(f"{name!r} has {len(text)} characters, none from {start} on")
        more = f"; read_file({name!r}, {end}) goes on" if end < len(text) else ""
        return f"[file {name}, characters {start} to {end} of {len(text)}{more}]\n{visible(shown)}"

    def _write_file(self, arguments: Mapping[str, Any]) -> str:
        name, data = arguments["name"], arguments["text"].encode("utf-8", "replace")
        if not 0 < len(name) <= _NAME_CHARS or not name.isprintable() or set(name) & set("/\\'\"") or name[0] == ".":
            raise ActionError(
                f"{name[:_NAME_CHARS]!r} is no name for a file: at most {_NAME_CHARS} characters, no slashes "
                "or quotes, and no dot at the beginning"
            )
        if name not in self.files and len(self.files) >= _FILES:
            raise ActionError(f"there are {_FILES} files already, which is all that there can be")
        self.files[name] = data
        return f"[wrote {name}, {len(data):,} bytes]"

    def _end(self, arguments: Mapping[str, Any]) -> str:
        self.answer = arguments.get("text", self.answer)
        self.infeasible = arguments.get("reason", self.infeasible)
        return ""


def evidence_of(visit: Visit) -> Evidence:
    """What a verifier may know of a visit: the databases, the log of requests, and what was answered."""
    files = {f"/sites/{name}.db": data for name, data in visit.sites.databases().items()}
    files[REQUESTS] = visit.sites.log()
    for path, said in ((ANSWER, visit.answer), (INFEASIBLE, visit.infeasible)):
        if said is not None:
            files[path] = said.encode("utf-8", "replace")
    return Evidence({path: EvidenceFile(data) for path, data in files.items()})


def _free_name(name: str, taken: Mapping[str, bytes]) -> str:
    name = "".join(c for c in name if c.isprintable() and c not in "/\\'\"").lstrip(".")[-_NAME_CHARS:] or "download"
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, dot + ending) if stem else (name, "")
    number, free = 0, name
    while free in taken:
        number += 1
        free = f"{stem} ({number}){ending}"
    return free


_OWN: Mapping[str, Callable[[Visit, Mapping[str, Any]], str]] = {
    "read_file": Visit._read_file,
    "write_file": Visit._write_file,
    "answer": Visit._end,
    "submit": Visit._end,
    "report_infeasible": Visit._end,
    "noop": lambda visit, arguments: "",
}
_ENGINE: Mapping[str, Callable[[Engine, Mapping[str, Any]], None]] = {
    "click": lambda engine, given: engine.click(given["bid"]),
    "dblclick": lambda engine, given: engine.click(given["bid"], 2),
    "hover": lambda engine, given: engine.hover(given["bid"]),
    "focus": lambda engine, given: engine.focus(given["bid"]),
    "fill": lambda engine, given: engine.fill(given["bid"], given["value"]),
    "clear": lambda engine, given: engine.fill(given["bid"], ""),
    "select_option": lambda engine, given: engine.select(given["bid"], given["options"]),
    "check": lambda engine, given: engine.check(given["bid"], True),
    "uncheck": lambda engine, given: engine.check(given["bid"], False),
    "press": lambda engine, given: engine.press(given["bid"], given["key_comb"]),
    "drag_and_drop": lambda engine, given: engine.drag(given["from_bid"], given["to_bid"]),
    "upload_file": lambda engine, given: engine.upload(given["bid"], given["file"]),
    "scroll": lambda engine, given: engine.scroll(given["delta_x"], given["delta_y"]),
    "goto": lambda engine, given: engine.goto(given["url"]),
    "go_back": lambda engine, given: engine.back(),
    "go_forward": lambda engine, given: engine.forward(),
    "new_tab": lambda engine, given: engine.new_tab(),
    "tab_close": lambda engine, given: engine.close_tab(),
    "tab_focus": lambda engine, given: engine.focus_tab(given["index"]),
    "accept_dialog": lambda engine, given: engine.answer_dialog(True, given["text"]),
    "dismiss_dialog": lambda engine, given: engine.answer_dialog(False, ""),
}
