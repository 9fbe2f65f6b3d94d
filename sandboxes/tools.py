"""Commands that a task needs in its sandbox, and where they come from."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from selftrain.errors import MissingToolError

# command → Debian package, where they differ
_PACKAGES = {
    "python3": "python3-minimal",
    "node": "nodejs",
    "ps": "procps",
    "pgrep": "procps",
    "pkill": "procps",
    "awk": "mawk",
    "cc": "gcc",
    "c++": "g++",
    "ip": "iproute2",
    "ss": "iproute2",
    "find": "findutils",
    "xargs": "findutils",
    "diff": "diffutils",
    "cmp": "diffutils",
    "xz": "xz-utils",
    "psql": "postgresql-client",
    "rg": "ripgrep",
    "fd": "fd-find",
    "vim": "vim-tiny",
    "dig": "dnsutils",
    "nc": "netcat-openbsd",
    "gpg": "gnupg",
    "javac": "default-jdk-headless",
    "java": "default-jre-headless",
    "pip": "python3-pip",
    "go": "golang-go",
    "strings": "binutils",
    "objdump": "binutils",
    "coqc": "coq",
    "coqtop": "coq",
}


def search_command(tools: Iterable[str]) -> str:
    """Bash that prints each of `tools` that is not on PATH, one a line."""
    names = " ".join(shlex.quote(tool) for tool in tools)
    return f'for t in {names}; do type -P -- "$t" >/dev/null || printf \'%s\\n\' "$t"; done'


def missing_tools_error(missing: Iterable[str], image: str) -> MissingToolError:
    """The error for `missing`, with the packages that bring them."""
    wanted = sorted(set(missing))
    packages = sorted({_PACKAGES.get(tool, tool) for tool in wanted})
    return MissingToolError(
        f"The sandbox image {image!r} has no {', '.join(wanted)} on PATH. Get it: apt-get install {' '.join(packages)}"
    )
