"""What lies in a task's folder on this machine: texts and files, never anything outside the folder."""

from __future__ import annotations

import os
from pathlib import Path

from selftrain.errors import TaskError
from selftrain.evidence import MIB

MOST_BYTES = 1024 * MIB
"""Of the files of one folder, which are held in memory."""


def read_text(folder: Path, name: str, task: Path | None = None) -> str:
    """A file that must be there.

    Args:
        folder: where it lies.
        name: of the file.
        task: folder of the task, which a link may not lead out of; `folder` itself where it is left out.

    Raises:
        TaskError: it is missing, a link that leads elsewhere, cannot be read, or is not UTF-8.
    """
    _refuse_outside(folder / name, task or folder)
    try:
        return (folder / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise TaskError(f"{folder}/{name} is missing") from None
    except UnicodeDecodeError as error:
        raise TaskError(f"{folder}/{name} is not UTF-8 (byte {error.start})") from None
    except OSError as error:
        raise TaskError(f"{folder}/{name} cannot be read: {error.strerror}") from None


def files_below(root: Path, folder: Path) -> dict[str, tuple[bytes, int]]:
    """Regular files below `root`, by path relative to it: their bytes, and 0o755 or 0o644 as they can be run or not.

    Folders `__pycache__` are left out: what an installation compiles is no part of a task, nor of a pack's lock.

    Args:
        root: where to look; where it is missing there are none.
        folder: of the task; a link may lead to a file in it, and nowhere else.

    Raises:
        TaskError: a link that leads elsewhere, something that is neither file nor folder, or over `MOST_BYTES` in all.
    """
    found, room = {}, MOST_BYTES
    for path in sorted(root.rglob("*")):
        if (path.is_dir() and not path.is_symlink()) or "__pycache__" in path.relative_to(root).parts:
            continue
        data, _ = found[path.relative_to(root).as_posix()] = read_file(path, folder, room)
        room -= len(data)
    return found


def read_file(path: Path, folder: Path, room: int = MOST_BYTES) -> tuple[bytes, int]:
    """One regular file of the task, of at most `room` bytes: its bytes and mode; see `files_below`."""
    _refuse_outside(path, folder)
    if not path.is_file():
        raise TaskError(f"{path} is neither a file nor a folder, and no link to a file")
    about = path.stat()
    if about.st_size > room:
        raise TaskError(
            f"{path} has {about.st_size // MIB} MiB, and a task's folder at most {MOST_BYTES // MIB} in all; let a "
            "Dockerfile or the solution make what is large"
        )
    return path.read_bytes(), 0o755 if about.st_mode & 0o100 else 0o644


def _refuse_outside(path: Path, folder: Path) -> None:
    # not Path.resolve, which raises where links go round in a circle
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise TaskError(f"{path} is a link that leads out of {folder}")
