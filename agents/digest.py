"""What one episode record tells about cuts and notes, in the few numbers that the metrics are made of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from selftrain.agents.labs import LabResult
from selftrain.integrity import HoneypotResult
from selftrain.records import EpisodeRecord, Step

CUTS = ("voluntary", "forced", "every", "window")
# the heading under which a context budget shows what was waiting at a cut
LATEST_HEADING = "# Latest"
# terminals number their answers, which would make each of them unlike all others
_COUNTER = re.compile(r"\bstep \d+ of \d+")


@dataclass(frozen=True)
class Cut:
    """One replacement of the context.

    Attributes:
        trigger: "voluntary", "forced", "every" or "window".
        headroom: share of the budget that was free in the context in which the cut was made; None without a budget.
        notes: as delivered after it.
        tokens: of the notes.
    """

    trigger: str
    headroom: float | None
    notes: str
    tokens: int


@dataclass(frozen=True)
class Digest:
    """One valid episode.

    Attributes:
        mode: of the context budget; "" without one.
        ablation: what was delivered in place of notes; "own" for nothing.
        notes_budget: tokens that notes may have; 0 where nothing says.
        passed: see `EpisodeRecord.passed`.
        truncation: the limit that ended it; "" for none.
        tokens: of all prompts and messages.
        peak: of the longest prompt.
        env_steps: calls of the environment under the context budget.
        turns, invalid: messages of the agent, and those that could not be carried out.
        compactions: cuts, counted by the environment.
        cuts: each of them.
        rejected, clipped: notes that were too long.
        late_acts: steps of the environment after the first cut whose answer is known as a whole text.
        repeated: those of them whose action had been taken before the last cut.
        relearned: those of them whose answer had been seen for the same action before the last cut, too.
        lab: what it came to in a lab; None outside of labs.
        honeypot: what was done in a honeypot; None for an ordinary episode.
    """

    mode: str
    ablation: str
    notes_budget: int
    passed: bool
    truncation: str
    tokens: int
    peak: int
    env_steps: int
    turns: int
    invalid: int
    compactions: int
    cuts: tuple[Cut, ...]
    rejected: int
    clipped: int
    late_acts: int
    repeated: int
    relearned: int
    lab: LabResult | None = None
    honeypot: HoneypotResult | None = None

    @classmethod
    def of(cls, record: EpisodeRecord) -> Self:
        """The digest of a valid record."""
        steps = record.steps
        opening = record.segments[0].info if record.segments else {}
        infos = [opening, *(step.info for step in steps)]
        overflows = [info.get("notes_overflow", "") for info in infos]
        repetition = _Repetition()
        for step in steps:
            repetition.take(step)
        return cls(
            mode=_mode(record.context),
            ablation=str(record.context.get("ablation", record.env_kwargs.get("ablation", "own"))),
            notes_budget=int(record.context.get("notes_budget", 0)),
            passed=record.passed,
            truncation=(record.truncation or "limit") if record.truncated else "",
            tokens=int(infos[-1].get("tokens", record.costs.tokens)),
            peak=max(int(info.get("ctx_tokens", 0)) for info in infos),
            env_steps=int(infos[-1].get("env_steps", len(steps))),
            turns=len(steps),
            invalid=sum(step.info.get("verb") == "invalid" for step in steps),
            compactions=int(infos[-1].get("compactions", record.costs.compactions)),
            cuts=tuple(_cuts(opening, steps)),
            rejected=overflows.count("rejected"),
            clipped=overflows.count("clipped"),
            late_acts=repetition.late,
            repeated=repetition.repeated,
            relearned=repetition.relearned,
            lab=LabResult.of(record),
            honeypot=HoneypotResult.of(record),
        )


def _mode(context: Mapping[str, Any]) -> str:
    return str(context.get("mode", "rewrite")) if context else ""


def _cuts(opening: Mapping[str, Any], steps: tuple[Step, ...]) -> Iterator[Cut]:
    before = opening
    for step in steps:
        info, budget = step.info, before.get("budget", 0)
        if info.get("trigger") in CUTS:
            headroom = before["budget_left"] / budget if budget else None
            yield Cut(info["trigger"], headroom, str(info.get("notes", "")), int(info.get("notes_tokens", 0)))
        before = info


class _Repetition:
    """Finds steps of the environment that were taken, and answers that were seen, before the last cut already."""

    def __init__(self) -> None:
        self.late = self.repeated = self.relearned = 0
        self._actions: set[str] = set()
        self._exchanges: set[tuple[str, str]] = set()
        self._since_cut: list[tuple[str, str]] = []
        self._cuts = 0
        self._waiting = ""

    def take(self, step: Step) -> None:
        """Take in the next step of the episode."""
        cut = step.info.get("trigger") in CUTS
        if step.info.get("verb") == "act":
            self._waiting = json.dumps(step.action)
        exchange = None
        if self._waiting and step.info.get("phase") != "must_compact":
            text, action, self._waiting = _last_message(step.observation), self._waiting, ""
            if text is not None and not step.info.get("clipped"):
                exchange = (action, _COUNTER.sub("step", _latest(text)))
                self._judge(*exchange)
        if cut:
            self._forget()
        if exchange:
            self._since_cut.append(exchange)
            if cut:  # the action lies before it, the answer stands in the context that has just begun
                self._actions.add(exchange[0])

    def _judge(self, action: str, answer: str) -> None:
        if self._cuts:
            self.late += 1
            self.repeated += action in self._actions
            self.relearned += (action, answer) in self._exchanges

    def _forget(self) -> None:
        self._cuts += 1
        self._actions |= {action for action, _ in self._since_cut}
        self._exchanges |= set(self._since_cut)
        self._since_cut = []


def _last_message(observation: Any) -> str | None:
    messages = observation.get("messages") if isinstance(observation, Mapping) else None
    return str(messages[-1]["content"]) if messages else None


def _latest(text: str) -> str:
    """What was waiting at a cut, or inside what a branch returned at one; any other message as it is."""
    return text.rpartition(f"\n{LATEST_HEADING}\n")[2]
