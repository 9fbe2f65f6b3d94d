"""`task.toml`, schemas 1.0 to 1.4, as frozen dataclasses: each field is honoured, or refused by its name.

Fields that only say how an image is built or where Harbor records something are read and checked, and kept for an
export. The network is never given. A task that leaves `network_mode` out is played without, and so is one with the
older `allow_internet = true`, which allows it and was in every template; one whose `network_mode` asks for it is
refused, or played without where the caller says `offline`.
"""

from __future__ import annotations

import json
import posixpath
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from selftrain.envs.harbor.fields import MOST, Fields, shown
from selftrain.envs.harbor.folders import read_text
from selftrain.errors import TaskError
from selftrain.evidence import MIB

SCHEMAS = ("1.0", "1.1", "1.2", "1.3", "1.4")
VERIFIER_SECONDS = 600.0
ARTIFACTS = "/logs/artifacts"

Mode = Literal["", "shared", "separate"]
User = Literal["", "agent", "root"]

_NETWORK = ("network_mode", "allowed_hosts")
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]*/[a-zA-Z0-9][a-zA-Z0-9._-]*")
_BAD_STEP = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_USERS: Mapping[Any, User] = {"agent": "agent", "1000": "agent", 1000: "agent", "root": "root", "0": "root", 0: "root"}
_SIZES = {"K": 1 / 1024, "M": 1.0, "G": 1024.0}


@dataclass(frozen=True)
class AgentPart:
    """`[agent]`: seconds of the episode (0 where left out) and the user, "" where left out."""

    timeout_sec: float = 0.0
    user: User = ""


@dataclass(frozen=True)
class EnvironmentPart:
    """`[environment]`: what the sandbox is. Ceilings are 0 where left out, texts ""."""

    docker_image: str = ""
    workdir: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    cpus: float = 0.0
    memory_bytes: int = 0
    disk_bytes: int = 0
    build_timeout_sec: float = 600.0


@dataclass(frozen=True)
class Artifact:
    """A path that the agent leaves for the verifier; `destination` only says where Harbor records it."""

    source: str
    exclude: tuple[str, ...] = ()
    destination: str = ""


@dataclass(frozen=True)
class VerifierPart:
    """`[verifier]`; what is left out is "", 0 or None, for a step takes it from the task."""

    timeout_sec: float = 0.0
    env: Mapping[str, str] = field(default_factory=dict)
    user: User = ""
    mode: Mode = ""
    environment: EnvironmentPart | None = None


@dataclass(frozen=True)
class StepPart:
    """One of `[[steps]]`; `min_reward` holds a threshold for each key, none where it is empty."""

    name: str
    agent: AgentPart
    verifier: VerifierPart
    min_reward: Mapping[str, float]
    artifacts: tuple[Artifact, ...]


@dataclass(frozen=True)
class HarborConfig:
    """A whole `task.toml`.

    Attributes:
        name: of the task, `org/name`; "" where left out.
        about: version, description, authors, keywords and source, as written.
        metadata: `[metadata]`, as written.
        strategy: how rewards of steps are combined.
    """

    schema_version: str
    name: str
    agent: AgentPart
    environment: EnvironmentPart
    verifier: VerifierPart
    solution_env: Mapping[str, str]
    artifacts: tuple[Artifact, ...]
    steps: tuple[StepPart, ...]
    strategy: Literal["mean", "final"]
    about: Mapping[str, Any]
    metadata: Mapping[str, Any]


def read_config(folder: Path, offline: bool = False) -> HarborConfig:
    """The `task.toml` of a folder.

    Args:
        folder: of the task.
        offline: a task that asks for the network is played without it, instead of refused.

    Raises:
        TaskError: a file or field that is missing, wrong or not supported, by name.
    """
    text = read_text(folder, "task.toml")
    try:
        top = Fields(tomllib.loads(text), f"{folder}/task.toml")
        json.dumps(top.values, default=str)  # hexadecimal numbers and dotted keys are parsed, but cannot be shown
    except (ValueError, RecursionError) as error:  # of numbers with thousands of digits, and tables too deep
        raise TaskError(f"{folder}/task.toml is not TOML: {error}") from error
    top.allow(
        (
            *("schema_version", "version", "source", "artifacts", "task", "metadata", "agent", "verifier"),
            *("environment", "solution", "steps", "multi_step_reward_strategy"),
        )
    )
    if own := top.table("metadata").table("selftrain").text("id"):
        raise TaskError(f"{folder} is SelfTrain's own task {own!r}, exported: play it by that id")
    task, solution = top.table("task"), top.table("solution")
    task.allow(("name", "version", "description", "authors", "keywords"))
    solution.allow(("env",))
    version = "version" if "version" in top.values and "schema_version" not in top.values else "schema_version"
    steps = tuple(_step(one, offline) for one in top.tables("steps"))
    _check_step_names(top, steps)
    if not steps:
        top.refuse("multi_step_reward_strategy", "there are no [[steps]]")
    strategy = top.text("multi_step_reward_strategy", "mean", ("mean", "final"))
    return HarborConfig(
        schema_version=top.text(version, "1.4", SCHEMAS),
        name=_task_name(task),
        agent=_agent(top.table("agent"), offline),
        environment=_environment(top.table("environment"), offline),
        verifier=_verifier(top.table("verifier"), offline),
        solution_env=solution.variables("env"),
        artifacts=_artifacts(top),
        steps=steps,
        strategy="final" if strategy == "final" else "mean",
        about={**{key: task.values[key] for key in task.values if key != "name"}, "source": top.text("source")},
        metadata=top.table("metadata").values,
    )


def _task_name(task: Fields) -> str:
    name = task.text("name")
    if "name" in task.values and (not _NAME.fullmatch(name) or ".." in name):
        raise task.wrong("name", f"= {name!r} must read org/name, of letters, digits, hyphens, underscores and dots")
    for key in ("version", "description"):
        task.text(key)
    task.texts("keywords")
    return name


def _agent(table: Fields, offline: bool) -> AgentPart:
    table.allow(("timeout_sec", "user", *_NETWORK))
    _check_network(table, offline)
    return AgentPart(table.number("timeout_sec"), _user(table))


def _user(table: Fields) -> User:
    value = table.values.get("user", "")
    if value == "" or (isinstance(value, str | int) and not isinstance(value, bool) and value in _USERS):
        return _USERS.get(value, "")
    raise table.wrong("user", f"= {value!r} is not supported: a sandbox has 'agent' (1000) and 'root' (0)")


def _check_network(table: Fields, offline: bool) -> None:
    mode = table.text("network_mode", "", ("", "public", "no-network", "allowlist"))
    if table.texts("allowed_hosts") and mode != "allowlist":
        raise table.wrong("allowed_hosts", "is only valid with network_mode = 'allowlist'")
    if mode in ("public", "allowlist") and not offline:
        raise table.wrong(
            "network_mode",
            f"= {mode!r} is not supported: a sandbox has no network; use 'no-network', or play it without: --offline",
        )


def _environment(table: Fields, offline: bool) -> EnvironmentPart:
    table.allow(
        (
            *("docker_image", "os", "build_timeout_sec", "cpus", "memory_mb", "storage_mb", "memory", "storage"),
            *("gpus", "gpu_types", "tpu", "env", "workdir", "healthcheck", "mcp_servers", "skills_dir"),
            *("allow_internet", *_NETWORK),
        )
    )
    _check_network(table, offline)
    table.flag("allow_internet")
    if (system := table.text("os", "linux")).lower() != "linux":
        raise table.wrong("os", f"= {system!r} is not supported: a sandbox is a Linux")
    for name in ("gpus", "gpu_types", "tpu"):
        table.refuse(name, "a sandbox has no accelerator")
    table.refuse("healthcheck", "a sandbox starts no service of the image's that could become healthy")
    table.refuse("mcp_servers", "the agent works through its shell alone")
    table.refuse("skills_dir", "the agent has no folder of skills; put what it may read into its work folder")
    return EnvironmentPart(
        docker_image=table.text("docker_image"),
        workdir=absolute(table, "workdir", table.text("workdir")) if table.text("workdir") else "",
        env=table.variables("env"),
        cpus=table.number("cpus"),
        memory_bytes=_megabytes(table, "memory_mb", "memory"),
        disk_bytes=_megabytes(table, "storage_mb", "storage"),
        build_timeout_sec=table.number("build_timeout_sec", 600.0),
    )


def _megabytes(table: Fields, name: str, old_name: str) -> int:
    """Bytes of a field in MB; its older form is a text such as "2G"."""
    found = table.number(name)
    if old_name in table.values:
        size = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([KMG])", table.text(old_name).strip().upper())
        if size is None or not 0 < float(size[1]) * _SIZES[size[2]] <= MOST:
            raise table.wrong(old_name, f"= {shown(table.text(old_name))} must be a size such as '512M' or '2G'")
        older = float(size[1]) * _SIZES[size[2]]
        if found and found != older:
            raise table.wrong(old_name, f"= {table.text(old_name)!r} says something else than {name} = {found:g}")
        found = older
    return int(found * MIB)


def absolute(table: Fields, name: str, path: str) -> str:
    """An absolute path without `..`, in its shortest form.

    Raises:
        TaskError: it is none.
    """
    if not path.startswith("/") or ".." in path.split("/") or "\n" in path:
        raise table.wrong(name, f"= {path!r} must be an absolute path without '..'")
    return posixpath.normpath("/" + path.lstrip("/"))


def _verifier(table: Fields, offline: bool) -> VerifierPart:
    table.allow(("timeout_sec", "env", "user", "environment_mode", "environment", "collect", *_NETWORK))
    _check_network(table, offline)
    table.refuse(
        "collect", "it runs in the agent's sandbox after the end, where what the agent left would run too; "
        "have test.sh do it, over artifacts"
    )  # fmt: skip
    mode = table.text("environment_mode", "", ("", "shared", "separate"))
    environment = _environment(table.table("environment"), offline) if "environment" in table.values else None
    if mode == "shared" and environment is not None:
        raise table.wrong("environment_mode", "= 'shared' contradicts [verifier.environment]: leave one of them out")
    if environment is not None:
        mode = "separate"
    kinds: Mapping[str, Mode] = {"shared": "shared", "separate": "separate"}
    env, user = table.variables("env"), _user(table)
    return VerifierPart(table.number("timeout_sec"), env, user, kinds.get(mode, ""), environment)


def _artifacts(table: Fields) -> tuple[Artifact, ...]:
    listed = table.values.get("artifacts", [])
    if not isinstance(listed, list) or not all(isinstance(one, str | dict) for one in listed):
        raise table.wrong("artifacts", "must be a list of paths or tables")
    found = []
    for index, one in enumerate(listed):
        values = {"source": one} if isinstance(one, str) else one
        entry = Fields(values, table.file, f"{table.name}.artifacts[{index}]".lstrip("."))
        entry.allow(("source", "destination", "exclude", "service"))
        if entry.text("service") not in ("", "main"):
            raise entry.wrong("service", f"= {entry.text('service')!r} is not supported: there is one sandbox, 'main'")
        if not (source := entry.text("source")) or ".." in source.split("/") or "\n" in source:
            raise entry.wrong("source", f"= {source!r} must be a path without '..'")
        found.append(Artifact(source, entry.texts("exclude"), entry.text("destination")))
    return tuple(found)


def _step(table: Fields, offline: bool) -> StepPart:
    table.allow(("name", "agent", "verifier", "min_reward", "healthcheck", "artifacts"))
    name = table.text("name")
    if not name.strip() or name in (".", "..") or name.endswith((".", " ")) or _BAD_STEP.search(name):
        raise table.wrong("name", f"= {name!r} must be the name of a folder below steps/")
    table.refuse("healthcheck", "a sandbox starts no service that could become healthy")
    least = table.values.get("min_reward", {})
    thresholds = least if isinstance(least, dict) else {"reward": least}
    for value in thresholds.values():
        if isinstance(value, bool) or not isinstance(value, int | float) or not -MOST <= value <= MOST:
            what = f"must be a number from -{MOST:,} to {MOST:,}, or a table of them"
            raise table.wrong("min_reward", f"= {shown(least)} {what}")
    return StepPart(
        name=name,
        agent=_agent(table.table("agent"), offline),
        verifier=_verifier(table.table("verifier"), offline),
        min_reward={key: float(value) for key, value in thresholds.items()},
        artifacts=_artifacts(table),
    )


def _check_step_names(top: Fields, steps: tuple[StepPart, ...]) -> None:
    seen: set[str] = set()
    for step in steps:
        key = unicodedata.normalize("NFC", step.name).casefold()
        if key in seen:
            raise top.wrong("steps", f"has two steps that are both named {step.name!r}")
        seen.add(key)
