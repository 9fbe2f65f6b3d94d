"""A running browser with its tabs and downloads, kept over episodes and wiped between them."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from selftrain.envs.browser.chromium.launch import BrowserProcess
from selftrain.envs.browser.chromium.pipe import Message, RefusedError
from selftrain.envs.browser.chromium.tab import BLANK, LOAD_SECONDS, Tab
from selftrain.envs.browser.engine import ActionError
from selftrain.envs.browser.loopback import COOKIE, HEADER
from selftrain.errors import SandboxError

MOST_DOWNLOAD = 10 << 20
_CLOSE_SECONDS = 5.0
_BEGIN_SECONDS = 3.0
_SHELL = "HeadlessChrome/"
_STORED = "local_storage,indexeddb,cache_storage,service_workers,file_systems"


@dataclass
class _Download:
    name: str
    state: str = "inProgress"
    size: float = 0


class Browser:
    """One browser process.

    Args:
        executable: path of a Chromium.
        port: where the sites are served.
        arguments: more flags for it.

    Attributes:
        process: the process itself.
        tabs: in the order in which they were opened.
        active: index of the one that is looked at.
    """

    def __init__(self, executable: str, port: int, arguments: Sequence[str] = ()) -> None:
        self.tabs: list[Tab] = []
        self.active = 0
        self._headers: Mapping[str, str] = {}
        self._hosts: Sequence[str] = ()
        self._held = ""
        self._downloads: dict[str, _Download] = {}
        self.process = BrowserProcess(executable, port, self._on_event, arguments)
        self.pipe = self.process.pipe
        self._folder = self.process.folder / "downloads"
        saving = {"behavior": "allowAndName", "downloadPath": str(self._folder), "eventsEnabled": True}
        self.pipe.call("Browser.setDownloadBehavior", saving)
        pages = [{"type": "page"}]
        attaching = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True, "filter": pages}
        self.pipe.call("Target.setAutoAttach", attaching)
        # the empty tab that it starts with stays for good: it keeps the process of pages alive between two episodes
        if not self.pipe.wait(lambda: bool(self.tabs), LOAD_SECONDS):
            raise SandboxError("browser crashed: it shows no tab")
        self.tabs.clear()

    @property
    def tab(self) -> Tab:
        """The active tab; an empty one if there is none left."""
        if not self.tabs:
            self.open_tab()
        return self.tabs[self.active]

    # episodes

    def begin(self, secret: str, hosts: Sequence[str], start: str) -> None:
        """Leave nothing of what was, and begin to load `start` in the only tab, with the secret in all requests.

        A tab has its history, session storage and dialogs to itself; the rest is cleared, for `hosts` and for those of
        the last time, before the new tab asks for anything.
        """
        old_hosts, self._hosts = self._hosts, hosts
        old = list(self.tabs)
        for tab in old:
            self._close_soon(tab)
        # only the shell holds a new tab's first request back; elsewhere the tab begins empty
        self._headers, self._held = {HEADER: secret}, start if self.process.version.startswith(_SHELL) else ""
        made = self.open_tab(self._held or BLANK)
        while others := [tab for tab in self.tabs if tab is not made]:
            for tab in others:
                if tab not in old:
                    self._close_soon(tab)
            if not self.pipe.wait(lambda: not set(others) & set(self.tabs), _CLOSE_SECONDS):
                raise SandboxError("browser crashed: its tabs cannot be closed")
        self.active = 0
        stored = [{"origin": f"http://{host}", "storageTypes": _STORED} for host in {*hosts, *old_hosts}]
        cookie = {"name": COOKIE, "value": secret, "httpOnly": True, "sameSite": "Strict"}
        made.ask_all(
            [
                ("Network.clearBrowserCookies", {}),
                ("Network.clearBrowserCache", {}),
                *(("Storage.clearDataForOrigin", each) for each in stored),
                ("Network.setCookies", {"cookies": [{**cookie, "url": f"http://{host}/"} for host in hosts]}),
            ]
        )
        self.take_downloads()
        if made.url == BLANK and not made.is_still:
            made.let_go()
        else:
            made.navigate(start)

    def _close_soon(self, tab: Tab) -> None:
        self.pipe.forget(self.pipe.send("Target.closeTarget", {"targetId": tab.target}))

    def end(self) -> None:
        """End the process; doing so twice is fine."""
        self.process.end()

    # tabs

    def open_tab(self, url: str = BLANK) -> Tab:
        """A new tab, active."""
        target = self.pipe.call("Target.createTarget", {"url": url})["targetId"]
        self.pipe.wait(lambda: any(tab.target == target for tab in self.tabs), LOAD_SECONDS)
        for index, tab in enumerate(self.tabs):
            if tab.target == target:
                self.active = index
                return tab
        raise SandboxError("browser crashed: a tab did not open")

    def close_tab(self, tab: Tab) -> None:
        """Close a tab, whatever its page says to that."""
        self.pipe.call("Target.closeTarget", {"targetId": tab.target})
        if not self.pipe.wait(lambda: tab not in self.tabs, _CLOSE_SECONDS):
            raise SandboxError("browser crashed: a tab cannot be closed")

    def settle(self) -> None:
        """Wait until the active tab is quiet and downloads are finished; see `Tab.settle`."""
        settled: Tab | None = None
        # a page may open a window, which is the active tab then, or close itself
        while settled is None or settled is not self.tab:
            settled = self.tab
            settled.settle()
        self._finish_downloads()

    # downloads

    def await_download(self) -> None:
        """Wait until the download has begun that a click on a link to save sets off; nothing else tells of it."""
        self.pipe.wait(lambda: bool(self._downloads) or self.tab.is_stopped, _BEGIN_SECONDS)

    def take_downloads(self, names: Collection[str] = ()) -> dict[str, bytes]:
        """What is downloaded by now, by names that are not among `names`; it is the taker's then."""
        taken: dict[str, bytes] = {}
        for guid, download in list(self._downloads.items()):
            path = self._folder / guid
            if download.state == "completed" and path.is_file():
                taken[_free_name(download.name, {*names, *taken})] = path.read_bytes()
            path.unlink(missing_ok=True)
        self._downloads.clear()
        return taken

    def _finish_downloads(self) -> None:
        def are_done() -> bool:
            return all(each.state != "inProgress" for each in self._downloads.values())

        finished = self.pipe.wait(
            lambda: are_done() or any(each.size > MOST_DOWNLOAD for each in self._downloads.values()), LOAD_SECONDS
        )
        large = [(guid, each) for guid, each in self._downloads.items() if each.size > MOST_DOWNLOAD]
        if finished and not large:
            return
        for guid, each in list(self._downloads.items()):
            if each.state == "inProgress":
                with contextlib.suppress(RefusedError):
                    self.pipe.call("Browser.cancelDownload", {"guid": guid})
        for guid, each in large:
            del self._downloads[guid]
            (self._folder / guid).unlink(missing_ok=True)
            raise ActionError(f"{each.name!r:.100} was not downloaded: it is larger than {MOST_DOWNLOAD >> 20} MiB.")
        raise ActionError(f"The download did not finish in {LOAD_SECONDS:.0f} seconds and was stopped.")

    # events

    def _on_event(self, name: str, params: Message, session: str) -> None:
        if session:
            for tab in self.tabs:
                if tab.session == session:
                    tab.on_event(name, params)
                    return
        elif name == "Target.attachedToTarget":
            self._attach(params)
        elif name == "Target.detachedFromTarget":
            self._detach(params["sessionId"])
        elif name == "Browser.downloadWillBegin":
            self._downloads[params["guid"]] = _Download(Path(params["suggestedFilename"]).name or "download")
        elif name == "Browser.downloadProgress" and (download := self._downloads.get(params["guid"])) is not None:
            download.state = params["state"]
            download.size = max(params["receivedBytes"], params["totalBytes"])

    def _attach(self, params: Message) -> None:
        info = params["targetInfo"]
        opener = next((tab for tab in self.tabs if tab.target == info.get("openerId")), None)
        held, self._held = self._held if opener is None else "", ""
        expects = opener.opened if opener else held
        tab = Tab(self.pipe, info["targetId"], params["sessionId"], self._headers, expects)
        self.tabs.append(tab)
        if not held:
            tab.let_go()
        if opener is not None:
            self.active = len(self.tabs) - 1

    def _detach(self, session: str) -> None:
        for index, tab in enumerate(self.tabs):
            if tab.session == session:
                tab.closed = True
                del self.tabs[index]
                self.active -= self.active > index or self.active == len(self.tabs)
                self.active = max(0, self.active)
                return


def _free_name(name: str, taken: Collection[str]) -> str:
    stem, ending = Path(name).stem, Path(name).suffix
    number, free = 0, name
    while free in taken:
        number += 1
        free = f"{stem} ({number}){ending}"
    return free
