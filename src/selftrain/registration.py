"""The table of environment ids: the only place where they are written."""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
import os

import gymnasium as gym

_log = logging.getLogger(__name__)

# id → (entry point, vector entry point); strings, so that specs stay serialisable and nothing heavy is imported
ENVIRONMENTS = {
    "SelfTrain-Terminal-v0": ("selftrain.envs.terminal:TerminalEnv", "selftrain.envs.vector:TerminalVectorEnv"),
    "SelfTrain-TerminalLong-v0": (
        "selftrain.envs.terminal_long:TerminalLongEnv",
        "selftrain.envs.terminal_long:TerminalLongVectorEnv",
    ),
    "SelfTrain-TerminalMenu-v0": (
        "selftrain.envs.numeric.terminal_menu:TerminalMenuEnv",
        "selftrain.envs.numeric.terminal_menu:TerminalMenuVectorEnv",
    ),
    "SelfTrain-Math-v0": ("selftrain.envs.math.env:MathEnv", "selftrain.envs.math.env:MathVectorEnv"),
    "SelfTrain-Proof-v0": ("selftrain.envs.theorems.env:ProofEnv", "selftrain.envs.theorems.env:ProofVectorEnv"),
    "SelfTrain-Browser-v0": ("selftrain.envs.browser.env:BrowserEnv", "selftrain.envs.browser.env:BrowserVectorEnv"),
    "SelfTrain-Lab-v0": ("selftrain.envs.lab.env:LabEnv", "selftrain.envs.lab.env:LabVectorEnv"),
    "SelfTrain-LabPixels-v0": (
        "selftrain.envs.lab.numeric:LabPixelsEnv",
        "selftrain.envs.lab.many_days:LabPixelsVectorEnv",
    ),
    "SelfTrain-LabFeatures-v0": (
        "selftrain.envs.lab.numeric:LabFeaturesEnv",
        "selftrain.envs.lab.many_days:LabFeaturesVectorEnv",
    ),
    "SelfTrain-LabBench-v0": ("selftrain.envs.lab.bench:LabBenchEnv", "selftrain.envs.lab.bench:LabBenchVectorEnv"),
    "SelfTrain-Courier-v0": ("selftrain.envs.memory.entry:courier", "selftrain.envs.memory.entry:courier_vector"),
    "SelfTrain-KeyRing-v0": ("selftrain.envs.memory.entry:keyring", "selftrain.envs.memory.entry:keyring_vector"),
    "SelfTrain-Relay-v0": ("selftrain.envs.memory.entry:relay", "selftrain.envs.memory.entry:relay_vector"),
    "SelfTrain-Rulebook-v0": ("selftrain.envs.memory.entry:rulebook", "selftrain.envs.memory.entry:rulebook_vector"),
}


def register_envs() -> None:
    """Register every id with Gymnasium; doing so twice changes nothing."""
    for env_id, (entry_point, vector_entry_point) in ENVIRONMENTS.items():
        if env_id not in gym.registry:
            gym.register(env_id, entry_point=entry_point, vector_entry_point=vector_entry_point)


def register_packs() -> None:
    """Register the ids that packs bring along, where there are packs; a broken one is left out.

    What they are is for a higher layer to say, which is imported by name and only then. Whatever goes wrong in it is
    told by `selftrain pack list`: nobody's pack may break `import selftrain`.
    """
    try:
        if os.environ.get("SELFTRAIN_PACKS") or importlib.metadata.entry_points(group="selftrain.packs"):
            importlib.import_module("selftrain.envs.packs.registering").register_packs()
    except Exception as error:  # packs are anybody's code; `selftrain pack list` says what is wrong
        _log.info("no packs: %r", error)
