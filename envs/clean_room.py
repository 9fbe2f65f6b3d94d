"""The clean room: runs cases over a submission in pristine sandboxes.

No expected value and no verdict is ever inside: what comes back are untrusted bytes that the host compares. Each case
starts from an empty sandbox with a fresh copy of the evidence, so nothing that one case leaves reaches the next.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from selftrain.envs.task_image import ready_spec
from selftrain.errors import SandboxError, VerifierError
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.sandboxes import Backend, Sandbox, SandboxSpec
from selftrain.tasks import Task
from selftrain.verdicts import CaseInput, CaseOutput

CAPTURE = "/tmp/.case"
READ_LIMIT = 8 << 20
FLOODED = b"\0 more output than the clean room reads"  # a NUL equals no expected text


class SandboxCleanRoom:
    """A `CleanRoom` over the sandboxes of one backend.

    Args:
        backend: where the cases run.
        image: their image, "" for the backend's default.
    """

    def __init__(self, backend: Backend, image: str = "") -> None:
        self._backend, self._image = backend, image

    def run_cases(
        self, evidence: Evidence, task: Task, cases: Sequence[CaseInput]
    ) -> Generator[CaseOutput, None, None]:
        """Run each case on a fresh copy of `evidence`; see `CleanRoom`."""
        spec = self._spec(evidence, task)
        sandbox: Sandbox | None = None
        try:
            for case in cases:
                sandbox = self._ready(sandbox, spec)
                output, sandbox = self._run_twice_if_needed(sandbox, spec, case)
                yield output
        finally:
            if sandbox is not None:
                sandbox.close()

    @contextlib.contextmanager
    def pair(self, evidence: Evidence, task: Task) -> Iterator[tuple[Sandbox, Sandbox]]:
        """Two pristine sandboxes, one empty and one with the submission; see `CleanRoom`."""
        spec = self._spec(evidence, task)
        spec = dataclasses.replace(spec, limits=dataclasses.replace(spec.limits, output_bytes=READ_LIMIT))
        with contextlib.ExitStack() as stack:
            sandboxes = []
            for one in (dataclasses.replace(spec, files={}, modes={}), spec):
                sandboxes.append(self._backend.create(one))
                stack.callback(sandboxes[-1].close)
            yield sandboxes[0], sandboxes[1]

    def _spec(self, evidence: Evidence, task: Task) -> SandboxSpec:
        files = {path: file.data for path, file in evidence.files.items()}
        # execute bits are the submission's to choose; everything else about modes is not
        modes = {path: 0o755 for path, file in evidence.files.items() if file.mode & 0o100}
        return ready_spec(self._backend, task, self._image, files, modes, left=True).as_files()

    def _ready(self, sandbox: Sandbox | None, spec: SandboxSpec) -> Sandbox:
        if sandbox is None:
            return self._backend.create(spec)
        try:
            sandbox.recycle()
        except SandboxError:  # the last case broke it: a fresh one is as good
            sandbox.close()
            return self._backend.create(spec)
        return sandbox

    def _run_twice_if_needed(
        self, sandbox: Sandbox, spec: SandboxSpec, case: CaseInput
    ) -> tuple[CaseOutput, Sandbox | None]:
        """One more run in a fresh sandbox when the first timed out (the machine may be busy) or lost its sandbox."""
        try:
            output, frozen = _run_case(sandbox, case)
            if not output.timed_out:
                return output, self._close_if(frozen, sandbox)
        except SandboxError:
            pass  # tried again below; a second loss is judged there
        sandbox.close()
        sandbox = self._backend.create(spec)
        try:
            output, frozen = _run_case(sandbox, case)
        except SandboxError:
            sandbox.close()
            self._prove_backend_works(spec)
            return CaseOutput(-1, b"", b"", Evidence({}), lost=True), None
        return output, self._close_if(frozen, sandbox)

    def _prove_backend_works(self, spec: SandboxSpec) -> None:
        """Raise `SandboxError` unless a sandbox without the submission works: then the fault is ours, not its."""
        control = self._backend.create(dataclasses.replace(spec, files={}, modes={}))
        try:
            control.run("true")
        finally:
            control.close()

    @staticmethod
    def _close_if(frozen: bool, sandbox: Sandbox) -> Sandbox | None:
        if not frozen:
            return sandbox
        sandbox.close()
        return None


def _run_case(sandbox: Sandbox, case: CaseInput) -> tuple[CaseOutput, bool]:
    """Run one case; the flag says that the sandbox was frozen by exporting a folder from it."""
    sandbox.write(f"{CAPTURE}/stdin", case.stdin)
    for path, data in case.files.items():
        sandbox.write(path, data, case.modes.get(path, 0o644))
    # the subshell keeps whatever the case does to its shell from the redirections and the exit code
    command = f"( cd '{case.workdir}' && {{ {case.command}\n}} ) <{CAPTURE}/stdin >{CAPTURE}/stdout 2>{CAPTURE}/stderr"
    result = sandbox.run(command, case.seconds)
    stdout, stderr = _read(sandbox, f"{CAPTURE}/stdout"), _read(sandbox, f"{CAPTURE}/stderr")
    folders, files = [], {}
    for path in case.reads:
        try:
            files[path] = EvidenceFile(sandbox.read(path, READ_LIMIT))
        except IsADirectoryError:
            folders.append(path)
        except OSError:
            continue  # missing, not a regular file, or too large: the judge sees that it is not there
    evidence = Evidence(files)
    if folders:
        exported = sandbox.export(folders)
        evidence = dataclasses.replace(exported, files={**exported.files, **files})
    return CaseOutput(result.exit_code, stdout, stderr, evidence, result.timed_out), bool(folders)


def _read(sandbox: Sandbox, path: str) -> bytes:
    try:
        return sandbox.read(path, READ_LIMIT)
    except OSError as error:
        if error.errno == errno.EFBIG:
            return FLOODED
        return b""


class NoCleanRoom:
    """The clean room of environments whose verifiers only compare: asking it to run something is their fault."""

    def run_cases(
        self, evidence: Evidence, task: Task, cases: Sequence[CaseInput]
    ) -> Generator[CaseOutput, None, None]:
        """Refuse."""
        raise VerifierError(f"the verifier of {task.id or 'the task'} wants to run a submission where nothing is run")

    def pair(self, evidence: Evidence, task: Task) -> AbstractContextManager[tuple[Any, Any]]:
        """Refuse."""
        raise VerifierError(f"the verifier of {task.id or 'the task'} wants sandboxes where there are none")
