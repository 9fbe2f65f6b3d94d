"""Images of tasks: built by docker from the task's Dockerfile, once, without a network, and what they hold.

An image is named by the hash of everything that it is made from, its bases' digests included, so that the same files on
the same bases are built once on a machine. `docker image prune --all --filter label=selftrain.task` removes them.
"""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import re
import tarfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from selftrain.errors import ImageMissingError, SandboxError, TaskError
from selftrain.evidence import MIB
from selftrain.sandboxes.base import TreeEntry
from selftrain.sandboxes.docker_daemon import api_errors, connect
from selftrain.sandboxes.docker_images import find_with
from selftrain.sandboxes.docker_sweeping import labels
from selftrain.tasks import OwnImage

if TYPE_CHECKING:
    from docker import APIClient

LABEL = "selftrain.task"
REPOSITORY = "selftrain-task"
MOST_CONTENT_BYTES = 256 * MIB
"""Of what an image holds below the writable folders of a task: it is copied into each sandbox."""
MOST_ENTRIES = 20_000
_BUILD_MEMORY_BYTES = 4096 * MIB
_FIXED_TIME = 1_735_689_600  # 2025-01-01, of every file of a context: the same files give the same image
_LOG_LINES, _MOST_LOG_LINES = 40, 2000
_READ_SECONDS = 120
_STEP = re.compile(r"Step ([0-9]+)/[0-9]+ : (.*)")
# whole: a shorter id, which any command may print, could name another's container
_RUNNING = re.compile(r" ---> Running in ([0-9a-f]{12,64})$")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_WANTS_NETWORK = re.compile(
    r"could not resolve|name resolution|network is unreachable|unknown host|no address associated|ENOTFOUND|EAI_AGAIN"
    r"|failed to (fetch|establish a new connection)|bad address|lookup .* on|unable to locate package|dial tcp"
    r"|nodename nor servname",
    re.IGNORECASE,
)
_log = logging.getLogger(__name__)
_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


@dataclass(frozen=True)
class Found:
    """An image that is there.

    Attributes:
        name: with which a sandbox names it.
        id: its digest.
        path: its PATH, "" for none.
        log: the last lines of its build; empty when it was there before.
    """

    name: str
    id: str
    path: str
    log: tuple[str, ...] = ()


def own_image(own: OwnImage) -> Found:
    """The image of a task, built where it is not there yet.

    Raises:
        ImageMissingError: a base is not there; nothing is ever pulled.
        TaskError: its Dockerfile does not build, with the line and the end of the log.
        SandboxError: the daemon failed.
    """
    with connect() as client:
        digests = []
        for base in own.bases:
            found = find_with(client, base)
            if found is None:
                raise ImageMissingError(base, "docker")
            digests.append(found.id)
        if not own.dockerfile:
            return _described(client, own.bases[0])
        tag = f"{REPOSITORY}:{own.digest(*digests)[:40]}"
        with _locks[tag]:
            log = [] if find_with(client, tag) else _build(own, tag)
        return _described(client, tag, tuple(log))


def _described(client: APIClient, name: str, log: tuple[str, ...] = ()) -> Found:
    with api_errors("look at an image"):
        about: dict[str, Any] = client.inspect_image(name)  # type: ignore[no-untyped-call]
    settings = dict(one.partition("=")[::2] for one in about["Config"].get("Env") or ())
    return Found(name, about["Id"], settings.get("PATH", ""), log)


def _build(own: OwnImage, tag: str) -> list[str]:
    """Build it; the last lines of the log."""
    import docker.errors
    import requests.exceptions
    import urllib3.exceptions

    started = time.monotonic()
    log: list[str] = []
    _log.info("building the image of %s as %s", own.file, tag)
    try:
        with connect(int(own.seconds) + 1) as client, _ended_after(own.seconds, log):
            for event in _events(client, own, tag):
                log += _COLOURS.sub("", event.get("stream") or "").rstrip().splitlines()
                _shorten(log)
                if time.monotonic() - started > own.seconds:
                    raise _too_slow(own, log)
                if "error" in event:
                    raise _refused(own, log, str(event["error"]))
    except docker.errors.APIError as error:
        if error.is_client_error() or "dockerfile parse error" in str(error):
            raise TaskError(f"{own.file} cannot be built: {error.explanation}") from error
        raise SandboxError(f"docker could not build {own.file}: {error.explanation}") from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        if time.monotonic() - started > own.seconds:
            raise _too_slow(own, log) from error
        raise SandboxError(f"docker could not build {own.file}: {error}") from error
    _log.info("built %s in %.1f s", tag, time.monotonic() - started)
    return log[-_LOG_LINES:]


def _shorten(log: list[str]) -> None:
    """Keep the step under way, what runs it, and the end: a command may print for as long as it likes."""
    if len(log) > 2 * _MOST_LOG_LINES:
        gone = log[:-_MOST_LOG_LINES]
        marks = [next((line for line in reversed(gone) if form.match(line)), "") for form in (_STEP, _RUNNING)]
        log[:] = [*marks, *log[-_MOST_LOG_LINES:]]


@contextlib.contextmanager
def _ended_after(seconds: float, log: list[str]) -> Iterator[None]:
    """Kill what a build runs when the time is up: a command that prints nothing would keep us waiting."""

    def end() -> None:
        running = [match[1] for line in list(log) if (match := _RUNNING.match(line))]
        with contextlib.suppress(SandboxError), connect() as client, api_errors("end a build"):
            if running:
                client.kill(running[-1])

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _events(client: APIClient, own: OwnImage, tag: str) -> Iterator[dict[str, Any]]:
    limits = {"memory": _BUILD_MEMORY_BYTES, "memswap": _BUILD_MEMORY_BYTES}
    options: dict[str, Any] = {
        "custom_context": True,
        "decode": True,
        "rm": True,
        "forcerm": True,
        "network_mode": "none",
        "labels": {LABEL: own.file[-200:]},
        "container_limits": limits,
        "use_config_proxy": False,
    }
    yield from client.build(fileobj=_context(own), tag=tag, **options)


def _context(own: OwnImage) -> io.BytesIO:
    buffer = io.BytesIO()
    files = {**own.context, "Dockerfile": (own.dockerfile.encode(), 0o644)}
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, (data, mode) in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(data), mode, _FIXED_TIME
            tar.addfile(member, io.BytesIO(data))
    buffer.seek(0)
    return buffer


def _refused(own: OwnImage, log: list[str], error: str) -> Exception:
    """What a build that ended in an error is told."""
    if "no space left on device" in error.lower():
        return SandboxError(f"docker could not build {own.file}: {error}")
    said = [line for line in log if not line.startswith((" --->", "Removing intermediate"))][-12:]
    network = any(_WANTS_NETWORK.search(line) for line in (*said, error))
    hint = (
        " It wants the network, and images are built without one: use a base that has it, or COPY it."
        if network
        else ""
    )
    tail = "\n  ".join(line[:300] for line in said)
    return TaskError(f"{_where(own, log)} does not build: {error}.{hint}\n  {tail}")


def _too_slow(own: OwnImage, log: list[str]) -> TaskError:
    return TaskError(f"{_where(own, log)} takes more than {own.seconds:g} seconds (environment.build_timeout_sec)")


def _where(own: OwnImage, log: list[str]) -> str:
    """The line of the Dockerfile that was last begun."""
    steps = [match for line in log if (match := _STEP.match(line))]
    if not steps or int(steps[-1][1]) > len(own.lines):
        return own.file
    return f"{own.file} line {own.lines[int(steps[-1][1]) - 1]}: {steps[-1][2][:120]}"


@functools.lru_cache(maxsize=4)
def contents(image_id: str, folders: tuple[str, ...], most_bytes: int) -> tuple[TreeEntry, ...]:
    """What an image holds below `folders`: files, folders and links. Special files are left out.

    Args:
        image_id: of the image.
        folders: absolute paths.
        most_bytes: of all files together.

    Raises:
        TaskError: it is more than that, or than `MOST_ENTRIES`. SandboxError: the daemon failed.
    """
    outermost = [one for one in folders if not any(one.startswith(f"{other}/") for other in folders)]
    entries: list[TreeEntry] = []
    with connect(_READ_SECONDS) as client, api_errors("read an image"):
        container = client.create_container(image_id, command=["true"], labels=labels())
        try:
            for folder in outermost:
                entries += _below(client, container, folder, most_bytes)
        finally:
            client.remove_container(container, v=True, force=True)
    if len(entries) > MOST_ENTRIES or sum(len(entry.data) for entry in entries) > most_bytes:
        raise _too_much(" and ".join(outermost), most_bytes)
    return tuple(entries)


def _below(client: APIClient, container: Any, folder: str, most_bytes: int) -> list[TreeEntry]:
    import docker.errors

    try:
        chunks, about = client.get_archive(container, folder)
    except docker.errors.NotFound:
        return []
    if about.get("linkTarget"):
        raise TaskError(f"{folder} is a link in the task's image, to {about['linkTarget']}: name that folder instead")
    buffer, size = io.BytesIO(), 0
    for chunk in chunks:  # to its end, for until then the daemon does not let go of the container
        size += len(chunk)
        if size <= most_bytes + MOST_ENTRIES * 1024:
            buffer.write(chunk)
    if size > most_bytes + MOST_ENTRIES * 1024:
        raise _too_much(folder, most_bytes)
    buffer.seek(0)
    with tarfile.open(fileobj=buffer) as tar:
        return [entry for member in tar if (entry := _entry(tar, member, folder)) is not None]


def _entry(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: str) -> TreeEntry | None:
    """One member, whose name begins with the last part of `folder`; None for that itself and for special files."""
    below = member.name.partition("/")[2].rstrip("/")
    if not below:
        return None
    path, mode, mtime = f"{folder}/{below}", member.mode & 0o777, int(member.mtime * 10**9)
    if member.isdir():
        return TreeEntry(path, "directory", mode, mtime)
    if member.issym():
        return TreeEntry(path, "link", 0o777, mtime, member.linkname.encode("utf-8", "surrogateescape"))
    if (member.isreg() or member.islnk()) and (file := tar.extractfile(member)) is not None:
        return TreeEntry(path, "file", mode, mtime, file.read())
    return None


def _too_much(folder: str, most_bytes: int) -> TaskError:
    return TaskError(
        f"{folder} of the task's image holds more than {most_bytes // MIB} MB or {MOST_ENTRIES} files, and every "
        "sandbox gets a copy: put what is only read elsewhere, such as /opt of the image, or raise storage_mb"
    )
