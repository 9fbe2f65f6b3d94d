"""What of SelfTrain lies in the judge of an exported task: the modules that it needs, and no others."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from selftrain.envs.guest_judge import judged_only
from selftrain.errors import TaskError
from selftrain.tasks import Task

_JUDGE = "selftrain.envs.guest_judge"


def judge_sources(task: Task) -> dict[str, bytes]:
    """Our modules that judging `task` needs, by path; the package itself is empty, so that it registers nothing."""
    return _sources(type(task.verifier).__module__ if is_drawn(task.family) else _module_of(task.family))


def _module_of(family: str) -> str:
    return f"selftrain.envs.families.{family.replace('-', '_')}"


@cache
def is_drawn(family: str) -> bool:
    """Whether pictures are drawn where the family's tasks are built."""
    sources = _sources(_module_of(family)).values()
    return any(re.search(rb"^(?:from|import) PIL\b", data, re.MULTILINE) for data in sources)


def in_values(task: Task) -> dict[str, Any]:
    """The task's verifier as `judged_only` takes it.

    Raises:
        TaskError: it is more than values.
    """
    kind, verifier = type(task.verifier), task.verifier
    told = {"module": kind.__module__, "name": kind.__name__, "values": dict(vars(verifier))}
    try:
        asked = json.loads(json.dumps({"id": task.id, "writable": task.writable, "verifier": told}))
        if judged_only(asked).verifier == verifier:
            return told
    except TypeError:
        pass
    raise TaskError(
        f"task {task.id} cannot be exported: its pictures come out differently with another version of Pillow or numpy "
        f"than is installed here, so its judge could not build it anew, and {kind.__name__} is more than plain values"
    )


def _sources(judged: str) -> dict[str, bytes]:
    """Our modules that the judge and the module `judged` need, by path."""
    found: dict[str, bytes] = {"selftrain/__init__.py": b""}
    waiting, seen = [_JUDGE, judged], {"selftrain"}
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        waiting.append(name.rpartition(".")[0])
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue  # a name in a module, not a module
        data = Path(spec.origin).read_bytes()
        path = name.replace(".", "/")
        found[f"{path}/__init__.py" if spec.submodule_search_locations is not None else f"{path}.py"] = data
        waiting += _imports(data)
    return found


def _imports(source: bytes) -> Iterator[str]:
    """Modules of ours that a module imports when it is loaded; what functions import later is not judging."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("selftrain."))
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "selftrain":
            yield node.module
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                if alias.name.islower() and _is_module(name):
                    yield name


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # its parent is no package
        return False
