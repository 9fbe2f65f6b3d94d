"""Whose a docker sandbox is, and removing them: ours in the background, those of dead processes by sweeping."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from selftrain.errors import SandboxError
from selftrain.sandboxes.docker_daemon import api_errors
from selftrain.sandboxes.launch import owner_name as owner
from selftrain.sandboxes.sweeping import _owner_is_dead

if TYPE_CHECKING:
    from docker import APIClient

__all__ = ["FOLDER_PREFIX", "Remover", "labels", "owner", "sweep"]

_log = logging.getLogger(__name__)
FOLDER_PREFIX = "selftrain-docker-"
_OWNER, _BOOT, _PIDS = "selftrain.owner", "selftrain.boot", "selftrain.pids"


def labels() -> dict[str, str]:
    """Labels that tell this process from every other one that uses the same daemon."""
    return {_OWNER: owner(), _BOOT: _boot(), _PIDS: str(Path("/proc/self/ns/pid").readlink())}


class Remover:
    """Removes containers in a background thread, because docker takes a quarter of a second for one.

    Args:
        client: of the daemon.
    """

    def __init__(self, client: Callable[[], APIClient]) -> None:
        self._client = client
        self._waiting: deque[str] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._process = os.getpid()

    def put(self, container: str) -> None:
        """Have a container killed and removed soon."""
        with self._changed:
            if os.getpid() != self._process:
                self._process, self._thread = os.getpid(), None
                self._waiting.clear()
            self._waiting.append(container)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="selftrain-docker-remover", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Wait until all that was put is removed."""
        with self._changed:
            thread, self._thread = self._thread, None
            self._changed.notify()
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        me = threading.current_thread()
        while True:
            with self._changed:
                while not self._waiting and self._thread is me:
                    self._changed.wait()
                if not self._waiting:
                    return
                container = self._waiting.popleft()
            try:
                with api_errors("remove a sandbox"):
                    self._client().remove_container(container, v=True, force=True)
            except SandboxError as error:  # nobody waits for it, and a sweep finds it again
                _log.warning("%s", error)


def sweep(client: APIClient) -> int:
    """Remove containers and folders whose owner is dead; returns how many."""
    count = 0
    ours = labels()
    with api_errors("list sandboxes"):
        listed = client.containers(all=True, filters={"label": _OWNER})
    for container in listed:
        found = container["Labels"]
        # ids of processes in another namespace tell us nothing
        if found.get(_BOOT) == ours[_BOOT] and (found.get(_PIDS) != ours[_PIDS] or not _owner_is_dead(found[_OWNER])):
            continue
        with api_errors("remove a sandbox"):
            client.remove_container(container["Id"], v=True, force=True)
        count += 1
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        if folder.stat().st_uid == os.geteuid() and _owner_is_dead(folder.name.removeprefix(FOLDER_PREFIX)):
            shutil.rmtree(folder, ignore_errors=True)
            count += 1
    return count


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
