"""`pack.toml`: what a pack says about itself, read and checked.

    name = "acme"            # lower case, digits and hyphens; the first part of its task ids: acme/tidy-1
    version = "1.0.0"
    licence = "MIT"
    summary = "..."
    kind = "terminal"        # the kind of environment that plays its tasks; "terminal" when left out
    [splits]                 # split → globs over the task folders in tasks/; each folder belongs to one split
    train = ["tidy-*"]
    [images]                 # name → base that the tasks' images are built from
    default = "debian:bookworm"
    [families]               # name → task family in Python, "module:object"
    tidy = "acme_tasks.tidy:FAMILY"
    [ids]                    # environment id of its own → entry point, "module:object"
    "Acme-Tidy-v0" = "acme_tasks.env:TidyEnv"

What is not in this list is refused, so that a slip of the pen is no silent default. A task folder that is no task, or
in no split, or in two, is kept apart in `Pack.broken`, so that it stops no other.
"""

from __future__ import annotations

import fnmatch
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selftrain.envs.catalogue import KINDS
from selftrain.errors import TaskError, UnknownNameError
from selftrain.tasks import SPLITS

MANIFEST, TASKS = "pack.toml", "tasks"
_TEXTS = ("name", "version", "licence", "summary")
_TABLES = ("splits", "images", "families", "ids")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]*")
_TASK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_OBJECT = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_ENVIRONMENT = re.compile(r"([\w-]+/)?[\w.-]+-v[0-9]+")


@dataclass(frozen=True)
class Pack:
    """A pack as its manifest and its folders say.

    Attributes:
        folder: where it lies.
        name, version, licence, summary, kind: of the manifest.
        splits: split → names of task folders, sorted; each is in exactly one.
        images: name → base image.
        families, ids: name of a task family, or environment id → "module:object".
        broken: name of a task folder that can be no task → what is wrong with it; it is in no split.
    """

    folder: Path
    name: str
    version: str
    licence: str
    summary: str
    kind: str = "terminal"
    splits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    families: Mapping[str, str] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of the task folders in splits, sorted."""
        return tuple(sorted(name for names in self.splits.values() for name in names))

    @property
    def folders(self) -> tuple[str, ...]:
        """The names of all task folders, broken ones too, sorted."""
        return tuple(sorted((*self.tasks, *self.broken)))

    def split_of(self, task: str) -> str:
        """The split that this task folder is in.

        Raises:
            TaskError: the folder is broken; says what is wrong with it.
            UnknownNameError: the pack has no such folder; lists the near ones.
        """
        if task in self.broken:
            raise TaskError(self.broken[task])
        for split, names in self.splits.items():
            if task in names:
                return split
        raise UnknownNameError(f"task of pack {self.name}", task, [*self.tasks, *self.families])


def checked_name(name: str) -> str:
    """The same name, when a pack can be called so.

    Raises:
        TaskError: it cannot.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise TaskError(f"{name!r} is no name for a pack: it takes lower-case letters, digits and hyphens, as in acme")
    return name


def named_in(folder: Path) -> str:
    """What the pack in `folder` is called; the folder's own name where its manifest cannot be read."""
    try:
        name = tomllib.loads((folder / MANIFEST).read_text(encoding="utf-8"))["name"]
    except (OSError, ValueError, KeyError, RecursionError):
        return folder.name
    return name if isinstance(name, str) else folder.name


def read_pack(folder: Path) -> Pack:
    """The pack in `folder`.

    Raises:
        TaskError: a field of the manifest that is missing or wrong, by name. What is wrong with one task folder is in
            the pack's `broken`.
    """
    path = folder / MANIFEST
    table = _table(path)
    _check_fields(path, table)
    folders = _task_folders(folder / TASKS)
    kind = table.get("kind", "terminal")
    if kind not in KINDS:
        raise TaskError(f"{path}: kind = {kind!r} must be one of {', '.join(KINDS)}")
    if folders and kind != "terminal":
        raise TaskError(f"{path}: kind = {kind!r}, but task folders are terminal tasks; use [families] for others")
    fields: dict[str, Any] = {name: table[name] for name in _TEXTS}
    fields |= {name: _texts(path, name, table.get(name, {})) for name in ("images", "families", "ids")}
    owners = _owners(path, table.get("splits", {}), folders)
    broken = _broken(path, folders, owners, fields["families"])
    splits = {
        split: tuple(name for name in folders if owners[name] == [split] and name not in broken)
        for split in table.get("splits", {})
    }
    pack = Pack(folder=folder, kind=kind, splits=splits, broken=broken, **fields)
    _check_objects(path, pack)
    return pack


def _table(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        json.dumps(table, default=str)  # hexadecimal numbers and dotted keys are parsed, but cannot be shown
        return table
    except FileNotFoundError:
        raise TaskError(f"{path} is missing: it makes a folder a pack (selftrain pack new NAME starts one)") from None
    except UnicodeDecodeError as error:
        raise TaskError(f"{path} is not UTF-8 (byte {error.start})") from None
    except (ValueError, RecursionError) as error:  # of numbers with thousands of digits, and tables too deep
        raise TaskError(f"{path} is not TOML: {error}") from error
    except OSError as error:
        raise TaskError(f"{path} cannot be read: {error.strerror}") from error


def _check_fields(path: Path, table: Mapping[str, Any]) -> None:
    if unknown := sorted(table.keys() - {*_TEXTS, *_TABLES, "kind"}):
        raise TaskError(f"{path}: field {unknown[0]} is not known; a pack has {', '.join((*_TEXTS, 'kind', *_TABLES))}")
    for name in _TEXTS:
        if not isinstance(table.get(name), str) or not table[name].strip():
            what = f"{name} = {table[name]!r} must be a text" if name in table else f"{name} is missing"
            raise TaskError(f"{path}: {what}")
    for name in _TABLES:
        if not isinstance(table.get(name, {}), dict):
            raise TaskError(f"{path}: [{name}] must be a table")
    try:
        checked_name(table["name"])
    except TaskError as error:
        raise TaskError(f"{path}: name: {error}") from None
    if not _VERSION.fullmatch(table["version"]):
        raise TaskError(f"{path}: version = {table['version']!r} must read like 1.0.0")


def _texts(path: Path, section: str, table: Mapping[str, Any]) -> dict[str, str]:
    for name, value in table.items():
        if not isinstance(value, str) or not value.strip():
            raise TaskError(f"{path}: {section}.{name} = {value!r} must be a text")
    return dict(table)


def _check_objects(path: Path, pack: Pack) -> None:
    for section, table in (("families", pack.families), ("ids", pack.ids)):
        for name, value in table.items():
            if not _OBJECT.fullmatch(value):
                raise TaskError(f"{path}: {section}.{name} = {value!r} must read module:object")
    for name in pack.families:
        if not _NAME.fullmatch(name):
            raise TaskError(f"{path}: families.{name} is no name: lower-case letters, digits and hyphens")
    for name in pack.ids:
        if not _ENVIRONMENT.fullmatch(name) or name.startswith("SelfTrain-"):
            raise TaskError(f"{path}: ids.{name} must read like Acme-Tidy-v0, and SelfTrain- is taken")


def _task_folders(root: Path) -> dict[str, str]:
    """Name of each folder in `tasks/`, sorted → what is wrong with it, or ""; what is hidden or no folder is none."""
    try:
        found = [path for path in sorted(root.iterdir()) if path.is_dir() or path.is_symlink()]
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise TaskError(f"{error.filename or root} cannot be read: {error.strerror}") from error
    names: dict[str, str] = {}
    seen: dict[str, str] = {}
    for path in found:
        if not path.name.startswith(".") and path.name != "__pycache__":
            twin = seen.setdefault(path.name.casefold(), path.name)
            names[path.name] = _fault_of(path, "" if twin == path.name else twin)
    return names


def _fault_of(path: Path, twin: str) -> str:
    if path.is_symlink():
        return f"{path} is a link, not a folder"
    if not _TASK_NAME.fullmatch(path.name):
        return f"{path}: {path.name!r} is no name for a task: use letters, digits, '.', '_' and '-'"
    if twin:
        return f"{path}: two task folders differ in case only, {twin} and {path.name}"
    try:
        return "" if (path / "task.toml").is_file() else f"{path}/task.toml is missing"
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"


def _broken(
    path: Path, folders: Mapping[str, str], owners: Mapping[str, Sequence[str]], families: Mapping[str, str]
) -> dict[str, str]:
    """Task folder → what is wrong with it, for those that can be no task."""

    def fault_of(name: str) -> str:
        if name in families:
            return f"{path}: {name!r} is a family and a task folder; task ids must be of one kind"
        if folders[name] or len(owners[name]) == 1:
            return folders[name]
        if owners[name]:
            return f"{path}: task {name} is in two splits, {' and '.join(owners[name])}"
        return f"{path}: task {name} is in no split; add it to train, dev or test in [splits]"

    return {name: fault for name in folders if (fault := fault_of(name))}


def _owners(path: Path, table: Mapping[str, Any], folders: Mapping[str, str]) -> dict[str, list[str]]:
    """Task folder → the splits whose globs name it; each glob names at least one folder."""
    owners: dict[str, list[str]] = {name: [] for name in folders}
    for split, globs in table.items():
        if split not in SPLITS:
            raise TaskError(f"{path}: splits.{split} is not known; splits are {', '.join(SPLITS)}")
        if not isinstance(globs, list) or not globs:
            raise TaskError(f'{path}: splits.{split} = {globs!r} must be a list of globs, as in ["tidy-*"]')
        for name in dict.fromkeys(name for glob in globs for name in _matched(path, split, glob, tuple(folders))):
            owners[name].append(split)
    return owners


def _matched(path: Path, split: str, glob: Any, folders: Sequence[str]) -> list[str]:
    if not isinstance(glob, str) or "/" in glob or "\\" in glob or glob in ("", ".", ".."):
        raise TaskError(f"{path}: splits.{split}: {glob!r} must be a glob over the names of the folders in {TASKS}/")
    matched = fnmatch.filter(folders, glob)
    if not matched:
        raise TaskError(
            f"{path}: splits.{split}: {glob!r} names no folder in {TASKS}/; it has {', '.join(folders) or 'none'}"
        )
    return matched
