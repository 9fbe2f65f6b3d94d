"""The sandboxes of other libraries, and a plain bash, behind one small interface for `sandboxes.py`."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

# runs one command and gives its output
Step = Callable[[str], bytes]
# a live sandbox for the time of a `with`
Opener = Callable[[], AbstractContextManager[Step]]


class PeerMissingError(Exception):
    """This peer cannot run here; says why."""


@contextlib.contextmanager
def plain_bash() -> Iterator[Step]:
    """The floor: a bash that stays, on plain pipes, without isolation or exit codes."""
    with subprocess.Popen(
        ["/bin/bash", "--norc", "--noprofile"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        writer, reader = process.stdin.fileno(), process.stdout.fileno()

        def step(command: str) -> bytes:
            os.write(writer, b"%b; echo '\x01end'\n" % command.encode())
            output = b""
            while not output.endswith(b"\x01end\n"):
                output += os.read(reader, 65536)
            return output[: -len(b"\x01end\n")]

        try:
            yield step
        finally:
            process.kill()


def docker_container(image: str) -> Opener:
    """docker-py as most projects use it: a container that sleeps, and `exec_run` for each step."""

    @contextlib.contextmanager
    def opened() -> Iterator[Step]:
        import docker

        client = docker.from_env()
        try:
            box = client.containers.create(image, ["sleep", "infinity"], network_mode="none")
            box.start()
            try:
                yield lambda command: bytes(box.exec_run(["bash", "-c", command]).output)
            finally:
                box.remove(force=True)
        finally:
            client.close()

    return opened


@contextlib.contextmanager
def swe_rex() -> Iterator[Step]:
    """SWE-ReX's session in its local runtime, which isolates nothing; its Docker deployment adds HTTP on top."""
    try:
        from swerex.runtime.abstract import BashAction, CreateBashSessionRequest
        from swerex.runtime.local import LocalRuntime
    except ImportError as error:
        raise PeerMissingError(f"swe-rex is not installed ({error})") from error

    logging.getLogger("rex-runtime").setLevel(logging.ERROR)
    runtime = LocalRuntime()
    with asyncio.Runner() as runner:

        def step(command: str) -> bytes:
            observation: Any = runner.run(runtime.run_in_session(BashAction(command=command, check="ignore")))
            return bytes(observation.output.encode())

        runner.run(runtime.create_session(CreateBashSessionRequest(startup_timeout=10.0)))
        try:
            yield step
        finally:
            runner.run(runtime.close())


@functools.cache
def _environments() -> tempfile.TemporaryDirectory[str]:
    """What bubble-sandbox takes its Python from, made once and not part of its starting time."""
    folder = tempfile.TemporaryDirectory()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", f"{folder.name}/bare/.venv"], check=True)
    return folder


@contextlib.contextmanager
def bubble_sandbox() -> Iterator[Step]:
    """bubble-sandbox: one bubblewrap for each command, in which nothing lives on."""
    try:
        from bubble_sandbox.config import Config
        from bubble_sandbox.sandbox import BwrapSandbox
    except ImportError as error:
        raise PeerMissingError(f"bubble-sandbox is not installed ({error}); it needs Python 3.12") from error

    with asyncio.Runner() as runner:
        config = Config(config_file_path=Path(_environments().name) / "config.toml", environments_pathname=".")
        sandbox = BwrapSandbox(default_environment="bare", config=config)

        def step(command: str) -> bytes:
            result = runner.run(sandbox.execute(command=["bash", "-c", command]))
            return bytes(result.stdout.encode())

        yield step


def agentdocker_lite(rootfs: str) -> Opener:
    """agentdocker-lite: namespaces and overlayfs without a daemon, over the folder `rootfs`."""

    @contextlib.contextmanager
    def opened() -> Iterator[Step]:
        try:
            from agentdocker_lite import Sandbox, SandboxConfig
        except ImportError as error:
            raise PeerMissingError(f"agentdocker-lite is not installed ({error})") from error

        if not Path(rootfs).is_dir():
            raise PeerMissingError(f"agentdocker-lite needs a system to run, and {rootfs!r} is none")
        with tempfile.TemporaryDirectory() as folder:
            config = SandboxConfig(image=rootfs, net_isolate=True, env_base_dir=folder, working_dir="/tmp")
            sandbox = Sandbox(config, name=f"bench{os.urandom(4).hex()}")
            try:
                yield lambda command: sandbox.run(command)[0].encode()
            finally:
                sandbox.delete()

    return opened
