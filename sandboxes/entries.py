"""Bounding how many files a tmpfs in a sandbox takes, which bubblewrap has no option for."""

from __future__ import annotations

import ctypes
import fcntl
import os
import subprocess
from collections.abc import Iterable

from selftrain.errors import SandboxError

# the same number on every architecture
_FSCONFIG, _FSPICK = 431, 433
_FSPICK_CLOEXEC, _NO_LINKS = 1, 2
_SET_STRING, _RECONFIGURE = 1, 7
_OWNING_USER_NAMESPACE = 0xB701
_NEW_USER, _NEW_MOUNTS = 0x10000000, 0x00020000
_libc = ctypes.CDLL(None, use_errno=True)


def limit_entries(root: int, folders: Iterable[str], most: int, pid: int) -> None:
    """Let each tmpfs mounted at one of `folders` take `most` files and folders.

    Args:
        root: descriptor of the sandbox's root folder.
        folders: absolute paths in the sandbox.
        most: how many.
        pid: host pid of a process in the sandbox.

    Raises:
        SandboxError: the kernel refuses.
    """

    def limit_each() -> int:
        return next((error for folder in folders if (error := _reconfigure(root, folder, most))), 0)

    if os.geteuid() == 0:
        error = limit_each()
    else:
        # only the owner of the sandbox's user namespace may, from inside it, and there only a process of one thread
        child = subprocess.Popen(
            ["/bin/true"],
            preexec_fn=lambda: os._exit(_enter(pid) or limit_each()),  # noqa: PLW1509  (some calls, no more)
            env={},
        )
        error = child.wait()
    if error:
        raise SandboxError(f"the number of files in a sandbox cannot be limited: {os.strerror(error)}")


def _enter(pid: int) -> int:
    mounts = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
    # the user namespace in which it was made, which need not be the one that the process is in
    owner = fcntl.ioctl(mounts, _OWNING_USER_NAMESPACE)
    for namespace, kind in ((owner, _NEW_USER), (mounts, _NEW_MOUNTS)):
        if _libc.setns(namespace, kind) != 0:
            return ctypes.get_errno()
    return 0


def _reconfigure(root: int, folder: str, most: int) -> int:
    path = os.fsencode(folder.lstrip("/"))
    context = _libc.syscall(_FSPICK, root, path, _FSPICK_CLOEXEC | _NO_LINKS)
    if context < 0:
        return ctypes.get_errno()
    try:
        for arguments in ((_SET_STRING, b"nr_inodes", b"%d" % most), (_RECONFIGURE, None, None)):
            if _libc.syscall(_FSCONFIG, context, *arguments, 0) != 0:
                return ctypes.get_errno()
        return 0
    finally:
        os.close(context)
