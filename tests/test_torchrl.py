"""What docs/learning_libraries.md shows runs as it stands, with each library that is installed."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TEXT = (Path(__file__).resolve().parents[1] / "docs" / "learning_libraries.md").read_text()
SNIPPETS = dict(re.findall(r"^## ([^\n]+)\n.*?^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL))
MODULES = {"Stable-Baselines3": "stable_baselines3", "TorchRL": "torchrl", "RLlib": "ray"}
IN_CI = os.environ.get("CI") == "true"


def test_there_is_a_snippet_for_each_library() -> None:
    assert list(SNIPPETS) == list(MODULES)


@pytest.mark.parametrize("library", MODULES)
def test_a_snippet_runs(library: str, tmp_path: Path) -> None:
    # CI installs all but RLlib, whose releases ask for a Gymnasium of their own
    if importlib.util.find_spec(MODULES[library]) is None and not (IN_CI and library != "RLlib"):
        pytest.skip(f"{library} is not installed")
    done = subprocess.run(
        [sys.executable, "-c", SNIPPETS[library]], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    if library == "TorchRL":
        assert done.stdout.count("success in practice: ") == 2


@pytest.mark.skipif(importlib.util.find_spec("torchrl") is None and not IN_CI, reason="TorchRL is not installed")
@pytest.mark.filterwarnings("default")  # TorchRL's own warnings are not ours to judge
def test_texts_travel_through_torchrl() -> None:
    from torchrl.envs import GymEnv

    env = GymEnv("selftrain:SelfTrain-Terminal-v0", families=["csv-reshape"])
    try:
        start = env.reset()
        assert "submit" in start["observation"]
        start["action"] = "pwd"
        after = env.step(start)["next"]
        assert after["observation"].startswith("/workspace\n") and not after["done"].item()
    finally:
        env.close()
