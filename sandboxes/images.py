"""Images: the systems that sandboxes run, built from Debian packages or on top of a base image.

An image is described by `recipes/NAME.toml`. Building it needs no registry: mmdebstrap makes the system from packages,
and the very same bytes are unpacked for bubblewrap and imported into docker. A lock file says what is in it.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.resources
import json
import os
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from selftrain.errors import ImageMissingError, SandboxError, UnknownNameError
from selftrain.home import home_folder

LOCK_FILE = "lock.json"
_BUILD_SECONDS = 3600

Report = Callable[[str], None]


@dataclass(frozen=True)
class Recipe:
    """What an image is made from; the fields of `recipes/NAME.toml`."""

    name: str
    description: str
    suite: str
    mirror: str
    source_date_epoch: int
    packages: tuple[str, ...]
    leave_out: tuple[str, ...]


@dataclass(frozen=True)
class Lock:
    """What is in a built image.

    Attributes:
        image: its name.
        sha256: hash of the archive of its files.
        origin: the Debian suite or the base image that it was made from.
        packages: Debian package → exact version.
        size_bytes: of all of its files.
    """

    image: str
    sha256: str
    origin: str
    packages: Mapping[str, str] = field(default_factory=dict)
    size_bytes: int = 0

    @property
    def python(self) -> str:
        """Version of its python3 package, "" when it has none."""
        return self.packages.get("python3", "")


@dataclass(frozen=True)
class BuiltImage:
    """An image of which something is built here.

    Attributes:
        lock: what is in it.
        rootfs: its folder, or None when it is not unpacked for bubblewrap.
        docker_id: its id in docker, or "" when it is not there or no daemon answers.
    """

    lock: Lock
    rootfs: Path | None
    docker_id: str


def image_names() -> tuple[str, ...]:
    """The images that can be built."""
    return tuple(sorted(Path(file.name).stem for file in _recipes().iterdir() if file.name.endswith(".toml")))


def read_recipe(name: str) -> Recipe:
    """The description of an image.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if name not in image_names():
        raise UnknownNameError("image", name, image_names())
    fields: dict[str, Any] = tomllib.loads((_recipes() / f"{name}.toml").read_text("utf-8"))
    for key in ("packages", "leave_out"):
        fields[key] = tuple(fields[key])
    return Recipe(name=name, **fields)


def images_folder() -> Path:
    """Where unpacked images lie."""
    return home_folder() / "images"


def rootfs_path(name: str) -> Path:
    """Folder that holds the system of an image.

    Raises:
        ImageMissingError: it is not built for bubblewrap.
    """
    folder = images_folder() / name
    if name not in image_names() or not (folder / LOCK_FILE).is_file():
        raise ImageMissingError(name, "bubblewrap")
    return folder / "rootfs"


def docker_tag(name: str) -> str:
    """What an image is called in docker: one of ours, or any other, whose name has a tag or a digest."""
    return name if ":" in name else f"selftrain/{name}:latest"


def built_images() -> list[BuiltImage]:
    """The images that are built here, for either backend."""
    from selftrain.sandboxes import docker_images

    found = []
    for name in image_names():
        folder = images_folder() / name
        rootfs = folder / "rootfs" if (folder / LOCK_FILE).is_file() else None
        in_docker = docker_images.find(docker_tag(name))
        if rootfs is not None:
            lock = _read_lock(folder)
        elif in_docker is not None:
            lock = Lock(name, in_docker.sha256, "docker", size_bytes=in_docker.size_bytes)
        else:
            continue
        found.append(BuiltImage(lock, rootfs, in_docker.id if in_docker else ""))
    return found


def build_image(
    name: str,
    *,
    backends: Sequence[str] = ("bubblewrap", "docker"),
    from_base: str | None = None,
    report: Report | None = None,
) -> Lock:
    """Build an image and give it to `backends`; without a daemon docker is passed over, unless it is the only one.

    Args:
        name: one of `image_names()`.
        backends: who is to have it.
        from_base: a docker image to add the packages to, instead of starting from nothing. Needs a docker daemon.
        report: called with a line for each stage and for each thing worth seeing within it.

    Raises:
        UnknownNameError: no such image. SandboxError: it cannot be built; says what is missing.
    """
    from selftrain.sandboxes import docker_images

    recipe, tell = read_recipe(name), report or (lambda line: None)
    no_docker = docker_images.reason_against()
    if no_docker and (from_base is not None or tuple(backends) == ("docker",)):
        raise SandboxError(f"image {name!r} cannot be built for docker: {no_docker}")
    store = images_folder()
    store.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=store) as work:
        archive = Path(work) / "root.tar"
        if from_base is None:
            _bootstrap(recipe, archive, tell)
        else:
            docker_images.build_on_base(recipe, setup_script(), from_base, archive, tell)
        tell("hash")
        lock = _describe(recipe, from_base or f"debian {recipe.suite}", archive, Path(work))
        if "docker" in backends and not no_docker:
            tell("import into docker")
            docker_images.load(archive, docker_tag(name), lock.sha256)
        elif "docker" in backends:
            tell(f"docker is passed over: {no_docker}")
        if "bubblewrap" in backends:
            tell("unpack for bubblewrap")
            _unpack(archive, lock, Path(work) / "image", store / name)
    tell(f"{name} is built: {len(lock.packages)} packages, python3 {lock.python or 'absent'}, sha256 {lock.sha256}")
    return lock


def setup_script() -> bytes:
    """What turns a fresh system into a sandbox image."""
    return (_recipes() / "setup.sh").read_bytes()


@functools.cache
def _recipes() -> Path:
    return Path(str(importlib.resources.files("selftrain.sandboxes"))) / "recipes"


def _bootstrap(recipe: Recipe, archive: Path, tell: Report) -> None:
    """Make the system from Debian packages, as an archive."""
    if shutil.which("mmdebstrap") is None:
        raise SandboxError("mmdebstrap is not installed. Get it: apt-get install mmdebstrap")
    tell(f"install {len(recipe.packages)} packages and what they need from {recipe.mirror} (about a minute)")
    setup = archive.parent / "setup.sh"
    setup.write_bytes(setup_script())
    setup.chmod(0o755)
    excludes = [f"--dpkgopt=path-exclude={pattern}" for pattern in recipe.leave_out]
    command = [
        *("mmdebstrap", "--variant=essential", f"--include={','.join(recipe.packages)}"),
        *('--aptopt=APT::Install-Recommends "false"', '--aptopt=Acquire::Languages "none"'),
        *(*excludes, f'--customize-hook="{setup}" "$1"', recipe.suite, str(archive), recipe.mirror),
    ]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(recipe.source_date_epoch), "LC_ALL": "C.UTF-8"}
    _follow(command, environment, tell)


def _follow(command: Sequence[str], environment: Mapping[str, str], tell: Report) -> None:
    """Run a command and report its lines as they come."""
    said: list[str] = []
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        for raw in process.stdout:
            line = raw.decode("utf-8", "replace").strip()
            said.append(line)
            if line.startswith("I: "):
                tell(line.removeprefix("I: "))
    if process.returncode != 0:
        hint = (
            "" if os.geteuid() == 0 else " Run it as root, or give this user user namespaces and a line in /etc/subuid."
        )
        raise SandboxError(f"{command[0]} failed:{hint} It said: {' | '.join(said[-8:])}")


def _describe(recipe: Recipe, origin: str, archive: Path, work: Path) -> Lock:
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    status = work / "var/lib/dpkg/status"
    # an image without dpkg has no such member, and then no list of packages
    subprocess.run(
        ["tar", "-xf", archive, "-C", work, "--wildcards", "*var/lib/dpkg/status"], check=False, capture_output=True
    )
    packages = _packages(status.read_text("utf-8")) if status.is_file() else {}
    return Lock(recipe.name, digest, origin, packages, archive.stat().st_size)


def _packages(status: str) -> dict[str, str]:
    """Package → version from the text of dpkg's status file."""
    found = {}
    for paragraph in status.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Status", "").endswith(" installed"):
            found[fields["Package"]] = fields["Version"]
    return dict(sorted(found.items()))


def _unpack(archive: Path, lock: Lock, fresh: Path, place: Path) -> None:
    """Unpack beside the old image and take its place at the end, so that nobody meets half of one."""
    rootfs = fresh / "rootfs"
    rootfs.mkdir(parents=True)
    owner = "--same-owner" if os.geteuid() == 0 else "--no-same-owner"
    command = ["tar", "-xf", str(archive), "-C", str(rootfs), "--exclude=./dev/*", "--exclude=dev/*", "-p", owner]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_BUILD_SECONDS)
    if done.returncode != 0:
        raise SandboxError(f"the image could not be unpacked in {rootfs}: {done.stderr.strip()[-500:]}")
    for folder in (fresh, rootfs):
        folder.chmod(0o755)
    (fresh / LOCK_FILE).write_text(json.dumps(asdict(lock), indent=1) + "\n")
    old = fresh.with_name("old")
    if place.exists():
        place.rename(old)
    fresh.rename(place)


def _read_lock(folder: Path) -> Lock:
    return Lock(**json.loads((folder / LOCK_FILE).read_text("utf-8")))
