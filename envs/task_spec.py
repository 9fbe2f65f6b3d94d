"""From a task to what a sandbox for it is made from: the agent's, and those that judge."""

from __future__ import annotations

from collections.abc import Mapping

from selftrain.sandboxes import SandboxLimits, SandboxSpec
from selftrain.tasks import Task


def task_spec(task: Task, image: str, files: Mapping[str, bytes], modes: Mapping[str, int]) -> SandboxSpec:
    """A sandbox of `task` that holds `files`; `image` overrides the task's own, "" keeps it."""
    needs, usual = task.needs, SandboxLimits()
    limits = SandboxLimits(
        memory_bytes=needs.memory_bytes or usual.memory_bytes,
        disk_bytes=needs.disk_bytes or usual.disk_bytes,
        cpus=needs.cpus or usual.cpus,
    )
    return SandboxSpec(
        image=image or task.image,
        files=files,
        modes=modes,
        tools=task.tools,
        writable=task.writable,
        user=needs.user,
        env=needs.env,
        limits=limits,
    )
