"""Which images stand for those that tasks name and that cannot be had here, and whether tasks may do without a network.

Said in the environment of the process, so that it holds wherever a task is loaded, in workers too:

    SELFTRAIN_BASES="debian:bookworm=terminal python:3.12=lab"    # pairs, or one name that stands for every image
    SELFTRAIN_OFFLINE=1     # tasks that ask for the network are played without it, instead of refused

`selftrain run`, `verify` and others set them by `--base IMAGE=OURS` and `--offline`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from selftrain.envs.harbor.dockerfile import docker_name
from selftrain.errors import OptionError
from selftrain.sandboxes.images import image_names

BASES, OFFLINE = "SELFTRAIN_BASES", "SELFTRAIN_OFFLINE"
EVERY = "*"
"""The name under which an image stands for every other."""


def parsed_bases(items: Sequence[str]) -> dict[str, str]:
    """`IMAGE=OURS`, or `OURS` for every image, as a mapping.

    OURS is one of our images ("terminal"), "host", or an image that docker has, by its name with a tag.

    Raises:
        OptionError: an item is neither, or names no such image.
    """
    found = {}
    for item in items:
        image, equals, other = item.rpartition("=")
        if (equals and not image) or not (other == "host" or other in image_names() or ":" in other):
            known = ", ".join((*image_names(), "host"))
            raise OptionError(
                f"base {item!r} must be IMAGE=OURS or OURS; ours are {known}, or one of docker's, name:tag"
            )
        found[docker_name(image) if image else EVERY] = other
    return found


def set_images(bases: Sequence[str], offline: bool) -> None:
    """Have every task that is loaded from now on, here and in workers, follow these; nothing given changes nothing.

    Raises:
        OptionError: see `parsed_bases`.
    """
    parsed_bases(bases)
    if bases:
        os.environ[BASES] = " ".join(bases)
    if offline:
        os.environ[OFFLINE] = "1"


def chosen_bases() -> dict[str, str]:
    """What the environment of this process says."""
    return parsed_bases(os.environ.get(BASES, "").split())


def chosen_offline() -> bool:
    """Whether tasks that ask for the network are played without it."""
    return os.environ.get(OFFLINE, "") not in ("", "0")


def stand_in(image: str, bases: Mapping[str, str]) -> str | None:
    """What stands for `image`: one of ours, "" for the backend's default, or None where nothing does."""
    for name in (image, docker_name(image), EVERY):
        if image and name in bases:
            return bases[name]
    return None


def ours(image: str) -> str:
    """The image of ours that `selftrain/NAME[:latest]` names, or ""."""
    name = image.removeprefix("selftrain/").removesuffix(":latest")
    return name if image.startswith("selftrain/") and name in image_names() else ""
