"""The same days in the same labs, with a senior who explains and with one who gives bare labels.

The learner is scripted and never guesses where it could know: it reads the measures of a cell as an expert does, keeps
what it heard as the exact belief over all conventions that a lab could have, answers what is more likely, and asks
where it is least sure. What differs between the arms is only what it is told, and how often.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import gymnasium as gym
import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from selftrain.envs.lab.bounds import Bounds, mean_bounds
from selftrain.envs.lab.conventions import Belief, Scope
from selftrain.envs.lab.day import DAYS, Atom
from selftrain.envs.lab.labs import find_lab
from selftrain.envs.lab.measured import MEASURES, recognise

ENV = "selftrain:SelfTrain-LabFeatures-v0"
NO, YES, ASK = 0, 1, 2
UNSURE = 0.3  # how near to even the odds must be for a question, at the least


@dataclass(frozen=True)
class Arm:
    """What the senior says, and when: after `questions`, or after every answer."""

    feedback: str
    questions: int | None

    @property
    def name(self) -> str:
        """For tables and plots."""
        if self.feedback == "none":
            return "none"
        return f"{self.feedback}, {'every answer' if self.questions is None else f'{self.questions} questions'}"


@dataclass(frozen=True)
class Played:
    """A day: which answers were right, whether the exam was passed, and the bits learned of the lab."""

    right: tuple[bool, ...]
    accuracy: float
    reward: float
    bits: float


class Learner:
    """Learns one lab from what it is shown and told."""

    def __init__(self, scope: Scope, questions: int) -> None:
        self.belief, self.questions = Belief(scope), questions
        self.known = self.belief.bits

    def act(self, observation: npt.NDArray[np.float32]) -> int:
        """What is more likely; or a question, where that is hardly more likely."""
        self.cell = recognise(observation[None, : len(MEASURES)])
        likely = float(self.belief.likely(self.cell)[0])
        if self.questions and abs(likely - 0.5) < UNSURE:
            self.questions -= 1
            return ASK
        return YES if likely >= 0.5 else NO

    def hear(self, codes: str) -> None:
        """Take in what was said of the last cell, atom by atom."""
        for code in codes.split():
            kind, about, *least = code.split(":")
            Atom(kind, about, float(least[0]) if least else 0.0).tell(self.belief, self.cell)


def play(env: gym.Env[Any, Any], task: str, learner: Learner) -> Played:
    """A day from its start to its end."""
    observation, _ = env.reset(options={"task": task})
    oracle, answers, over = env.get_wrapper_attr("task").oracle, list[int](), False
    reward, info = 0.0, dict[str, Any]()
    while not over:
        action = learner.act(observation)
        if action != ASK:
            answers.append(action)
        observation, reward, over, _, info = env.step(action)
        learner.hear(info["feedback"])
    right = tuple((answer == YES) == said.endswith("yes") for answer, said in zip(answers, oracle, strict=True))
    return Played(right, float(info["accuracy"]), float(reward), learner.known - learner.belief.bits)


def run(arm: Arm, level: int, length: int, labs: Sequence[int], seed: int) -> list[Played]:
    """One day in each lab; the seed says which day, alike for all arms."""
    played = []
    with gym.make(ENV, length=length, feedback=arm.feedback, questions=arm.questions) as env:
        for number in labs:
            learner = Learner(find_lab("test", number, level).scope, arm.questions or 0)
            played.append(play(env, f"lab-day/test/{level}/{number * DAYS + seed}", learner))
    return played


@dataclass(frozen=True)
class Row:
    """An arm over all labs and seeds."""

    arm: str
    accuracies: tuple[float, ...]
    passed: float
    bits: float
    course: tuple[float, ...]


def summed_up(arm: Arm, seeds: Sequence[list[Played]]) -> Row:
    """The means; accuracies one for each seed."""
    days = [day for days in seeds for day in days]
    return Row(
        arm.name,
        tuple(float(np.mean([day.accuracy for day in days])) for days in seeds),
        float(np.mean([day.reward for day in days])),
        float(np.mean([day.bits for day in days])),
        tuple(np.mean([day.right for day in days], axis=0).tolist()),
    )


def table(rows: Sequence[Row], bounds: Bounds, length: int) -> Table:
    """One row an arm."""
    shots = ", ".join(f"{number} labels {value:.3f}" for number, value in bounds.shots.items())
    shown = Table(
        *("feedback", "exam accuracy", "least seed", "normalised", "passed", "bits learned"),
        title=f"days of {length} things, the same for every arm",
        caption=f"chance {bounds.chance:.3f}, majority {bounds.majority:.3f}, zero-shot {bounds.zero_shot:.3f}, "
        f"{shots}, rule {bounds.ceiling:.3f}; normalised: 0 is zero-shot, 1 is the rule",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for row in rows:
        mean = float(np.mean(row.accuracies))
        score = bounds.normalised(mean)
        numbers = (mean, min(row.accuracies), score, row.passed)
        shown.add_row(row.arm, *(f"{number:.3f}" for number in numbers), f"{row.bits:.2f}")
    return shown


def draw(rows: Sequence[Row], bounds: Bounds, path: Path) -> None:
    """The accuracy over the day, and in the exam with a dot for each seed."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), width_ratios=(3, 2), layout="constrained")
    for place, row in enumerate(rows):
        window = max(1, len(row.course) // 10)
        smooth = np.convolve(row.course, np.ones(window) / window, mode="valid")
        left.plot(np.arange(len(smooth)) + window, smooth, color=f"C{place}", label=row.arm)
        right.bar(place, np.mean(row.accuracies), 0.6, color=f"C{place}", alpha=0.35)
        right.scatter(np.full(len(row.accuracies), place), row.accuracies, 14, color=f"C{place}", zorder=3)
    for axes in (left, right):
        for place, (name, value) in enumerate(bounds.lines(*bounds.shots).items()):
            axes.axhline(value, color="black", linestyle=("--", "-.", ":")[place % 3], linewidth=0.8)
            axes.annotate(name, (0.01, value), xycoords=axes.get_yaxis_transform(), fontsize=7, va="bottom")
    left.set(
        xlabel="things seen", ylabel="share of right answers", title="over the day (running mean)", ylim=(0.45, 1.03)
    )
    left.legend(fontsize=8, loc="lower right")
    right.set(ylim=(0.45, 1.03), title="in the exam, a dot for each seed")
    right.set_xticks(range(len(rows)), [row.arm.replace(", ", "\n") for row in rows], fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def main(
    level: Annotated[int, typer.Option(min=1, max=5, help="how much labs differ")] = 4,
    length: Annotated[int, typer.Option(min=5, help="things in a day")] = 60,
    questions: Annotated[int, typer.Option(min=1, help="a day, where feedback is asked for")] = 5,
    labs: Annotated[int, typer.Option(min=1, help="how many, of the test split")] = 20,
    seeds: Annotated[int, typer.Option(min=1, help="days in each lab")] = 5,
    quick: Annotated[bool, typer.Option("--quick", help="few labs and short days: some seconds")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print results as JSON in place of the table")] = False,
    picture: Annotated[Path, typer.Option(help="the picture's file")] = Path("runs/verbal_or_label.png"),
) -> None:
    """Compare what a learner makes of remarks and of labels."""
    if quick:
        length, labs, seeds = 20, 6, 2
    arms = [Arm(feedback, number) for number in (questions, None) for feedback in ("verbal", "label")]
    arms.insert(0, Arm("none", None))
    rows = []
    for arm in arms:
        rows.append(summed_up(arm, [run(arm, level, length, range(labs), seed) for seed in range(seeds)]))
        Console(stderr=True).print(f"{arm.name}: {np.mean(rows[-1].accuracies):.3f}")
    bounds = mean_bounds([find_lab("test", number, level) for number in range(labs)], shots=(1, questions, 20))
    draw(rows, bounds, picture)
    if as_json:
        print(json.dumps({"bounds": asdict(bounds), "rows": [asdict(row) for row in rows]}, indent=2))
    else:
        Console().print(table(rows, bounds, length))
        print(f"picture: {picture}")


if __name__ == "__main__":
    typer.run(main)
