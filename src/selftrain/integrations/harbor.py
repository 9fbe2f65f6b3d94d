"""Our sandboxes as an environment of Harbor: `harbor run -p TASK -e selftrain.integrations.harbor:Environment`.

Written to harbor 0.25, which needs Python 3.12. No daemon is needed where bubblewrap works. Options, `--ek NAME=VALUE`:
`backend` ("auto", "bubblewrap", "docker") and `image`, one of ours to stand for the task's.

A sandbox is made, not built: of a Dockerfile the lines are honoured that `selftrain.envs.harbor.dockerfile` lists, and
`ADD name.tar`; what needs an image (RUN) is an error unless one of ours stands for it, by `image`, by
`environment.docker_image` ("selftrain/terminal"), or by the label `selftrain.image` that exported tasks carry.

What differs from a container, and is not hidden:

- There is one user inside, who owns all that is writable and nothing of the system: "root" and "agent" are the same,
  and other users are refused. An agent that installs packages into the system cannot be used, and neither can a
  verifier that needs a second user; it says so and gives no reward.
- The work folder, what the Dockerfile copies to, `/logs`, `/tests`, `/solution`, `/tmp` and the home folder are
  writable, each within `storage_mb`. Everything else is read-only.
- The network is on or off. An allow-list is refused, and so are compose files, GPUs and mounts of the host's folders.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
import shlex
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harbor.environments.base import (  # type: ignore[import-not-found, unused-ignore]
    BaseEnvironment,
    ExecResult,
    transfer_tar_filter,
)
from harbor.environments.capabilities import (  # type: ignore[import-not-found, unused-ignore]
    EnvironmentCapabilities,
    EnvironmentResourceCapabilities,
)
from harbor.environments.definition import (  # type: ignore[import-not-found, unused-ignore]
    require_agent_environment_definition,
)

from selftrain.envs.harbor.bases import ours
from selftrain.envs.harbor.dockerfile import DEFAULT_WORKDIR, Built, read_dockerfile
from selftrain.errors import OptionError, SandboxError, SelfTrainError, TaskError
from selftrain.evidence import MIB
from selftrain.sandboxes import Sandbox, SandboxLimits, SandboxSpec, backend_names, make_backend
from selftrain.sandboxes.images import image_names

FOLDERS = ("/logs", "/tests", "/solution")
_OUTPUTS = ("/logs/agent", "/logs/verifier", "/logs/artifacts")
FOREVER_SECONDS = 24 * 3600.0
MOST_BYTES = 512 * MIB
_MOST_SAID = 16 * MIB
_USERS = frozenset({"root", "0", "agent", "1000"})
_COMPOSE = ("docker-compose.yaml", "docker-compose.yml")
_LABEL = re.compile(r'^LABEL\s+selftrain\.image="?([a-z0-9-]+)"?\s*$', re.MULTILINE | re.IGNORECASE)
_COPIED = re.compile(r"^COPY\s+\S+\s+(\S+)\s*$", re.MULTILINE | re.IGNORECASE)
_ARCHIVE = re.compile(r"^ADD\s+(\S+\.tar)\s+(\S+)\s*$", re.MULTILINE | re.IGNORECASE)


class Environment(BaseEnvironment):  # type: ignore[misc, unused-ignore]
    """One of our sandboxes behind Harbor's interface."""

    def __init__(self, *args: Any, backend: str = "auto", image: str = "", **kwargs: Any) -> None:
        if backend not in ("auto", *backend_names()):
            raise OptionError(f"backend={backend!r} must be one of auto, {', '.join(backend_names())}")
        self._backend_name, self._image = backend, image
        self._sandbox: Sandbox | None = None
        super().__init__(*args, **kwargs)

    @staticmethod
    def type() -> str:
        return "selftrain"

    @property
    def capabilities(self) -> EnvironmentCapabilities:
        return EnvironmentCapabilities(disable_internet=True)

    @classmethod
    def resource_capabilities(cls) -> EnvironmentResourceCapabilities:
        return EnvironmentResourceCapabilities(cpu_limit=True, memory_limit=True, fractional_cpus=True)

    @classmethod
    def preflight(cls) -> None:
        """End the run before it begins where no sandbox can start."""
        try:
            make_backend()
        except SandboxError as error:
            raise SystemExit(str(error)) from error

    def _validate_definition(self) -> None:
        for name in _COMPOSE:
            if (self.environment_dir / name).exists():
                raise TaskError(f"{self.environment_dir / name} is not supported: a sandbox has no services beside it")
        if self._host_mounts:
            raise TaskError(
                f"mount {self._host_mounts[0]['target']!r} is not supported: a sandbox sees no folder of the host"
            )
        if self.os.value != "linux":
            raise TaskError(f"environment.os = {self.os.value!r} is not supported: sandboxes are Linux")
        require_agent_environment_definition(self.environment_dir, docker_image=self.task_env_config.docker_image)
        self._read()

    def _read(self) -> tuple[str, Built]:
        """The image to use, and what the Dockerfile adds to it."""
        docker_image = self.task_env_config.docker_image or ""
        label = _LABEL.search(self._dockerfile())
        labelled = label[1] if label and label[1] in image_names() else ""
        image = self._image or ours(docker_image) or labelled
        built = read_dockerfile(self.environment_dir, self.environment_dir)
        if built.needed and not (image or docker_image):
            raise TaskError(f"{built.needed[0]} needs an image: name one of ours that stands for it, --ek image=NAME")
        if label and labelled:
            # what the lines above the label copied went into that image
            for target in _COPIED.findall(self._dockerfile()[: label.start()]):
                built.files.pop(target, None)
        return image or docker_image, built

    def _dockerfile(self) -> str:
        path = self.environment_dir / "Dockerfile"
        return path.read_text("utf-8") if path.exists() else ""

    def spec(self) -> SandboxSpec:
        """What the sandbox is made from."""
        image, built = self._read()
        workdir = self.task_env_config.workdir or (built.folders[0] if built.folders else DEFAULT_WORKDIR)
        usual = SandboxLimits()
        memory, storage = self._effective_memory_mb, self._effective_storage_mb
        return SandboxSpec(
            image=image,
            files=built.files,
            modes=built.modes,
            writable=tuple(dict.fromkeys((workdir, *built.folders, *FOLDERS))),
            network=not self._network_disabled,
            env={**built.env, **self._startup_env()},
            limits=SandboxLimits(
                memory_bytes=memory * MIB if memory else usual.memory_bytes,
                disk_bytes=storage * MIB if storage else usual.disk_bytes,
                cpus=float(self._effective_cpus or usual.cpus),
            ),
        )

    async def start(self, force_build: bool) -> None:
        """Start the sandbox; there is nothing to build, so `force_build` changes nothing."""
        try:
            await asyncio.to_thread(self._create)
            for name, target in _ARCHIVE.findall(self._dockerfile()):
                data = await asyncio.to_thread((self.environment_dir / name).read_bytes)
                await asyncio.to_thread(self._unpack, data, target)
            # Harbor's output folders: nothing of the host is mounted there, Harbor copies them out
            await self.ensure_dirs([*_OUTPUTS, *self._mount_targets(writable_only=True)])
            await self._upload_environment_dir_after_start()
        except BaseException:
            await self.stop(delete=True)
            raise

    def _create(self) -> None:
        # in the thread, which goes on where nobody waits for it any more: `stop` still finds the sandbox
        self._sandbox = make_backend(self._backend_name).create(self.spec())

    async def stop(self, delete: bool) -> None:
        """Close the sandbox; nothing of it is kept."""
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            await asyncio.to_thread(sandbox.close)

    async def exec(
        self,
        command: str,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        timeout_sec: int | None = None,
        user: str | int | None = None,
    ) -> ExecResult:
        """Run `command`; one that takes longer than `timeout_sec` is killed and is a `RuntimeError`, as with docker."""
        user = self._resolve_user(user)
        if user is not None and str(user) not in _USERS:
            raise TaskError(f"user {user!r} is not supported: a sandbox has one user, who is called root or agent here")
        return await asyncio.to_thread(self._exec, command, cwd, self._merge_env(env) or {}, timeout_sec)

    def _exec(self, command: str, cwd: str | None, env: dict[str, str], timeout: int | None) -> ExecResult:
        sandbox = self._started()
        with self._place("exec") as folder:
            settings = "".join(f"export {shlex.quote(f'{name}={value}')}\n" for name, value in env.items())
            script = f"cd {shlex.quote(cwd or sandbox.spec.workdir)} || exit 1\n{settings}{command}\n"
            sandbox.write(f"{folder}/script", script.encode())
            line = f"bash {folder}/script </dev/null >{folder}/stdout 2>{folder}/stderr"
            result = sandbox.run(line, timeout or FOREVER_SECONDS)
            if result.timed_out:
                raise RuntimeError(f"Command timed out after {timeout} seconds")
            said, complaint = self._said(f"{folder}/stdout"), self._said(f"{folder}/stderr")
        return ExecResult(stdout=said, stderr=complaint, return_code=result.exit_code)

    def _said(self, path: str) -> str:
        size = self._started().run(f"head -c {_MOST_SAID} {path} >{path}.cut; rm -f {path}; mv {path}.cut {path}")
        data = self._started().read(path, _MOST_SAID) if size.exit_code == 0 else b""
        return data.decode("utf-8", "replace")

    async def upload_file(self, source_path: Path | str, target_path: str) -> None:
        source = Path(source_path)

        def upload() -> None:
            self._started().write(target_path, source.read_bytes(), source.stat().st_mode & 0o777)

        await asyncio.to_thread(upload)

    async def upload_dir(self, source_dir: Path | str, target_dir: str) -> None:
        def upload() -> None:
            buffer = io.BytesIO()
            with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
                for child in sorted(Path(source_dir).iterdir()):
                    tar.add(child, child.name)
            self._unpack(buffer.getvalue(), target_dir)

        await asyncio.to_thread(upload)

    async def download_file(self, source_path: str, target_path: Path | str) -> None:
        def download() -> None:
            data = self._started().read(source_path, MOST_BYTES)
            Path(target_path).parent.mkdir(parents=True, exist_ok=True)
            Path(target_path).write_bytes(data)

        await asyncio.to_thread(download)

    async def download_dir(self, source_dir: str, target_dir: Path | str) -> None:
        def download() -> None:
            with self._place("pack") as folder:
                packed = self._started().run(
                    f"tar -cf {folder}/packed.tar -C {shlex.quote(source_dir)} .", FOREVER_SECONDS
                )
                if packed.exit_code != 0:
                    said = packed.output.decode("utf-8", "replace").strip()
                    raise FileNotFoundError(f"{source_dir} cannot be read from the sandbox: {said[-300:]}")
                data = self._started().read(f"{folder}/packed.tar", MOST_BYTES)
            Path(target_dir).mkdir(parents=True, exist_ok=True)
            with tarfile.open(fileobj=io.BytesIO(data)) as tar:
                # the archive was packed where the agent acts
                tar.extractall(target_dir, filter=transfer_tar_filter)

        await asyncio.to_thread(download)

    def _unpack(self, archive: bytes, target: str) -> None:
        with self._place("unpack") as folder:
            self._started().write(f"{folder}/packed.tar", archive)
            place = shlex.quote(target)
            # of folders that are there already, such as /workspace, only what is in them changes
            line = f"mkdir -p {place} && tar -xpf {folder}/packed.tar -C {place} --no-same-owner --no-overwrite-dir"
            done = self._started().run(line, FOREVER_SECONDS)
            if done.exit_code != 0:
                said = done.output.decode("utf-8", "replace").strip()
                raise SandboxError(f"files cannot be put into {target}: {said[-300:]}")

    @contextlib.contextmanager
    def _place(self, what: str) -> Iterator[str]:
        """A folder in the sandbox for the length of one call."""
        folder = f"/tmp/.harbor-{what}-{uuid.uuid4().hex}"
        self._started().run(f"mkdir {folder}")
        try:
            yield folder
        finally:
            with contextlib.suppress(SelfTrainError):  # a sandbox that is gone has taken the folder along
                self._started().run(f"rm -rf {folder}")

    def _started(self) -> Sandbox:
        if self._sandbox is None:
            raise SandboxError(f"environment {self.environment_name!r} is not started")
        return self._sandbox
