"""The pack's own environment id, `DeskDrills-v0`."""

from __future__ import annotations

from typing import Any

from selftrain.envs.terminal import TerminalEnv


class DeskDrillsEnv(TerminalEnv):
    """`SelfTrain-Terminal-v0` over the families of this pack."""

    def __init__(self, **settings: Any) -> None:
        if settings.get("tasks") is None and settings.get("families") is None:
            settings.setdefault("pack", "desk-drills")
        super().__init__(**settings)
