"""Where packs are: folders named in SELFTRAIN_PACKS or by `--pack DIR`, and installed packages.

An installed package names itself under the entry points `selftrain.packs`; the value is the module whose folder holds
`pack.toml`. A pack that is broken is found all the same, with what is wrong with it; nothing here imports its code.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from selftrain.envs import catalogue
from selftrain.envs.packs.manifest import Pack, named_in, read_pack
from selftrain.errors import OptionError, SelfTrainError, TaskError, UnknownNameError

GROUP, VARIABLE = "selftrain.packs", "SELFTRAIN_PACKS"


@dataclass(frozen=True)
class Source:
    """A pack that somebody named, sound or not.

    Attributes:
        name: what it is called.
        origin: who names it, in words.
        folder: where it lies; None when that cannot be told.
        fault: why not.
    """

    name: str
    origin: str
    folder: Path | None
    fault: str = ""

    def read(self) -> Pack:
        """The pack.

        Raises:
            TaskError: it is broken.
        """
        if self.folder is None:
            raise TaskError(self.fault)
        pack = read_pack(self.folder)
        if pack.name != self.name:
            raise TaskError(f"{self.origin} is called {self.name!r}, but {self.folder}/pack.toml says {pack.name!r}")
        return pack


def sources() -> list[Source]:
    """Every pack that is named anywhere: folders first, then installed packages by name; each folder once."""
    listed = [Path(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    found = [Source(named_in(folder), f"{VARIABLE}={folder}", folder) for folder in listed]
    unique: dict[str, Source] = {}
    for source in (*found, *_installed(tuple(sys.path))):
        # not Path.resolve, which raises where links go round in a circle
        unique.setdefault(os.path.realpath(source.folder) if source.folder else source.origin, source)
    return list(unique.values())


@functools.lru_cache(maxsize=4)
def _installed(_path: tuple[str, ...]) -> tuple[Source, ...]:
    """What is installed on this `sys.path`; looking through all packages takes milliseconds."""
    points = importlib.metadata.entry_points(group=GROUP)
    return tuple(_source(point) for point in sorted(points, key=lambda point: (point.name, point.value)))


def _source(point: importlib.metadata.EntryPoint) -> Source:
    package = f" of {point.dist.name} {point.dist.version}" if point.dist else ""
    origin = f"the entry point {point.name}{package}"
    try:
        spec = importlib.util.find_spec(point.value)
    except (Exception, SystemExit) as error:  # a parent package is imported, and may do anything
        return Source(point.name, origin, None, f"{origin}: {point.value} fails: {type(error).__name__}: {error}")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if spec and not folders and spec.origin:
        folders = [str(Path(spec.origin).parent)]
    if not folders:
        return Source(point.name, origin, None, f"{origin}: there is no module {point.value}")
    return Source(point.name, origin, Path(folders[0]))


def pack_names() -> tuple[str, ...]:
    """The names of all packs, broken ones too, sorted."""
    return tuple(sorted({source.name for source in sources()}))


def names_pack(item: str) -> bool:
    """Whether a task id or selection begins with the name of a pack, sound or not."""
    return item.partition("/")[0] in pack_names()


def find_pack(name: str | Path) -> Pack:
    """The pack of this name, or in this folder.

    Raises:
        UnknownNameError: no pack has this name; lists the near ones.
        TaskError: it is broken, or two have this name, or a task family of its own kind has.
        OptionError: this is no name.
    """
    if not isinstance(name, str | Path):
        raise OptionError(f"a pack is named by a text or a path, not {name!r}")
    if isinstance(name, Path) or os.sep in name:
        return _untaken(read_pack(Path(name)))
    found = [source for source in sources() if source.name == name]
    if not found:
        raise UnknownNameError("pack", name, pack_names())
    if len(found) > 1:
        raise TaskError(f"two packs are called {name!r}: leave one out, {' or '.join(each.origin for each in found)}")
    return _untaken(found[0].read())


def _untaken(pack: Pack) -> Pack:
    if pack.name in catalogue.family_names(pack.kind):
        raise TaskError(f"{pack.folder}: {pack.name!r} is the name of a task family already; call the pack otherwise")
    return pack


def find_packs() -> tuple[list[Pack], dict[str, str]]:
    """All sound packs, and for each of the others who names it → what is wrong with it."""
    packs, faults = [], {}
    for source in sources():
        try:
            packs.append(find_pack(source.name))
        except SelfTrainError as error:
            faults[source.origin] = str(error)
    return packs, faults


def add_folder(folder: Path) -> Pack:
    """Make the pack in `folder` known to this process and those that it starts.

    Raises:
        TaskError: it is broken, its name is taken, or its path cannot stand in a list of paths.
    """
    known = [part for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    pack = read_pack(Path(os.path.realpath(folder)))
    if os.pathsep in str(pack.folder):
        raise TaskError(
            f"{pack.folder}: a {os.pathsep!r} in its path parts the folders of {VARIABLE}; rename the folder"
        )
    if str(pack.folder) not in known:
        os.environ[VARIABLE] = os.pathsep.join([str(pack.folder), *known])
    return find_pack(pack.name)


def importable(pack: Pack) -> None:
    """Let the modules that a pack's manifest names be imported: it goes to the end of `sys.path` where it is not there.

    The modules of a folder with an `__init__.py` begin with the folder's name, those of another one do not.
    """
    root = pack.folder.resolve()
    place = str(root.parent if (root / "__init__.py").exists() else root)
    if place not in sys.path:
        sys.path.append(place)
