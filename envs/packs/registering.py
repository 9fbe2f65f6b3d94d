"""The environment ids that packs bring along."""

from __future__ import annotations

import logging

import gymnasium as gym

from selftrain.envs.packs.finding import importable, sources
from selftrain.envs.packs.manifest import Pack
from selftrain.errors import TaskError

_log = logging.getLogger(__name__)


def register_packs() -> None:
    """Register the ids of every sound pack that is found; the others are left to `selftrain pack list` to explain."""
    for source in sources():
        try:
            register_ids(source.read())
        except Exception as error:  # whatever is wrong with one pack, the others' ids are there
            _log.info("%s is left out: %r", source.origin, error)


def register_ids(pack: Pack) -> None:
    """Register the ids of one pack with Gymnasium; doing so twice changes nothing.

    Raises:
        TaskError: an id is taken by somebody else; those before it are registered.
    """
    if pack.ids:
        importable(pack)
    for env_id, entry_point in pack.ids.items():
        known = gym.registry.get(env_id)
        if known is not None and known.entry_point != entry_point:
            raise TaskError(f"pack {pack.name}: environment id {env_id} is taken already, by {known.entry_point}")
        if known is None:
            try:
                gym.register(env_id, entry_point=entry_point)
            except gym.error.Error as error:
                raise TaskError(f"pack {pack.name}: environment id {env_id} cannot be had: {error}") from error
