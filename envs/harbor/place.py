"""The sandbox that a task's `[environment]` and Dockerfile ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from selftrain.envs.harbor.bases import ours, stand_in
from selftrain.envs.harbor.config import EnvironmentPart, User
from selftrain.envs.harbor.dockerfile import (
    DEFAULT_WORKDIR,
    Built,
    docker_name,
    read_dockerfile,
    writable_folder,
)
from selftrain.envs.harbor.folders import files_below
from selftrain.errors import TaskError
from selftrain.evidence import MIB
from selftrain.sandboxes.images import docker_tag
from selftrain.tasks import OwnImage, SandboxNeeds

FOLDERS = ("/tests", "/logs", "/solution")
"""Harbor's own, writable in every sandbox."""
MOST_DISK_BYTES = 1024 * MIB
"""Of each writable folder, for they lie in memory; a task that asks for more gets this much."""
_COMPOSE = ("docker-compose.yaml", "docker-compose.yml", "singularity-compose.yaml")


@dataclass(frozen=True)
class Place:
    """What a sandbox is made from.

    Attributes:
        image: to run in, "" for the backend's default.
        own_image: what the task brings instead, for backends that build images and run any.
        workdir: where it starts.
        folders: writable ones that hold the work, `workdir` first.
        files: absolute path → bytes.
        modes: permission bits of those that can be run.
        needs: variables, user and ceilings.
        default_user: what the Dockerfile says, or "agent".
        notes: what a reader should know about how it differs from the image that the task names.
    """

    image: str
    workdir: str
    folders: tuple[str, ...]
    files: Mapping[str, bytes]
    modes: Mapping[str, int]
    needs: SandboxNeeds
    default_user: User
    notes: tuple[str, ...]
    own_image: OwnImage | None = None

    @property
    def writable(self) -> tuple[str, ...]:
        """Every writable folder."""
        return tuple(dict.fromkeys((*self.folders, *FOLDERS)))

    def with_room_for(self, paths: Iterable[str], what: str) -> Place:
        """The same with `paths` below writable folders; an error names `what` asks for them."""
        folders = list(self.folders)
        for path in paths:
            if any(path == one or path.startswith(f"{one}/") for one in (*folders, *FOLDERS)):
                continue
            if path.count("/") == 1 and "." in path:
                raise TaskError(f"{what}: {path} is a file in /, where a sandbox can have none; use a folder")
            if folder := writable_folder(path, what):
                folders.append(folder)
        return replace(self, folders=tuple(dict.fromkeys(folders)))


def read_place(
    folder: Path, context: Path, environment: EnvironmentPart, user: User, bases: Mapping[str, str]
) -> Place:
    """The sandbox of a task.

    Args:
        folder: of the task.
        context: where its Dockerfile lies.
        environment: `[environment]`.
        user: "" takes the Dockerfile's.
        bases: see `bases.stand_in`.

    Raises:
        TaskError: something asks for what no sandbox has.
    """
    for name in _COMPOSE:
        if (context / name).exists():
            raise TaskError(f"{context}/{name} is not supported: there is one sandbox, without services beside it")
    built = read_dockerfile(context, folder, _in_docker(bases))
    if built.needed and not built.base:
        raise TaskError(f"{context}/Dockerfile begins with no FROM")
    workdir = environment.workdir or (built.folders[0] if built.folders else DEFAULT_WORKDIR)
    writable_folder(f"{workdir}/.", "environment.workdir")
    default_user: User = built.user or "agent"
    needs = SandboxNeeds(
        env={**built.env, **environment.env},
        user="root" if (user or default_user) == "root" else "agent",
        memory_bytes=environment.memory_bytes,
        disk_bytes=min(environment.disk_bytes, MOST_DISK_BYTES),
        cpus=environment.cpus,
    )
    return Place(
        image=_image(environment, built, bases),
        workdir=workdir,
        folders=tuple(dict.fromkeys((workdir, *built.folders))),
        files=built.files,
        modes=built.modes,
        needs=needs,
        default_user=default_user,
        notes=tuple(_notes(environment, built, bases)),
        own_image=_own_image(context, environment, built, bases),
    )


def _in_docker(bases: Mapping[str, str]) -> Callable[[str], str]:
    """From the base that a Dockerfile names to the image that docker is to take for it."""

    def taken(base: str) -> str:
        image = stand_in(base, bases)
        return docker_name(base) if image is None else docker_tag(image or "terminal")

    return taken


def _image(environment: EnvironmentPart, built: Built, bases: Mapping[str, str]) -> str:
    """What a sandbox runs in without an image of the task's own."""
    named = environment.docker_image or built.base
    image = stand_in(named, bases)
    if image is None:
        image = ours(named) or (docker_name(named) if environment.docker_image else "")
    return image


def _own_image(context: Path, environment: EnvironmentPart, built: Built, bases: Mapping[str, str]) -> OwnImage | None:
    copied = {path: (data, built.modes.get(path, 0o644)) for path, data in built.files.items()}
    if named := environment.docker_image:
        if ours(named) or stand_in(named, bases) is not None:
            return None
        return OwnImage((docker_name(named),), copied=copied, env=built.env)
    if not built.base:
        return None
    return OwnImage(
        bases=tuple(built.bases),
        dockerfile=built.text,
        file=f"{context}/Dockerfile",
        lines=tuple(built.numbers),
        context=files_below(context, context),
        needed=tuple(built.needed),
        copied=copied,
        env=built.env,
        seconds=environment.build_timeout_sec,
    )


def _notes(environment: EnvironmentPart, built: Built, bases: Mapping[str, str]) -> Iterable[str]:
    image = environment.docker_image or built.base
    if (other := stand_in(image, bases)) is not None:
        yield f"{other or 'the default image'} stands for {image}"
    elif built.base and not environment.docker_image and not ours(image):
        yield f"the backend's default image stands for {built.base} where none is built from it"
    if built.needed and environment.docker_image:
        yield f"what these lines do must be in the image: {_lines(built)}"
    elif built.needed:
        yield f"an image is built, with docker alone, for: {_lines(built)}"
    if environment.disk_bytes > MOST_DISK_BYTES:
        yield f"each writable folder holds {MOST_DISK_BYTES // MIB} MB, for it lies in memory"


def _lines(built: Built) -> str:
    return ", ".join(line[line.index("Dockerfile line") :][:60] for line in built.needed)
