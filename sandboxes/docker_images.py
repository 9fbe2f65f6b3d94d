"""Images in docker: found, imported from an archive, and built on a base image."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selftrain.errors import SandboxError
from selftrain.sandboxes.docker_daemon import api_errors, connect, reason_against

if TYPE_CHECKING:
    from docker import APIClient

    from selftrain.sandboxes.images import Recipe

__all__ = ["DockerImage", "build_on_base", "find", "find_with", "load", "reason_against"]

SHA256_LABEL = "selftrain.image.sha256"
_BUILD_SECONDS = 3600
_CHUNK = 1 << 20


@dataclass(frozen=True)
class DockerImage:
    """An image as docker knows it; `id` is the digest that pins it."""

    id: str
    sha256: str
    size_bytes: int


def find(tag: str) -> DockerImage | None:
    """The image called `tag`, None when it is not there or no daemon answers."""
    if reason_against():
        return None
    with connect() as client:
        return find_with(client, tag)


def find_with(client: APIClient, tag: str) -> DockerImage | None:
    """The image called `tag`, None when it is not there."""
    import docker.errors

    with api_errors("look for an image"):
        try:
            found = client.inspect_image(tag)  # type: ignore[no-untyped-call]
        except docker.errors.ImageNotFound:
            return None
        except docker.errors.APIError as error:
            if error.response is not None and error.response.status_code == 400:
                return None  # no name that an image could have
            raise
    labels = found["Config"].get("Labels") or {}
    return DockerImage(found["Id"], labels.get(SHA256_LABEL, ""), found["Size"])


def load(archive: Path, tag: str, sha256: str) -> None:
    """Import the archive of a system as the image `tag`."""
    repository, _, version = tag.partition(":")
    with connect(_BUILD_SECONDS) as client, api_errors("import an image"), archive.open("rb") as file:
        load_file: Any = client.import_image_from_file  # the stubs know file names alone
        load_file(file, repository=repository, tag=version, changes=[f"LABEL {SHA256_LABEL}={sha256}"])


def build_on_base(recipe: Recipe, setup: bytes, base: str, archive: Path, tell: Callable[[str], None]) -> None:
    """Add the recipe's packages to the docker image `base` and write the system that results to `archive`."""
    tag = f"selftrain-build/{recipe.name}"
    with connect(_BUILD_SECONDS) as client, api_errors(f"build on {base!r}"):
        tell(f"docker build FROM {base}")
        context = _context({"Dockerfile": dockerfile(recipe, base).encode(), "setup.sh": setup})
        options: dict[str, Any] = {
            "custom_context": True,
            "rm": True,
            "forcerm": True,
            "decode": True,
            "network_mode": "host",
        }
        for event in client.build(fileobj=context, tag=tag, **options):
            if "error" in event:
                raise SandboxError(f"image {recipe.name!r} cannot be built on {base!r}: {event['error']}")
            if line := event.get("stream", "").strip():
                tell(line)
        container = client.create_container(tag, command=["true"])
        try:
            with archive.open("wb") as file:
                for chunk in client.export(container, chunk_size=_CHUNK):
                    file.write(chunk)
        finally:
            client.remove_container(container, v=True, force=True)
            client.remove_image(tag)


def dockerfile(recipe: Recipe, base: str) -> str:
    """How docker adds what a recipe names to a Debian or Ubuntu image."""
    # a version is what one release of Debian has; the base decides here
    packages = " ".join(package.partition("=")[0] for package in recipe.packages)
    return f"""\
FROM {base}
USER root
RUN command -v apt-get >/dev/null || {{ echo "the base image must be a Debian or Ubuntu" >&2; exit 1; }}
RUN apt-get update \\
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends {packages} \\
 && rm -rf /var/lib/apt/lists/*
COPY setup.sh /tmp/setup.sh
RUN sh /tmp/setup.sh / && rm /tmp/setup.sh
"""


def _context(files: dict[str, bytes]) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    buffer.seek(0)
    return buffer
