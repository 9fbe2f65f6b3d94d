"""Draws docs/terminal.png: a few commands of an episode, as `render_mode="rgb_array"` shows them."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import numpy as np
from PIL import Image

COMMANDS = ("ls -l", "git log --oneline | head -n 4", "git status --short --branch", "git fsck 2>&1 | head -n 4")


def main() -> None:
    """Play and draw."""
    with gym.make("selftrain:SelfTrain-Terminal-v0", render_mode="rgb_array") as env:
        env.reset(seed=0, options={"task": "git-repair/train/2/0"})
        env.step("cd /workspace/repo")
        for command in COMMANDS:
            env.step(command)
        Image.fromarray(np.asarray(env.render())).save(Path(__file__).with_name("terminal.png"), optimize=True)


if __name__ == "__main__":
    main()
