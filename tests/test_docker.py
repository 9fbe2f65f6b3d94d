"""What the docker backend promises beyond the conformance suite: its start, its pool, its traces, its figures."""

from __future__ import annotations

import io
import os
import signal
import statistics
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from selftrain.errors import ImageMissingError, MissingToolError, SandboxError
from selftrain.sandboxes import Sandbox, SandboxLimits, SandboxSpec
from selftrain.sandboxes.docker import DockerBackend
from selftrain.sandboxes.docker_daemon import open_client
from selftrain.sandboxes.docker_sweeping import owner
from selftrain.sandboxes.images import docker_tag

pytestmark = pytest.mark.alone  # it counts what is left on the machine

OWNER = "selftrain.owner"


def _empty_archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("empty"))
    return buffer.getvalue()


EMPTY_ARCHIVE = _empty_archive()


@pytest.fixture(scope="module")
def backend() -> Iterator[DockerBackend]:
    made = DockerBackend(warm=2)
    reason = made.available()
    if reason is not None:
        made.close()
        if os.environ.get("CI") == "true":
            pytest.fail(f"Nothing may be left out in CI: {reason}")
        pytest.skip(reason)
    yield made
    made.close()


@pytest.fixture
def sandbox(backend: DockerBackend) -> Iterator[Sandbox]:
    made = backend.create(SandboxSpec())
    yield made
    made.close()


def containers(whose: str) -> list[str]:
    client = open_client()
    try:
        return [found["Id"] for found in client.containers(all=True, filters={"label": f"{OWNER}={whose}"})]
    finally:
        client.close()


@pytest.fixture
def quiet(backend: DockerBackend) -> None:
    """No pool starts containers meanwhile."""
    backend.close()


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("unix:///nowhere/docker.sock", ["daemon", "DOCKER_HOST"]),
        ("tcp://192.0.2.1:2375", ["DOCKER_HOST", "another machine"]),
    ],
)
def test_a_daemon_that_cannot_be_used_is_said_in_one_line(
    host: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    fresh = DockerBackend()
    reason = fresh.available()
    assert reason is not None
    assert "\n" not in reason
    for word in words:
        assert word in reason
    fresh.close()


def test_the_hosts_system_is_no_image_of_docker(backend: DockerBackend) -> None:
    with pytest.raises(SandboxError, match='image="terminal"'):
        backend.create(SandboxSpec(image="host"))


@pytest.mark.parametrize("name", ["no-such-image", "No Image", "../x", ""])
def test_an_image_that_is_not_there_is_named(backend: DockerBackend, name: str) -> None:
    if not name:
        backend.create(SandboxSpec(image=name)).close()
        return
    with pytest.raises(ImageMissingError, match="selftrain images build"):
        backend.create(SandboxSpec(image=name))


def test_nothing_of_the_protocol_can_be_opened_inside(sandbox: Sandbox) -> None:
    assert sandbox.run("ls -A /run/selftrain").output == b""
    tries = "for f in /proc/1/fd/* /proc/$$/fd/250 /proc/$$/fd/253; do ( : <$f ) 2>/dev/null && echo $f; done; true"
    assert sandbox.run(tries).output == b""


def test_the_helper_outlives_everything_that_the_agent_can_do(sandbox: Sandbox) -> None:
    sandbox.run("kill -9 -1; kill -9 1 2 3 4 5 6 7 8 9 10 11 12")
    sandbox.write("/workspace/x", b"still")
    assert sandbox.read("/workspace/x") == b"still"


@pytest.fixture
def lone() -> Iterator[tuple[DockerBackend, Sandbox, str]]:
    """A backend without a pool, its one sandbox, and the id of its container."""
    before = set(containers(owner()))
    made = DockerBackend(warm=0)
    sandbox = made.create(SandboxSpec())
    (container,) = set(containers(owner())) - before
    yield made, sandbox, container
    sandbox.close()
    made.close()
    assert container not in containers(owner())


def test_a_killed_container_is_an_error_and_no_answer(quiet: None, lone: tuple[DockerBackend, Sandbox, str]) -> None:
    _, sandbox, container = lone
    client = open_client()
    killer = threading.Timer(0.5, client.kill, [container])
    killer.start()
    begin = time.monotonic()
    with pytest.raises(SandboxError):
        sandbox.run("sleep 60", 60.0)
    assert time.monotonic() - begin < 6
    killer.join()
    client.close()
    with pytest.raises(SandboxError):
        sandbox.run("true")


def test_a_refused_sandbox_leaves_no_container(quiet: None) -> None:
    before = set(containers(owner()))
    made = DockerBackend(warm=0)
    with pytest.raises(MissingToolError):
        made.create(SandboxSpec(tools=("no-such-tool",)))
    with pytest.raises(OSError, match="not below a writable folder"):
        made.create(SandboxSpec(files={"/etc/x": b""}))
    made.close()
    assert set(containers(owner())) == before


def test_an_image_that_changes_is_an_error(quiet: None) -> None:
    name = "pinned-by-a-test"
    made, client = DockerBackend(warm=0), open_client()
    try:
        client.tag(docker_tag("terminal"), "selftrain/" + name, "latest")
        made.create(SandboxSpec(image=name)).close()
        client.import_image_from_data(EMPTY_ARCHIVE, repository=f"selftrain/{name}", tag="latest")
        with pytest.raises(SandboxError, match="was sha256"):
            made.create(SandboxSpec(image=name))
        client.remove_image(docker_tag(name), force=True)
        with pytest.raises(SandboxError, match="gone"):
            made.create(SandboxSpec(image=name))
    finally:
        made.close()
        client.close()


def test_sweeping_removes_what_a_killed_process_left(backend: DockerBackend) -> None:
    program = (
        "import os; from selftrain.sandboxes.docker import DockerBackend; from selftrain.sandboxes import SandboxSpec;"
        "from selftrain.sandboxes.docker_sweeping import owner;"
        "DockerBackend(warm=0).create(SandboxSpec()); print(owner(), flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    dead = done.stdout.decode().strip()
    assert len(containers(dead)) == 1
    assert backend.sweep() >= 1
    assert containers(dead) == []


def test_a_warm_sandbox_is_handed_out_at_once(backend: DockerBackend) -> None:
    spec = SandboxSpec(limits=SandboxLimits(processes=99))
    backend.create(spec).close()
    seconds = []

    def is_warm() -> bool:
        begin = time.perf_counter()
        backend.create(spec).close()
        seconds.append(time.perf_counter() - begin)
        return seconds[-1] < 0.005

    assert eventually(is_warm, 60.0), f"the quickest of {len(seconds)} took {min(seconds)} s"


def test_a_builtin_step_costs_little_more_than_a_pipe(sandbox: Sandbox) -> None:
    """The figure is 6 times plain bash on pipes on a quiet machine; a busy one is given twice that."""
    loop = 'while IFS= read -r c; do eval "$c"; echo; done'
    with subprocess.Popen(["bash", "-c", loop], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as plain:
        assert plain.stdin is not None
        assert plain.stdout is not None

        def ask() -> None:
            assert plain.stdin is not None
            assert plain.stdout is not None
            plain.stdin.write(b":\n")
            plain.stdout.read(1)

        ratios = [_median(lambda: sandbox.run(":")) / _median(ask) for _ in range(5)]
        plain.stdin.close()
    assert min(ratios) < 12, ratios


def _median(call: Callable[[], object]) -> float:
    def once() -> float:
        begin = time.perf_counter()
        call()
        return time.perf_counter() - begin

    return statistics.median(once() for _ in range(200))
