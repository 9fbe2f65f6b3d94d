"""Inspect AI's own sandbox checks, run over our sandboxes.

One check is left out by name: it creates a user and runs commands as that user, and our sandboxes have one user.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

if importlib.util.find_spec("inspect_ai") is None:
    if os.environ.get("CI") == "true":
        raise ImportError("inspect-ai is missing: pip install -e '.[inspect]'")
    pytest.skip("inspect-ai is not installed: pip install -e '.[inspect]'", allow_module_level=True)

self_check = importlib.import_module("inspect_ai.util._sandbox.self_check")
provider = importlib.import_module("selftrain.integrations.inspect_ai").SelfTrainSandboxEnvironment

UNSUPPORTED = {"test_exec_as_user"}
CHECKS = sorted(name for name in vars(self_check) if name.startswith("test_") and name not in UNSUPPORTED)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def sandbox_env(anyio_backend: str) -> AsyncIterator[Any]:
    environments = await provider.sample_init("task", None, {})
    yield environments["default"]
    await provider.sample_cleanup("task", None, environments, interrupted=False)


@pytest.mark.anyio
@pytest.mark.parametrize("name", CHECKS)
async def test_inspect_s_own_check_holds(name: str, sandbox_env: Any) -> None:
    await getattr(self_check, name)(sandbox_env)
