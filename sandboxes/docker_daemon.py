"""The docker daemon: how it is reached, and what its failures are called."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

from selftrain.errors import SandboxError

if TYPE_CHECKING:
    from docker import APIClient

# every call has a deadline: a daemon that is stopped must not stop us
CALL_SECONDS = 20
# a start writes to the disk, which on a loaded machine may take long and is no fault; what asks a question comes first,
# so that a daemon that is stopped is found within the shorter time
START_SECONDS = 120
_PROBE_SECONDS = 5
_USUAL_SOCKET = "/var/run/docker.sock"


@contextlib.contextmanager
def connect(seconds: int = CALL_SECONDS) -> Iterator[APIClient]:
    """A client of the daemon that DOCKER_HOST names (or the usual socket), closed at the end."""
    client = open_client(seconds)
    try:
        yield client
    finally:
        client.close()


def open_client(seconds: int = CALL_SECONDS) -> APIClient:
    """A client whose calls end after `seconds`."""
    import docker
    from docker.utils import kwargs_from_env

    with api_errors("reach the daemon"):
        _knock(seconds)
        return docker.APIClient(version="auto", timeout=seconds, **kwargs_from_env())


def _knock(seconds: float) -> None:
    """Raise OSError unless something listens, because the library leaves a socket open for each failure to connect."""
    host = os.environ.get("DOCKER_HOST", "")
    if not host or host.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(seconds)
            door.connect(host.removeprefix("unix://") or _USUAL_SOCKET)


def reason_against() -> str | None:
    """None when a local daemon answers, else one line on what is missing and the way out."""
    host = os.environ.get("DOCKER_HOST") or "unix://"
    if not host.startswith("unix://"):
        return f"DOCKER_HOST={host} is another machine, whose pipes cannot be reached. Use a daemon on this one"
    try:
        with connect(_PROBE_SECONDS) as client, api_errors("ask the daemon"):
            client.ping()
    except ImportError:
        return "the docker package is not installed. Get it: pip install docker"
    except SandboxError as error:
        return f"{error}. {_advice(str(error))}"
    return None


def _advice(complaint: str) -> str:
    if "Permission denied" in complaint:
        return "Let this user use it: sudo usermod -aG docker $USER, then log in again"
    return "Start it (sudo systemctl start docker), install it (apt-get install docker.io), or set DOCKER_HOST"


@contextlib.contextmanager
def api_errors(what: str) -> Iterator[None]:
    """Turn every failure of the daemon into SandboxError, so that none is read as an answer."""
    import docker.errors
    import requests.exceptions

    try:
        yield
    except (docker.errors.DockerException, requests.exceptions.RequestException, OSError) as error:
        explained = getattr(error, "explanation", None) or error
        raise SandboxError(f"docker could not {what}: {explained}") from error
