"""From a task to a sandbox that is ready for the agent, and from that sandbox to a verdict."""

from __future__ import annotations

from collections.abc import Mapping

from selftrain.envs.clean_room import SandboxCleanRoom
from selftrain.envs.task_image import ready_spec
from selftrain.errors import TaskError
from selftrain.evidence import Evidence
from selftrain.sandboxes import Backend, Sandbox
from selftrain.tasks import Task
from selftrain.verdicts import Verdict

SETUP_FOLDER = "/tmp/.setup"
SETUP_SECONDS = 120.0


def built_image(backend: Backend, task: Task, image: str = "", name: str = "math") -> str:
    """The image for a place that needs more than the default has: `image`, the task's own, or on docker `name`."""
    return image or task.image or (name if backend.name == "docker" else "")


def open_task_sandbox(backend: Backend, task: Task, image: str = "") -> Sandbox:
    """A sandbox with the task's files in place and its setup done.

    Args:
        backend: where it runs.
        task: what is in it.
        image: overrides the task's image; "" keeps it.

    Raises:
        TaskError: the task's setup failed, or its image does not build.
        SandboxError: the backend failed, or lacks the image or a tool.
    """
    sandbox = ready_spec(backend, task, image, task.files, task.modes).open(backend)
    try:
        if task.setup:
            _run_setup(sandbox, task)
    except BaseException:
        sandbox.close()
        raise
    return sandbox


def _run_setup(sandbox: Sandbox, task: Task) -> None:
    files: Mapping[str, bytes] = {**task.setup_files, f"{SETUP_FOLDER}/setup.sh": task.setup.encode()}
    for path, data in files.items():
        sandbox.write(path, data, task.modes.get(path, 0o644))
    # a child bash, so that nothing of the setup stays in the agent's shell
    result = sandbox.run(f"bash -e {SETUP_FOLDER}/setup.sh", SETUP_SECONDS)
    if result.exit_code != 0:
        said = result.output.decode("utf-8", "replace")[-500:]
        raise TaskError(f"the setup of task {task.id!r} ended with exit code {result.exit_code}: {said}")
    quoted = " ".join(f"'{path}'" for path in task.setup_files)
    sandbox.run(f"rm -rf {SETUP_FOLDER} {quoted}")


def judge_sandbox(sandbox: Sandbox, task: Task, backend: Backend, image: str = "") -> tuple[Evidence, Verdict]:
    """Freeze the sandbox, export what the verifier asks for, and judge it.

    Raises:
        VerifierError: the verifier failed. SandboxError: the backend failed.
    """
    evidence = sandbox.export(task.verifier.exports)
    return evidence, task.verifier.verify(evidence, task, SandboxCleanRoom(backend, image))
