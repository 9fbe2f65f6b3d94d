"""Sites that are served inside a sandbox: one process there, asked through files."""

from __future__ import annotations

import importlib.resources
import threading
from collections.abc import Callable, Iterable, Mapping
from importlib.resources.abc import Traversable
from typing import Any

from selftrain.envs.browser.sites.guest import joined, split
from selftrain.envs.console import Console, Program
from selftrain.errors import SandboxError
from selftrain.evidence import MIB
from selftrain.sandboxes import Backend, Sandbox, SandboxSpec

IMAGE = "browser"
_FOLDER, _STATE = "/workspace", "/workspace/state"
_PACKAGE = "selftrain_sites"
_SECONDS = 30.0
_REPLY_BYTES = 32 * MIB
_PROGRAM = Program(
    command=f"env -C {_FOLDER} PYTHONDONTWRITEBYTECODE=1 python3 -m {_PACKAGE}.guest {_STATE}",
    question=lambda text, mark: f"{mark} {text}\n",
    ending=lambda mark: mark,
)
_KEPT = (
    "CONTENT_",
    "HTTP_",
    "PATH_INFO",
    "QUERY_STRING",
    "REQUEST_METHOD",
    "SCRIPT_NAME",
    "SERVER_",
    "wsgi.url_scheme",
)


class SandboxSites:
    """Sites that one process in a sandbox of their own serves; nothing else runs there.

    Args:
        backend: of the sandbox; its image must hold Python and Flask.
        image: of the sandbox, "" for `IMAGE` on docker and for this machine's system elsewhere.
        databases: site → its database in the beginning.
        javascript: whether pages load their widgets.

    Raises:
        SandboxError: the sandbox cannot be started.
    """

    def __init__(self, backend: Backend, image: str, databases: Mapping[str, bytes], javascript: bool = False) -> None:
        files = {f"{_FOLDER}/{_PACKAGE}/{path}": data for path, data in package_files().items()}
        files |= {f"{_STATE}/{name}.db": data for name, data in databases.items()}
        if javascript:
            files[f"{_STATE}/javascript"] = b""
        spec = SandboxSpec(image=image or (IMAGE if backend.name == "docker" else ""), files=files, tools=("python3",))
        self._sites = tuple(databases)
        self._sandbox: Sandbox = backend.create(spec)
        self._console = Console(self._sandbox, _PROGRAM)
        self._lock = threading.Lock()
        self._fault: SandboxError | None = None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        kept = {name: value for name, value in environ.items() if name.startswith(_KEPT) and isinstance(value, str)}
        length = environ.get("CONTENT_LENGTH") or "0"
        body = environ["wsgi.input"].read(int(length)) if length.isdecimal() else b""
        reply, data = self._ask("request", joined(kept, body))
        start_response(reply["status"], [(name, value) for name, value in reply["headers"]])
        return [data]

    def check(self) -> None:
        """Raise the error of a request that failed."""
        if self._fault is not None:
            raise self._fault

    def databases(self) -> Mapping[str, bytes]:
        """The databases as they stand."""
        self._ask("keep")
        return {name: self._sandbox.read(f"{_STATE}/{name}.db", _REPLY_BYTES) for name in self._sites}

    def log(self) -> bytes:
        """The log of requests."""
        return self._ask("keep")[1]

    def close(self) -> None:
        """Close the sandbox."""
        self._sandbox.close()

    def _ask(self, verb: str, request: bytes | None = None) -> tuple[Any, bytes]:
        with self._lock:
            self.check()
            try:
                reply, data = split(self._reply(verb, request))
                if "failed" in reply:
                    raise SandboxError(f"a site failed: {reply['failed']}")
            except (OSError, ValueError) as error:
                self._fault = SandboxError(f"the sites in the sandbox gave no answer: {error}")
                raise self._fault from error
            except SandboxError as error:
                self._fault = error
                raise
            return reply, data

    def _reply(self, verb: str, request: bytes | None) -> bytes:
        if request is not None:
            self._sandbox.write(f"{_STATE}/request", request)
        reply = self._console.ask(verb, _SECONDS)
        if reply.ended or reply.timed_out:
            raise SandboxError(f"the sites in the sandbox did not answer: {reply.output[-2000:]}")
        return self._sandbox.read(f"{_STATE}/reply", _REPLY_BYTES)


def package_files() -> dict[str, bytes]:
    """The package of the sites, by path."""
    found: dict[str, bytes] = {}

    def walk(folder: Traversable, prefix: str) -> None:
        for entry in folder.iterdir():
            if entry.is_dir():
                if entry.name != "__pycache__":
                    walk(entry, f"{prefix}{entry.name}/")
            elif not entry.name.startswith("content"):  # which makes databases, and is not needed to serve them
                found[f"{prefix}{entry.name}"] = entry.read_bytes()

    walk(importlib.resources.files("selftrain.envs.browser.sites"), "")
    return found
