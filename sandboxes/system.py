"""What a bubblewrap sandbox sees of the file system: a read-only system and empty writable folders."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from selftrain.errors import OptionError
from selftrain.evidence import MIB
from selftrain.sandboxes.base import HOME, SandboxSpec

HOST_IMAGE = "host"
SHARED_MEMORY_BYTES = 64 * MIB
# of the host's /etc: what programs need to find libraries, the commands behind names, and certificates
_FROM_HOST = (
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "ssl/certs", "ssl/openssl.cnf", "pki/tls/certs"),
    *("services", "protocols", "mime.types", "debian_version", "os-release"),
)
_GENERATED = {
    "passwd": "root:x:0:0:root:/root:/bin/bash\nagent:x:1000:1000:agent:/home/agent:/bin/bash\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "group": "root:x:0:\nagent:x:1000:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.1.1\tsandbox\n",
    "hostname": "sandbox\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
    "resolv.conf": "",
    "timezone": "Etc/UTC\n",
    "shells": "/bin/sh\n/bin/bash\n",
}
# made afresh in each sandbox, or nothing of a system's
_NEVER = {"dev", "proc", "sys", "tmp", "run", "mnt", "media", "boot", "lost+found"}


def make_etc(folder: Path) -> None:
    """Fill `folder` with an /etc that says nothing of this machine."""
    for name in _FROM_HOST:
        source, target = Path("/etc") / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        elif source.exists():
            shutil.copyfile(source, target)
    for name, text in _GENERATED.items():
        (folder / name).write_text(text)
    (folder / "localtime").symlink_to("/usr/share/zoneinfo/Etc/UTC")
    (folder / "mtab").symlink_to("/proc/mounts")
    for current, _, _ in os.walk(folder):
        Path(current).chmod(0o755)


def mounts(spec: SandboxSpec, root: Path, etc: Path | None) -> list[str]:
    """Arguments of bwrap that make the file system of `spec`.

    Args:
        spec: the sandbox's.
        root: the system: "/" or a built image's folder.
        etc: shown as /etc instead of the system's.

    Raises:
        OptionError: a writable folder of the spec lies where there can be none.
    """
    for folder in spec.writable_folders:
        top = folder.split("/")[1] if folder.startswith("/") else ""
        if not top or ".." in folder.split("/") or top in {"dev", "proc", "sys"}:
            raise OptionError(f"writable folder {folder!r}: must be an absolute path, not in /dev, /proc or /sys")
    arguments = ["--proc", "/proc", "--dev", "/dev"]
    folders = set(spec.writable_folders)
    for name in _tops(root, etc is not None):
        arguments += _bind(root / name, f"/{name}", folders)
    if etc is not None:
        arguments += ["--ro-bind", str(etc), "/etc", "--dir", "/var", "--dir", "/run", "--dir", "/root"]
        arguments += ["--tmpfs", "/usr/local", "--remount-ro", "/usr/local", *_masks()]
    if spec.network:
        arguments += ["--ro-bind-try", str(Path("/etc/resolv.conf").resolve()), "/etc/resolv.conf"]
    shared = str(min(SHARED_MEMORY_BYTES, spec.limits.disk_bytes))
    sized = ["--size", shared, "--perms", "1777", "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    for folder in sorted(folders, key=len):
        mode = "1777" if folder == "/tmp" else "0755"
        sized += ["--size", str(spec.limits.disk_bytes), "--perms", mode, "--tmpfs", folder]
    return [*arguments, *sized, "--remount-ro", "/"]


def _tops(root: Path, is_host: bool) -> list[str]:
    """Names of the folders and links at the top of the system that are shown."""
    if is_host:
        return [name for name in ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32") if (root / name).exists()]
    home = HOME.split("/")[1]
    return sorted(entry.name for entry in root.iterdir() if entry.name not in {*_NEVER, home, "root"})


def _bind(source: Path, target: str, writable: set[str]) -> Iterator[str]:
    """Show `source` at `target`, leaving out the places of writable folders below it."""
    if target in writable:
        return
    if source.is_symlink():
        yield from ("--symlink", str(source.readlink()), target)
    elif any(folder.startswith(f"{target}/") for folder in writable):
        yield from ("--dir", target)
        for below in sorted(source.iterdir()):
            yield from _bind(below, f"{target}/{below.name}", writable)
    else:
        yield from ("--ro-bind", str(source), target)


@functools.cache
def _masks() -> tuple[str, ...]:
    """Arguments that hide every copy of this package below /usr: answers are made by its code."""
    places: set[Path] = set()
    for package in ("selftrain", "selftrain.envs", "selftrain.sandboxes", "selftrain.agents"):
        found = importlib.util.find_spec(package)
        places.update(Path(place).resolve() for place in (found.submodule_search_locations or () if found else ()))
    for file in importlib.metadata.files("selftrain") or ():
        places.add(Path(str(file.locate())).resolve())
    for folder in Path("/usr/lib").glob("python3*/"):
        places.update(folder.glob("*selftrain*"))
        places.update(folder.glob("*-packages/*selftrain*"))
    arguments: list[str] = []
    for place in sorted(places):
        if place.is_relative_to("/usr") and not place.is_relative_to("/usr/local") and place.exists():
            arguments += ["--tmpfs", str(place)] if place.is_dir() else ["--ro-bind", "/dev/null", str(place)]
    return tuple(arguments)
