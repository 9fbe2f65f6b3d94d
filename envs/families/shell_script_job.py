"""What the kinds of `shell-script` have in common: a script to write, and one run of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

FOLDER = "/tmp/in"


@dataclass(frozen=True)
class Trial:
    """One run: arguments as bash words, files below the folder it runs in, and what must come of it.

    Attributes:
        lists: whether the files are listed after the run; `stdout` then holds what is printed and the listing.
        printed: what the script alone prints, when `lists`.
        tree: the names of the files afterwards, when `lists`.
    """

    arguments: str
    stdout: str
    exit_code: int = 0
    stdin: bytes = b""
    files: Mapping[str, bytes] = field(default_factory=dict)
    lists: bool = False
    printed: str = ""
    tree: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """A script to write. `trial(rng, number)` makes one run of it with the right result."""

    name: str
    manual: str
    script: str
    sloppy: Mapping[str, str]
    trial: Callable[[np.random.Generator, int], Trial]


def with_listing(
    words: str, printed: str, code: int, stdin: bytes, files: Mapping[str, bytes], after: Mapping[str, bytes]
) -> Trial:
    """A run after which the files are listed: `printed`, then `after`, which is every file with its content."""
    listing = "".join(f"./{path}: {after[path].decode()}" for path in sorted(after, key=str.encode))
    tree = tuple(sorted(after, key=str.encode))
    return Trial(words, printed + listing, code, stdin, files, lists=True, printed=printed, tree=tree)
