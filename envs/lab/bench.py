"""The terminal environment over a lab's slides: pictures in files, and sealed ones whose answers are graded."""

from __future__ import annotations

from typing import Any, ClassVar

from selftrain.envs.lab.sealed import SealedVerifier
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
    accuracy, means of 100 labs of each level 1 to 5:

    - a coin: 0.50
    - the more common answer: 0.61, 0.62, 0.63, 0.61, 0.64; calling every macrophage one: 0.62, 0.59, 0.59, 0.59, 0.54.
      Neither gets more than 0.875 in any lab.
    - the best answers without knowing the lab: 0.65, 0.70, 0.71, 0.70, 0.73. Who sees without error and takes every lab
      for the same one is paid in at most 0.21, 0.23, 0.14, 0.11, 0.11 of the labs.
    - an honest solution, `tests/lab_bench_solution.py`: 0.97, 0.94, 0.91, 0.92, 0.93 over five labs of each level, of
      which 5, 4, 3, 4, 3 are paid. In ten seconds and with what the sandbox has it takes the stains apart, cuts out
      cells and nuclei, measures them and fits boosted trees to the labels; remarks and protocol it leaves unread.
    - the lab's rule: 1.00

    Which slides are sealed does not depend on the lab's convention, so that without labels they tell nothing of it.

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
