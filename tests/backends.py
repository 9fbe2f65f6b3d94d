"""What tests run on, and skips where a user's machine lacks it; in CI a missing component is a failure."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import gymnasium as gym
import psutil
import pytest

from selftrain.errors import BackendUnavailableError
from selftrain.needs import needs
from selftrain.sandboxes import Backend, make_backend

IN_CI = os.environ.get("CI") == "true"


def requires(thing: str) -> pytest.MarkDecorator:
    """Skips a test where this one of `selftrain.needs` is missing."""
    command = needs()[thing]
    return pytest.mark.skipif(bool(command) and not IN_CI, reason=f"{thing}: {command}")


needs_coq = requires("coq for proofs")
needs_sympy = requires("sympy for code in math")


def backend_or_skip(name: str) -> Backend:
    """The backend called `name`."""
    try:
        return make_backend(name)
    except BackendUnavailableError as error:
        if IN_CI:
            raise
        pytest.skip(str(error))


def command_line(process: psutil.Process) -> list[str]:
    """What a process was started with; nothing for one that has ended."""
    try:
        return process.cmdline()
    except psutil.Error:  # gone, or a zombie that an earlier test's episode left
        return []


def kill_sandbox(env: gym.Env[Any, Any]) -> None:
    """Kill, as the host, every process between us and what runs inside a terminal's sandbox."""
    marker = "98765.4321"
    env.step(f"sleep {marker} &")
    children = psutil.Process().children(recursive=True)
    (inside,) = [process for process in children if command_line(process)[-2:] == ["sleep", marker]]
    ours = [inside, *[process for process in inside.parents() if process in children]]
    for process in ours:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(ours[:-1], timeout=10)
