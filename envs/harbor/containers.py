"""Exported tasks in containers of docker, as Harbor runs them: plain ones, which share nothing with our sandboxes.

Both images are built from the folder's own Dockerfiles, without a network: the lines above the label `selftrain.image`
make one of our images, which is here already and takes their place.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import tarfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selftrain.envs.checks import UnreadableError
from selftrain.envs.guest_judge import ARCHIVE, ARCHIVE_BYTES
from selftrain.envs.harbor.folders import files_below
from selftrain.envs.harbor.rewards import json_rewards, the_reward
from selftrain.errors import TaskError, VerifierError
from selftrain.evidence import MIB
from selftrain.sandboxes.docker_builds import own_image
from selftrain.sandboxes.docker_daemon import api_errors, connect
from selftrain.sandboxes.docker_sweeping import labels
from selftrain.sandboxes.images import docker_tag
from selftrain.tasks import OwnImage

if TYPE_CHECKING:
    from docker import APIClient

_LABEL = re.compile(r'^LABEL selftrain\.image="([a-z0-9-]+)"\n', re.MULTILINE)
_REWARD, _REWARD_BYTES = "/logs/verifier/reward.json", 4096
_AGENT, _ROOT = "1000:1000", "0:0"
_SECONDS = 600.0


@dataclass(frozen=True)
class _Container:
    client: APIClient
    id: str

    def run(self, command: str, user: str, seconds: float) -> bytes:
        """What `command` said; it is ended after `seconds`."""
        words = ["timeout", "-k", "5", f"{seconds:g}", "bash", "-c", command]
        with api_errors("run a command in a container"):
            started = self.client.exec_create(self.id, words, user=user)
            said: bytes = self.client.exec_start(started["Id"])
        return said

    def put(self, path: str, data: bytes, mode: int) -> None:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            info = tarfile.TarInfo(path.lstrip("/"))
            info.size, info.mode = len(data), mode
            tar.addfile(info, io.BytesIO(data))
        with api_errors("write into a container"):
            self.client.put_archive(self.id, "/", buffer.getvalue())

    def get(self, path: str, most: int) -> bytes | None:
        """A regular file of at most `most` bytes, None when there is none."""
        import docker.errors

        buffer = io.BytesIO()
        with api_errors("read from a container"):
            try:
                chunks, _ = self.client.get_archive(self.id, path)
            except docker.errors.NotFound:
                return None
            for chunk in chunks:
                buffer.write(chunk)
                if buffer.tell() > most + 2 * MIB:
                    return None
        buffer.seek(0)
        with tarfile.open(fileobj=buffer) as tar:
            member = tar.next()
            file = tar.extractfile(member) if member and member.isreg() else None
            return file.read() if file else None


def collect_in_container(folder: Path, script: str) -> bytes:
    """The archive that is collected of an exported folder's environment after `script`, a path in it ("" for none).

    Raises:
        VerifierError: there is none, with what the collecting said. TaskError: the image does not build.
        SandboxError: the daemon failed, or our image is not here.
    """
    config = _config(folder)
    with _container(folder / "environment") as container:
        container.run("mkdir -p /logs/agent /logs/verifier /logs/artifacts && chmod 777 /logs/*", _ROOT, 60)
        if script:
            container.put("/solution/script.sh", (folder / script).read_bytes(), 0o755)
            workdir = shlex.quote(config["environment"]["workdir"])
            container.run(f"cd {workdir} && bash /solution/script.sh", _AGENT, _SECONDS)
        hooks = config["verifier"]["collect"]
        said = [container.run(hook["command"], _ROOT, hook["timeout_sec"]) for hook in hooks]
        archive = container.get(ARCHIVE, ARCHIVE_BYTES)
    if archive is None:
        heard = b" ".join(said).decode("utf-8", "replace").strip()[-300:]
        raise VerifierError(f"{folder}: [[verifier.collect]] wrote no {ARCHIVE}: {heard}")
    return archive


def judge_in_container(folder: Path, archive: bytes) -> float:
    """The reward that `tests/test.sh` of an exported folder gives for `archive`; errors as `collect_in_container`."""
    seconds = _config(folder)["verifier"]["timeout_sec"]
    with _container(folder / "tests") as container:
        container.put(ARCHIVE, archive, 0o644)
        said = container.run("bash /tests/test.sh", _ROOT, seconds)
        reward = container.get(_REWARD, _REWARD_BYTES)
    try:
        return the_reward(json_rewards(reward or b""))
    except UnreadableError as error:
        last = said.decode("utf-8", "replace").strip()[-500:]
        raise VerifierError(f"{folder}/tests/test.sh gives no reward ({error}): {last}") from None


def _config(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "task.toml").read_text("utf-8"))


@contextlib.contextmanager
def _container(context: Path) -> Iterator[_Container]:
    """A container of the image of `context`, without a network, that waits."""
    image = own_image(_own(context)).name
    with connect(int(_SECONDS) + 60) as client:
        with api_errors("start a container"):
            create: Any = client.create_host_config  # the stubs know less than the library takes
            host = create(network_mode="none", init=True, mem_limit=2048 * MIB, pids_limit=1024)
            made = client.create_container(image, ["sleep", "infinity"], host_config=host, labels=labels())
            container = str(made["Id"])
        try:
            with api_errors("start a container"):
                client.start(container)
            yield _Container(client, container)
        finally:
            with api_errors("remove a container"):
                client.remove_container(container, v=True, force=True)


def _own(context: Path) -> OwnImage:
    text = (context / "Dockerfile").read_text("utf-8")
    label = _LABEL.search(text)
    if label is None:
        raise TaskError(f"{context}/Dockerfile has no line LABEL selftrain.image=..., which exported tasks have")
    base, rest = docker_tag(label[1]), text[label.end() :]
    first = text[: label.end()].count("\n")
    numbers = range(first, first + 1 + rest.count("\n"))
    files = files_below(context, context)
    return OwnImage((base,), f"FROM {base}\n{rest}", f"{context}/Dockerfile", tuple(numbers), files)
