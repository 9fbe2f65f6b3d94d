"""Inspect AI's own sandbox checks, run over our sandboxes.

One check is left out by name: it creates a user and runs commands as that user, and our sandboxes have one user.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest

inspect_installed = True
try:
    import inspect_ai  # noqa: F401
except ImportError:
    inspect_installed = False

if not inspect_installed:
    if os.environ.get("CI") == "true":
        raise ImportError("inspect-ai is missing: pip install -e '.[inspect]'")
    pytest.skip("inspect-ai is not installed: pip install -e '.[inspect]'", allow_module_level=True)

from inspect_ai.util import SandboxEnvironment
from inspect_ai.util._sandbox import self_check

from selftrain.integrations.inspect_ai import SelfTrainSandboxEnvironment

UNSUPPORTED = {"test_exec_as_user"}
CHECKS = sorted(name for name in vars(self_check) if name.startswith("test_") and name not in UNSUPPORTED)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def sandbox_env(anyio_backend: str) -> AsyncIterator[SandboxEnvironment]:
    environments = await SelfTrainSandboxEnvironment.sample_init("task", None, {})
    yield environments["default"]
    await SelfTrainSandboxEnvironment.sample_cleanup("task", None, environments, interrupted=False)


@pytest.mark.anyio
@pytest.mark.parametrize("name", CHECKS)
async def test_inspect_s_own_check_holds(name: str, sandbox_env: SandboxEnvironment) -> None:
    await getattr(self_check, name)(sandbox_env)
