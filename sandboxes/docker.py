"""Sandboxes made by a docker daemon on this machine.

One container a sandbox, its persistent shell on named pipes that the container sees for the moment of its start, so no
step goes through the daemon. A connection to each container tells when it, or the daemon, ends.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from selftrain.errors import ImageMissingError, SandboxError
from selftrain.sandboxes.base import Sandbox, SandboxSpec, Snapshot
from selftrain.sandboxes.boxed import BoxedSandbox, require_tools
from selftrain.sandboxes.docker_box import DockerBox, launch
from selftrain.sandboxes.docker_daemon import api_errors, open_client, reason_against
from selftrain.sandboxes.docker_images import find_with
from selftrain.sandboxes.docker_sweeping import Remover, sweep
from selftrain.sandboxes.images import docker_tag, image_names
from selftrain.sandboxes.pool import WarmPool

if TYPE_CHECKING:
    from docker import APIClient


class DockerBackend:
    """Starts sandboxes with docker; see `Backend`.

    Args:
        warm: how many sandboxes of a kind wait in the pool, started and answering; 0 for none.
    """

    name = "docker"
    default_image = "terminal"

    def __init__(self, warm: int = 4) -> None:
        self._pool = WarmPool(self._launch, DockerBox.close, lambda box: box.lifeline.alive(), warm)
        self._tools: set[tuple[str, str]] = set()
        self._pins: dict[str, str] = {}
        self._lock = threading.Lock()
        self._client: APIClient | None = None
        self._remover = Remover(self._connected)
        self._process = os.getpid()

    def available(self) -> str | None:
        """See `Backend`."""
        reason = reason_against()
        if reason is None:
            try:
                self._image_id(self.default_image)
            except ImageMissingError as error:
                # another image may be all that is wanted here
                if not any(find_with(self._connected(), docker_tag(name)) for name in image_names()):
                    return str(error)
            except SandboxError as error:
                return str(error)
        return reason

    def limits_in_force(self) -> Mapping[str, str]:
        """See `Backend`."""
        with api_errors("describe itself"):
            about = self._connected().info()
        group = f"cgroup v{about.get('CgroupVersion', '1')}"
        return {
            "memory_bytes": f"{group}, and rlimit for each process" if about.get("MemoryLimit") else "rlimit",
            "processes": group if about.get("PidsLimit") else "none: the daemon's kernel has no pids cgroup",
            "disk_bytes": "tmpfs",
            "open_files": "rlimit",
            "output_bytes": "the shell channel",
            "cpus": group if about.get("CpuCfsQuota") else "none: the daemon's kernel has no CPU quota",
        }

    def create(self, spec: SandboxSpec) -> Sandbox:
        """See `Backend`."""
        sandbox = DockerSandbox(self._pool, spec)
        try:
            require_tools(sandbox, spec.image or self.default_image, self._tools)
            sandbox.fill()
        except BaseException:
            sandbox.close()
            raise
        return sandbox

    def restore(self, snapshot: Snapshot) -> Sandbox:
        """See `Backend`."""
        sandbox = DockerSandbox(self._pool, snapshot.spec)
        try:
            sandbox.load(snapshot)
        except BaseException:
            sandbox.close()
            raise
        return sandbox

    def sweep(self) -> int:
        """See `Backend`."""
        return sweep(self._connected())

    def close(self) -> None:
        """See `Backend`; waits until what was given to be removed is gone."""
        self._pool.close()
        if os.getpid() != self._process:
            return
        self._remover.close()
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _launch(self, spec: SandboxSpec) -> DockerBox:
        return launch(self._connected(), spec, self._image_id(spec.image or self.default_image), self._remover.put)

    def _image_id(self, image: str) -> str:
        """Digest of an image, which stays the same for the life of this backend."""
        if image == "host":
            raise SandboxError('the docker backend cannot show this machine\'s own system: use image="terminal"')
        found = find_with(self._connected(), docker_tag(image))
        with self._lock:
            pinned = self._pins.get(image)
            if found is None and pinned is None:
                raise ImageMissingError(image, self.name)
            if found is None or found.id != (pinned or found.id):
                raise SandboxError(f"image {image!r} was {pinned} and is {found.id if found else 'gone'}: start anew")
            self._pins[image] = found.id
        return found.id

    def _connected(self) -> APIClient:
        with self._lock:
            if os.getpid() != self._process:
                self._process, self._client = os.getpid(), None
            if self._client is None:
                self._client = open_client()
            return self._client


class DockerSandbox(BoxedSandbox[DockerBox]):
    """One sandbox; see `Sandbox`."""

    def fill(self) -> None:
        """Write the files of the spec, all at once."""
        with self._turn:
            self._live_box().files.write_all(self._spec.files, self._spec.modes)

    def recycle(self) -> None:
        """See `Sandbox`: the same container with every process and file replaced."""
        with self._turn:
            box = self._live_box()
            box.renew()
            self.fill()
