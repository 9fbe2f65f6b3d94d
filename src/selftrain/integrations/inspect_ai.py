"""Our sandboxes as a sandbox provider of Inspect AI: `Task(..., sandbox="selftrain")`.

Written to inspect-ai 0.3.285. Importing this module registers the provider; the entry point in `pyproject.toml` makes
Inspect do so by itself. The sandbox has one user, so `exec(user=...)` with another one is refused as unsupported.
"""

from __future__ import annotations

import errno
import shlex
import uuid
from typing import Any, Literal, overload

import anyio
from inspect_ai.util import (
    ExecResult,
    OutputLimitExceededError,
    SandboxEnvironment,
    SandboxEnvironmentConfigType,
    SandboxEnvironmentLimits,
    SandboxUserUnsupportedError,
    sandboxenv,
)

from selftrain.sandboxes import Sandbox, SandboxSpec, make_sandbox

FOREVER_SECONDS = 24 * 3600.0
NOT_EXECUTABLE = 126


@sandboxenv(name="selftrain")
class SelfTrainSandboxEnvironment(SandboxEnvironment):
    """One of our sandboxes behind Inspect's interface; the provider's config is the backend's name."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self._sandbox = sandbox

    @classmethod
    async def sample_init(
        cls, task_name: str, config: SandboxEnvironmentConfigType | None, metadata: dict[str, str]
    ) -> dict[str, SandboxEnvironment]:
        backend = config if isinstance(config, str) else "auto"
        sandbox = await anyio.to_thread.run_sync(make_sandbox, backend, SandboxSpec())
        return {"default": cls(sandbox)}

    @classmethod
    async def sample_cleanup(
        cls,
        task_name: str,
        config: SandboxEnvironmentConfigType | None,
        environments: dict[str, SandboxEnvironment],
        interrupted: bool,
    ) -> None:
        for environment in environments.values():
            environment.as_type(cls)._sandbox.close()

    async def exec(
        self,
        cmd: list[str],
        input: str | bytes | None = None,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout: int | None = None,
        timeout_retry: bool = True,
        concurrency: bool = True,
    ) -> ExecResult[str]:
        if user is not None and user != self._sandbox.spec.user:
            raise SandboxUserUnsupportedError(f"the sandbox runs as {self._sandbox.spec.user!r}, not as {user!r}")
        data = input.encode() if isinstance(input, str) else input or b""
        return await anyio.to_thread.run_sync(self._exec, cmd, data, cwd or ".", env or {}, timeout)

    def _exec(self, cmd: list[str], data: bytes, cwd: str, env: dict[str, str], timeout: int | None) -> ExecResult[str]:
        folder = f"/tmp/.exec-{uuid.uuid4().hex}"
        self._sandbox.write(f"{folder}/stdin", data)
        exports = "".join(f"export {shlex.quote(f'{name}={value}')}; " for name, value in env.items())
        script = f"cd {shlex.quote(self._resolve(cwd))} && {exports}exec -- {shlex.join(cmd)}\n"
        self._sandbox.write(f"{folder}/script", script.encode())
        try:
            command = f"bash {folder}/script <{folder}/stdin >{folder}/stdout 2>{folder}/stderr"
            result = self._sandbox.run(command, timeout or FOREVER_SECONDS)
            if result.timed_out:
                raise TimeoutError(f"{shlex.join(cmd)[:200]} took more than {timeout} seconds")
            stdout, stderr = self._capture(f"{folder}/stdout"), self._capture(f"{folder}/stderr")
        finally:
            self._sandbox.run(f"rm -rf {folder}")
        if result.exit_code == NOT_EXECUTABLE:
            raise PermissionError(errno.EACCES, stderr.strip() or "not executable", cmd[0])
        return ExecResult(result.exit_code == 0, result.exit_code, stdout, stderr)

    def _capture(self, path: str) -> str:
        limits = SandboxEnvironmentLimits
        text = self._read(path, limits.MAX_EXEC_OUTPUT_SIZE, limits.MAX_EXEC_OUTPUT_SIZE_STR)
        return text.decode("utf-8", "replace")

    async def write_file(self, file: str, contents: str | bytes) -> None:
        data = contents.encode() if isinstance(contents, str) else contents
        path = self._resolve(file)

        def write() -> None:
            # the mode bits are the owner's own: ask the sandbox, since the host may write regardless of them
            quoted = shlex.quote(path)
            if self._sandbox.run(f"[ -e {quoted} ] && [ ! -d {quoted} ] && [ ! -w {quoted} ]").exit_code == 0:
                raise PermissionError(errno.EACCES, "not writable", path)
            self._sandbox.write(path, data)

        await anyio.to_thread.run_sync(write)

    @overload
    async def read_file(self, file: str, text: Literal[True] = True) -> str: ...

    @overload
    async def read_file(self, file: str, text: Literal[False]) -> bytes: ...

    async def read_file(self, file: str, text: bool = True) -> Any:
        path, limits = self._resolve(file), SandboxEnvironmentLimits

        def read() -> bytes:
            quoted = shlex.quote(path)
            # modes are the owner's own: ask the sandbox, since the host may read regardless of them
            if self._sandbox.run(f"[ -e {quoted} ] && [ ! -r {quoted} ]").exit_code == 0:
                raise PermissionError(errno.EACCES, "not readable", path)
            if self._sandbox.run(f"[ -d {quoted} ]").exit_code == 0:
                raise IsADirectoryError(errno.EISDIR, "is a directory", path)
            return self._read(path, limits.MAX_READ_FILE_SIZE, limits.MAX_READ_FILE_SIZE_STR)

        data = await anyio.to_thread.run_sync(read)
        return data.decode() if text else data

    def _read(self, path: str, limit: int, limit_words: str) -> bytes:
        try:
            return self._sandbox.read(path, limit)
        except OSError as error:
            if error.errno == errno.EFBIG:
                raise OutputLimitExceededError(limit_str=limit_words, truncated_output=None) from error
            raise

    def _resolve(self, path: str) -> str:
        return path if path.startswith("/") else f"{self._sandbox.spec.workdir}/{path}"
