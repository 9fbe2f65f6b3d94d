"""The world of a task: the databases of its sites as they are when the episode begins."""

from __future__ import annotations

import functools
import importlib
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from selftrain.envs.browser.sites import find_site
from selftrain.envs.browser.sites.database import new_database, open_database, start_audit
from selftrain.tasks import SPLITS, stable_key

WORLDS = 32
"""How many contents each site has in each split; what is particular to a task comes on top."""
NOW = "2026-03-02 09:00"
_AUDIT_IS_KEPT = "DROP TRIGGER audit_is_not_emptied; DELETE FROM audit; {trigger}"


@functools.lru_cache(maxsize=256)
def template(site: str, split: str, number: int) -> bytes:
    """The database of `site` in world `number` of a split, before any task."""
    rng = np.random.default_rng([stable_key(f"world/{site}"), SPLITS[split], number])
    database = new_database(find_site(site).schema, NOW, rng.bytes(16).hex())
    importlib.import_module(f"selftrain.envs.browser.sites.{site}.content").fill(database, rng)
    start_audit(database)
    return _serialized(database)


class World:
    """Databases under construction: a template for each site, and what a task family writes on top.

    Args:
        sites: names of the sites; the first is where the episode begins.
        split, number: which template, 0 to `WORLDS` - 1.
    """

    def __init__(self, sites: Sequence[str], split: str, number: int) -> None:
        self.sites = tuple(sites)
        self.split, self.number = split, number
        self._open = {name: open_database(template(name, split, number)) for name in sites}

    def rows(self, site: str, sql: str, *values: Any) -> list[sqlite3.Row]:
        """All rows of a query on the database of `site`."""
        return self._open[site].execute(sql, values).fetchall()

    def row(self, site: str, sql: str, *values: Any) -> sqlite3.Row:
        """The one row of a query; an error if there is none."""
        return self.rows(site, sql, *values)[0]

    def write(self, site: str, sql: str, *values: Any) -> int:
        """Write to the database of `site`; returns the id of an inserted row."""
        return int(self._open[site].execute(sql, values).lastrowid or 0)

    def databases(self) -> dict[str, bytes]:
        """The databases as they stand, with empty audit tables."""
        return {name: _serialized(database) for name, database in self._open.items()}


def _serialized(database: sqlite3.Connection) -> bytes:
    if database.execute("SELECT COUNT(*) FROM audit").fetchone()[0]:
        (trigger,) = database.execute("SELECT sql FROM sqlite_master WHERE name = 'audit_is_not_emptied'").fetchone()
        database.executescript(_AUDIT_IS_KEPT.format(trigger=trigger))
    return database.serialize()


def databases_of(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The databases among the setup files of a task, by site."""
    return {
        path.removeprefix("/sites/").removesuffix(".db"): data
        for path, data in files.items()
        if path.startswith("/sites/")
    }
