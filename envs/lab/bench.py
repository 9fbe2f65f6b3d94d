"""The terminal environment over a lab's slides: pictures in files, and sealed ones whose answers are graded."""

from __future__ import annotations

from typing import Any, ClassVar

from selftrain.envs.families.lab_bench import SealedVerifier
from selftrain.envs.task_env import Episode
from selftrain.envs.task_sandbox import built_image, open_task_sandbox
from selftrain.envs.terminal import Terminal, TerminalEnv
from selftrain.envs.vector import TaskVectorEnv
from selftrain.evidence import Evidence
from selftrain.sandboxes import Result, make_backend
from selftrain.tasks import Task
from selftrain.verdicts import Verdict

IMAGE = "lab"


class LabBenchEnv(TerminalEnv):
    """A lab's slides for an agent with tools.

    ## Description
    As `TerminalEnv`, with the slides of a day in one lab as PNG files, labels of some, remarks of the senior on others
    and the lab's protocol, and with sealed slides whose labels are nowhere in the sandbox. The agent may look, measure,
    and train a classifier of its own; it leaves its answers in a table, and is paid when nine in ten are right. Which
    borderline cells count is the lab's own convention, so that what was learned in another lab falls short here.

    ## Action Space, Observation Space, Starting State, Episode End
    Those of `TerminalEnv`. `info` has `lab` besides; after the last step also `accuracy` on the sealed slides,
    `zero_shot` (the accuracy of the best answers that know what each thing is, and nothing of this lab) and `ceiling`
    (that of the lab's rule, 1.0), from which reports compute the normalised score
    (accuracy - zero_shot) / (ceiling - zero_shot).

    ## Rewards
    1.0 once, at the end, when at least 0.9 of the sealed slides are answered right, else 0.0. Known bounds of the
    accuracy: a coin 0.5, always no 0.6 (the majority), calling every macrophage one 0.7, the best answers without
    knowing the lab 0.74 to 0.79 by level, the lab's rule 1.0. A ridge regression on some 40 measurements, fitted in the
    sandbox to the slides with labels alone, got 0.77 (mean of twelve labs). The sealed slides are drawn in the same
    shares in every lab, so that chance and majority are the same in each.

    ## Arguments
    Those of `TerminalEnv`. The image on docker is "lab", which has numpy and Pillow; bubblewrap takes what this
    system's python3 has, which `selftrain doctor` tells.

    ## Version History
    - v0: the first.
    """

    pool: ClassVar[tuple[str, ...]] = ("lab-bench",)

    def _open(self, task: Task) -> Terminal:
        backend = make_backend(self._backend)
        return Terminal(backend, open_task_sandbox(backend, task, built_image(backend, task, self._image, IMAGE)))

    def _verify(self, episode: Episode[Terminal]) -> tuple[Evidence, Verdict]:
        evidence, verdict = super()._verify(episode)
        verifier, about = episode.task.verifier, episode.task.metadata
        if isinstance(verifier, SealedVerifier):  # any terminal task can be played here
            lines = {name: float(about[name]) for name in ("zero_shot", "ceiling")}
            episode.info |= {"accuracy": verifier.accuracy(evidence), **lines}
        return evidence, verdict

    def _facts(self, episode: Episode[Terminal], result: Result, missing: int) -> dict[str, Any]:
        backend, task = episode.place.backend, episode.task
        image = built_image(backend, task, self._image, IMAGE) or backend.default_image
        return {
            **super()._facts(episode, result, missing),
            "image": image,
            "lab": str(task.metadata.get("lab", "")),
        }


class LabBenchVectorEnv(TaskVectorEnv):
    """`LabBenchEnv` times `num_envs`, stepped from one process."""

    env_class = LabBenchEnv
