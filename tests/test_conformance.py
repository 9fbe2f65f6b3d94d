"""The conformance suite over every backend, and proof that the suite notices faulty ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from selftrain.errors import BackendUnavailableError, SandboxError
from selftrain.evidence import Evidence, EvidenceFile, ExportLimits
from selftrain.sandboxes import Backend, Sandbox, SandboxSpec, Snapshot, backend_names, make_backend
from selftrain.sandboxes.base import Result
from selftrain.sandboxes.conformance import BEHAVIOURS, NotApplicableError, check_backend, check_restore, examine
from selftrain.sandboxes.conformance_tools import Behaviour, on_backend

pytestmark = pytest.mark.alone  # it looks at the machine after every sandbox


def skip_or_fail(reason: str) -> None:
    """What is missing on a developer's machine is left out; in CI everything is meant to be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"Nothing may be left out in CI: {reason}")
    pytest.skip(reason)


def backend_called(name: str) -> Backend:
    try:
        return make_backend(name)
    except BackendUnavailableError as error:
        skip_or_fail(str(error))
        raise


@pytest.mark.parametrize("name", BEHAVIOURS)
@pytest.mark.parametrize("backend_name", backend_names())
def test_backend_behaves(backend_name: str, name: str) -> None:
    try:
        BEHAVIOURS[name].check(backend_called(backend_name))
    except NotApplicableError as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("origin", backend_names())
@pytest.mark.parametrize("target", backend_names())
def test_snapshots_are_restored_by_any_backend(origin: str, target: str) -> None:
    check_restore(backend_called(origin), backend_called(target))


def test_every_behaviour_says_what_it_promises() -> None:
    assert len(BEHAVIOURS) >= 55
    for behaviour in BEHAVIOURS.values():
        assert behaviour.says.endswith("."), behaviour.name
        assert len(behaviour.says) > 30, behaviour.name


def test_two_behaviours_cannot_have_one_name() -> None:
    with pytest.raises(ValueError, match="directory_persists"):

        @on_backend
        def directory_persists(backend: Backend) -> None:
            """The same name again."""


def test_outcomes_tell_passed_from_failed_and_skipped() -> None:
    def raises(error: Exception) -> Callable[[Backend], None]:
        def check(_backend: Backend) -> None:
            raise error

        return check

    backend: Backend = FaultyBackend(lambda sandbox: sandbox)
    outcomes = [
        examine(Behaviour("x", "y", "z", check), backend)
        for check in (
            lambda _: None,
            raises(NotApplicableError("n")),
            raises(AssertionError("a")),
            raises(OSError("o")),
        )
    ]
    assert [outcome.passed for outcome in outcomes] == [True, False, False, False]
    assert [outcome.skipped for outcome in outcomes] == ["", "n", "", ""]
    assert [outcome.why for outcome in outcomes] == ["", "", "AssertionError: a", "OSError: o"]


class FaultySandbox:
    """A real sandbox, passed through; subclasses add one fault each."""

    def __init__(self, inner: Sandbox) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


class FaultyBackend:
    """A real backend whose sandboxes are wrapped."""

    def __init__(self, wrap: Callable[[Sandbox], Sandbox | FaultySandbox]) -> None:
        self.inner, self.wrap = None, wrap

    def __getattr__(self, name: str) -> object:
        self.inner = self.inner or backend_called("auto")
        return getattr(self.inner, name)

    def create(self, spec: SandboxSpec) -> object:
        return self.wrap(self.__getattr__("create")(spec))

    def restore(self, snapshot: Snapshot) -> object:
        return self.wrap(self.__getattr__("restore")(snapshot))


class LeaksOverRecycle(FaultySandbox):
    def recycle(self) -> None:
        kept = self.inner.run("cat /workspace/* 2>/dev/null; pwd").output
        self.inner.recycle()
        self.inner.write("/tmp/.kept", kept)


class AlwaysSucceeds(FaultySandbox):
    def run(self, command: str | bytes, timeout: float = 30.0) -> Result:
        return replace(self.inner.run(command, timeout), exit_code=0)


class TakesExitCodesFromOutput(FaultySandbox):
    """Frames results in the output itself, so that what a command prints is taken for a record."""

    def run(self, command: str | bytes, timeout: float = 30.0) -> Result:
        result = self.inner.run(command, timeout)
        text, colon, code = result.output.rstrip(b"\n").rpartition(b":")
        if colon and code.strip().isdigit():
            return replace(result, output=text, exit_code=int(code))
        return result


class FollowsLinks(FaultySandbox):
    def read(self, path: str, limit: int = 8 << 20) -> bytes:
        result = self.inner.run(f"cat '{path}'")
        if result.exit_code:
            raise FileNotFoundError(path)
        return result.output


class RunsOnAfterExport(FaultySandbox):
    def export(self, paths: Sequence[str], limits: ExportLimits = ExportLimits()) -> Evidence:
        entries = self.inner.snapshot().entries
        wanted = tuple(paths)
        files = {
            e.path: EvidenceFile(e.data, e.mode) for e in entries if e.kind == "file" and e.path.startswith(wanted)
        }
        return Evidence(files)


class ReportsFaultsAsExitCodes(FaultySandbox):
    def run(self, command: str | bytes, timeout: float = 30.0) -> Result:
        try:
            return self.inner.run(command, timeout)
        except SandboxError:
            return Result(b"", 255)


class LosesOutputAtTimeouts(FaultySandbox):
    def run(self, command: str | bytes, timeout: float = 30.0) -> Result:
        result = self.inner.run(command, timeout)
        return replace(result, output=b"") if result.timed_out else result


class AddsANewline(FaultySandbox):
    def run(self, command: str | bytes, timeout: float = 30.0) -> Result:
        result = self.inner.run(command, timeout)
        return replace(result, output=result.output.rstrip(b"\n") + b"\n")


class StartsAFreshShellEachTime(FaultySandbox):
    def run(self, command: str | bytes, timeout: float = 30.0) -> Result:
        self.inner.run("exit")
        return self.inner.run(command, timeout)


class NeverCloses(FaultySandbox):
    def close(self) -> None:
        """The inner sandbox lives on until the test's end."""


FAULTS: Mapping[type[FaultySandbox], tuple[str, ...]] = {
    LeaksOverRecycle: ("a_recycled_sandbox_is_as_new", "broken_sandboxes_can_be_recycled"),
    AlwaysSucceeds: ("exit_codes_are_bashs", "broken_syntax_is_data", "exit_is_reported_and_survived"),
    TakesExitCodesFromOutput: ("exit_code_and_output_are_apart",),
    FollowsLinks: ("reading_follows_no_links", "large_files_are_refused", "files_are_written_and_read_exactly"),
    RunsOnAfterExport: ("an_exported_sandbox_is_frozen", "nothing_runs_after_an_export", "exports_are_exact"),
    ReportsFaultsAsExitCodes: ("a_killed_sandbox_raises", "closing_ends_a_running_step"),
    LosesOutputAtTimeouts: ("timeouts_return_partial_output",),
    AddsANewline: ("output_is_exact_at_its_ends", "output_may_be_any_bytes"),
    StartsAFreshShellEachTime: ("variables_persist", "functions_aliases_and_options_persist"),
    NeverCloses: ("closing_is_final_and_idempotent", "closing_leaves_no_processes"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_suite_catches_faulty_backends(fault: type[FaultySandbox]) -> None:
    opened = []

    def wrap(sandbox: Sandbox) -> FaultySandbox:
        opened.append(sandbox)
        return fault(sandbox)

    faulty: Backend = FaultyBackend(wrap)
    try:
        outcomes = check_backend(faulty, FAULTS[fault])
    finally:
        for sandbox in opened:
            sandbox.close()
    assert sorted(outcome.behaviour for outcome in outcomes if outcome.why) == sorted(FAULTS[fault])
