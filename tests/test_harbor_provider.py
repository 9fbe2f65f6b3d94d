"""Our sandboxes behind Harbor's own interface.

Skipped where harbor is missing, with CI=true too: it needs Python 3.12, and CI has 3.11. They were run with harbor
0.25.0 on Python 3.12: `pip install -e '.[harbor]' pytest psutil && python -m pytest tests/test_harbor_provider.py`.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from backends import backend_or_skip

from selftrain.errors import OptionError, SandboxError, TaskError

pytest.importorskip("harbor", reason="no harbor: it needs Python 3.12 and `pip install selftrain[harbor]`")

DOCKERFILE = "FROM debian:bookworm\nWORKDIR /app\nCOPY data data\nENV GREETING=hello\n"
Use = Callable[[Any], Coroutine[Any, Any, None]]


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "environment"
    (folder / "data").mkdir(parents=True)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "data" / "lines.txt").write_text("a\nb\n")
    return folder


def environment(context: Path, options: dict[str, Any] | None = None, **config: Any) -> Any:
    from harbor.models.task.config import EnvironmentConfig, NetworkMode, NetworkPolicy
    from harbor.models.trial.paths import TrialPaths

    from selftrain.integrations.harbor import Environment

    policy = NetworkPolicy(network_mode=NetworkMode.NO_NETWORK)
    return Environment(
        environment_dir=context,
        environment_name="count",
        session_id="count__1__env",
        trial_paths=TrialPaths(context.parent / "trial"),
        task_env_config=EnvironmentConfig(**config),
        **{"network_policy": policy, "backend": "bubblewrap"} | (options or {}),
    )


def using(env: Any, use: Use) -> None:
    backend_or_skip("bubblewrap")

    async def play() -> None:
        await env.start(force_build=False)
        try:
            await use(env)
        finally:
            await env.stop(delete=True)

    asyncio.run(play())


def test_commands_run_as_harbor_asks(context: Path) -> None:
    async def use(env: Any) -> None:
        done = await env.exec("pwd; cat data/lines.txt; echo $GREETING $WHO; echo bad >&2; exit 3", env={"WHO": "you"})
        assert (done.stdout, done.stderr, done.return_code) == ("/app\na\nb\nhello you\n", "bad\n", 3)
        # nothing of one command is left for the next, as with `docker exec`
        await env.exec("cd /tmp; export LEFT=1; nothing() { :; }")
        assert (await env.exec("pwd; echo ${LEFT:-none}", user="root")).stdout == "/app\nnone\n"
        assert (await env.exec("pwd", cwd="/logs/agent")).stdout == "/logs/agent\n"
        assert (await env.exec("cd /nowhere-at-all")).return_code == 1
        with pytest.raises(RuntimeError, match="timed out after 1 seconds"):
            await env.exec("sleep 30", timeout_sec=1)
        with pytest.raises(TaskError, match="user 'bob'"):
            await env.exec("true", user="bob")
        assert (await env.exec("head -c 20000000 /dev/zero | tr '\\0' x")).stdout.count("x") == 16 << 20

    using(environment(context), use)


def test_files_and_folders_go_in_and_out(context: Path, tmp_path: Path) -> None:
    given = tmp_path / "given"
    (given / "deep").mkdir(parents=True)
    (given / "deep" / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (given / "deep" / "run.sh").chmod(0o755)
    (given / "link").symlink_to("deep/run.sh")

    async def use(env: Any) -> None:
        await env.upload_dir(given, "/app/new folder")
        assert (await env.exec("'./new folder/link'")).stdout == "ran\n"
        await env.upload_file(given / "deep" / "run.sh", "/tests/test.sh")
        assert (await env.exec("/tests/test.sh")).stdout == "ran\n"
        await env.exec("mkdir -p /logs/artifacts/a; echo 1 > /logs/artifacts/a/b; mkfifo /logs/artifacts/pipe")
        await env.exec("ln -s /etc/passwd /logs/artifacts/away; ln -s a/b /logs/artifacts/near")
        await env.download_file("/logs/artifacts/a/b", tmp_path / "out" / "b")
        assert (tmp_path / "out" / "b").read_text() == "1\n"
        with pytest.raises(FileNotFoundError):
            await env.download_file("/logs/artifacts/none", tmp_path / "none")
        with pytest.raises(FileNotFoundError, match="/logs/none"):
            await env.download_dir("/logs/none", tmp_path / "none")
        await env.exec("rm /logs/artifacts/away")
        await env.download_dir("/logs/artifacts", tmp_path / "all")
        assert sorted(path.name for path in (tmp_path / "all").rglob("*")) == ["a", "b", "near"]
        assert await env.is_dir("/logs/artifacts") and not await env.is_file("/logs/none")

    using(environment(context), use)


def test_a_sandbox_has_no_network_and_the_task_s_ceilings(context: Path) -> None:
    env = environment(context, memory_mb=300, storage_mb=20, cpus=0.5)
    assert not env.spec().network and env.spec().limits.memory_bytes == 300 << 20

    async def use(env: Any) -> None:
        assert (await env.exec("cat /proc/net/route | wc -l")).stdout == "1\n"
        assert (await env.exec("head -c 40M /dev/zero > /app/large")).return_code != 0

    using(env, use)


@pytest.mark.parametrize(
    ("lines", "options", "said"),
    [
        (DOCKERFILE + "RUN make -C /app\n", {}, "RUN"),
        (DOCKERFILE + 'LABEL selftrain.image="nowhere"\nRUN true\n', {}, "RUN"),
        (DOCKERFILE, {"mounts": [{"type": "bind", "source": "/etc", "target": "/data"}]}, "mount '/data'"),
    ],
)
def test_what_no_sandbox_can_give_is_refused(context: Path, lines: str, options: dict[str, Any], said: str) -> None:
    (context / "Dockerfile").write_text(lines)
    with pytest.raises(TaskError, match=said):
        environment(context, options)


def test_other_refusals_name_the_option(context: Path) -> None:
    from harbor.models.task.config import NetworkMode, NetworkPolicy

    with pytest.raises(OptionError, match="backend='podman'"):
        environment(context, {"backend": "podman"})
    allow = NetworkPolicy(network_mode=NetworkMode.ALLOWLIST, allowed_hosts=["example.org"])
    with pytest.raises(ValueError, match="allowlist"):
        environment(context, {"network_policy": allow})
    with pytest.raises(SandboxError, match="'count' is not started"):
        asyncio.run(environment(context).exec("true"))
    (context / "docker-compose.yaml").write_text("services: {}\n")
    with pytest.raises(TaskError, match=r"docker-compose\.yaml"):
        environment(context)


def test_our_images_stand_for_what_builds_them(context: Path) -> None:
    assert environment(context, docker_image="selftrain/terminal:latest").spec().image == "terminal"
    text = 'FROM debian:bookworm\nRUN apt-get install -y jq\nCOPY data /tmp/data\nLABEL selftrain.image="terminal"\n'
    (context / "Dockerfile").write_text(text + "COPY data /app/data\nWORKDIR /app\n")
    spec = environment(context).spec()
    assert spec.image == "terminal" and [path for path in spec.files if "/app/" in path] == ["/app/data/lines.txt"]
    assert environment(context, {"image": "math"}).spec().image == "math"


@pytest.mark.parametrize(("agent", "reward"), [("oracle", 1.0), ("nop", 0.0)])
def test_harbor_plays_an_exported_task(agent: str, reward: float, tmp_path: Path) -> None:
    from selftrain.envs.families import terminal_family
    from selftrain.envs.harbor.export import export_task

    backend = backend_or_skip("bubblewrap")
    folder = export_task(terminal_family("permissions-audit").task(5, 1), tmp_path / "task", backend)
    command = ["run", "-p", str(folder), "-a", agent, "-e", "selftrain.integrations.harbor:Environment", "-y"]
    variables = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    done = subprocess.run(
        [str(Path(sys.executable).with_name("harbor")), *command, "-o", str(tmp_path / "jobs")],
        env=variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    (result,) = (tmp_path / "jobs").glob("*/*/result.json")
    assert json.loads(result.read_text())["verifier_result"] == {"rewards": {"reward": reward}}, done.stdout[-2000:]
