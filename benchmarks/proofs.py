"""How fast Coq answers in a sandbox, beside coqtop over a pipe, and how fast the clean room judges, beside plain coqc.

    python benchmarks/proofs.py --quick
    python benchmarks/proofs.py --json figures.json

One run measures everything, and subjects take turns, so that whatever else the machine does hits them alike. A step is
one sentence and the goals after it, on a prover that is warm. A judgement is the whole of it: sandboxes, statement,
submission, judgement. Figures are medians in milliseconds of the clock.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Annotated, Any

import rich
import typer
from rich.table import Table

from selftrain.envs.clean_room import SandboxCleanRoom
from selftrain.envs.theorems.coq import Coq
from selftrain.envs.theorems.coq_lexer import sentences
from selftrain.envs.theorems.coq_session import FLAGS, CoqSession
from selftrain.envs.theorems.families import theorem_families
from selftrain.envs.theorems.theorem import Statement, Theorem
from selftrain.envs.theorems.verifier import PROOF, ProofVerifier
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.sandboxes import SandboxSpec, make_backend, make_sandbox
from selftrain.tasks import Task

STEP_GOAL_MS, JUDGEMENT_GOAL_MS, LEVEL = 40.0, 1000.0, 3
INDUCTION = Theorem(
    Statement("forall n m : nat, n + m = m + n"),
    "Addition commutes.",
    "intros n m. induction n as [|n IH]. - simpl. induction m as [|m IH]. + reflexivity. + simpl. rewrite <- IH. "
    "reflexivity. - simpl. rewrite IH. apply plus_n_Sm.",
)
LINEAR = Theorem(
    Statement("forall a b c : nat, a <= b -> b < c -> 2 * a < 2 * c", "From Coq Require Import Lia."),
    "A linear inequality.",
    "intros a b c H1 H2. assert (H3 : a < c). { lia. } destruct a as [|a]. - lia. - lia.",
)


@dataclass
class Figure:
    """One subject beside its yardstick: medians, the slowest, and the ratio of the medians."""

    what: str
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    goal_ms: float = STEP_GOAL_MS

    def as_dict(self) -> dict[str, Any]:
        """Plain types."""
        ours, theirs = statistics.median(self.ours), statistics.median(self.theirs)
        return {
            "what": self.what,
            "count": len(self.ours),
            "median_ms": round(ours, 2),
            "slowest_ms": round(max(self.ours), 2),
            "beside_ms": round(theirs, 2),
            "ratio": round(ours / theirs, 2),
            "goal_ms": self.goal_ms,
            "goal_met": ours <= self.goal_ms,
        }


class Pipe:
    """The yardstick: coqtop on this machine, fed through a pipe, without a sandbox."""

    def __init__(self, statement: Statement) -> None:
        command = ["coqtop", *FLAGS.split(), "-emacs", "-color", "no"]
        self._process = subprocess.Popen(
            command,
            cwd=tempfile.gettempdir(),  # lia leaves a file where it runs
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._wait(1)
        for sentence in (*sentences(statement.preamble), f"Theorem {statement.name} : {statement.proposition}."):
            self.ask(sentence, 1)

    def ask(self, text: str, prompts: int) -> None:
        """Send `text` and wait for that many prompts."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n".encode())
        self._process.stdin.flush()
        self._wait(prompts)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _wait(self, prompts: int) -> None:
        stream: IO[bytes] | None = self._process.stderr
        assert stream is not None
        seen = b""
        while seen.count(b"</prompt>") < prompts:
            seen += os.read(stream.fileno(), 65536)


def timed(action: Callable[..., Any], *arguments: Any) -> float:
    """Milliseconds that a call takes."""
    began = time.perf_counter()
    action(*arguments)
    return (time.perf_counter() - began) * 1e3


def steps(name: str, theorem: Theorem, rounds: int) -> list[Figure]:
    """Sentence by sentence, and the proof at once."""
    single, whole = Figure(f"a sentence, {name}"), Figure(f"a whole proof, {name}")
    sandbox = make_sandbox(spec=SandboxSpec(tools=Coq.tools))
    session, pipe = CoqSession(sandbox, theorem.statement), Pipe(theorem.statement)
    script = sentences(theorem.proof)
    for _ in range(rounds):
        for sentence in script:
            single.ours.append(timed(session.run, sentence, 30))
            single.theirs.append(timed(pipe.ask, f"{sentence}\nShow.", 2))
        assert session.done
        session.undo(len(script))
        pipe.ask("Restart.", 1)
        whole.ours.append(timed(session.run, theorem.proof, 30))
        whole.theirs.append(timed(pipe.ask, "\n".join([*script, "Show."]), len(script) + 1))
        session.undo(len(script))
        pipe.ask("Restart.", 1)
    pipe.close()
    sandbox.close()
    return [single, whole]


def compile_plainly(theorem: Theorem, folder: Path) -> None:
    """The yardstick of a judgement: statement and proof in one file, compiled on this machine without a sandbox."""
    statement = theorem.statement
    text = f"{statement.preamble}\nTheorem {statement.name} : {statement.proposition}.\nProof.\n{theorem.proof}\nQed.\n"
    (folder / "plain.v").write_text(text)
    subprocess.run(["coqc", *FLAGS.split(), "plain.v"], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def judgements(name: str, theorems: Sequence[Theorem]) -> Figure:
    """Judge each, and compile each plainly."""
    figure = Figure(f"a judgement, level {LEVEL}, {name}", goal_ms=JUDGEMENT_GOAL_MS)
    room = SandboxCleanRoom(make_backend())

    def judge(theorem: Theorem) -> None:
        verifier = ProofVerifier(theorem.statement)
        evidence = Evidence({PROOF: EvidenceFile(theorem.proof.encode())})
        verdict = verifier.verify(evidence, Task("", verifier, tools=Coq.tools), room)
        assert verdict.passed, verdict.why

    judge(INDUCTION)  # the first one starts the pool of sandboxes
    with tempfile.TemporaryDirectory() as folder:
        for theorem in theorems:
            figure.ours.append(timed(judge, theorem))
            figure.theirs.append(timed(compile_plainly, theorem, Path(folder)))
    return figure


def measured(rounds: int, seeds: int, every: int) -> list[Figure]:
    """All figures; judgements are of one in `every` families, told apart by whether they load `lia`, which is slow."""
    import numpy as np

    families = [family for family in theorem_families().values() if family.prover == "coq"][::every]
    drawn = [family.make(np.random.default_rng([LEVEL, seed]), LEVEL) for seed in range(seeds) for family in families]
    found = [*steps("by induction", INDUCTION, rounds), *steps("with lia loaded", LINEAR, rounds)]
    together = Figure(f"a judgement, level {LEVEL}, all of them", goal_ms=JUDGEMENT_GOAL_MS)
    for name, loads in (("without lia", False), ("with lia", True)):
        part = judgements(name, [theorem for theorem in drawn if ("Lia" in theorem.statement.preamble) == loads])
        together.ours += part.ours
        together.theirs += part.theirs
        found += [part] if part.ours else []
    found.append(together)
    return found


def table(figures: Sequence[dict[str, Any]]) -> Table:
    """The figures, with their ratios and goals."""
    shown = Table("subject", "measured", "median", "slowest", "coqtop or coqc alone", "ratio", "goal")
    for figure in figures:
        word, color = ("met", "green") if figure["goal_met"] else ("missed", "red")
        shown.add_row(
            figure["what"],
            f"{figure['count']}",
            f"{figure['median_ms']:.1f} ms",
            f"{figure['slowest_ms']:.1f} ms",
            f"{figure['beside_ms']:.1f} ms",
            f"{figure['ratio']:.2f}x",
            f"[{color}]≤ {figure['goal_ms']:.0f} ms {word}[/]",
        )
    return shown


def main(
    quick: Annotated[bool, typer.Option(help="Fewer rounds and theorems: under a minute.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file as well.")] = None,
) -> None:
    """Measure steps and judgements on this machine, in one run."""
    if shutil.which("coqc") is None:
        raise SystemExit(f"Coq is not installed. Get it: {Coq.install}")
    figures = [figure.as_dict() for figure in measured(*((3, 1, 3) if quick else (25, 4, 1)))]
    rich.print(table(figures))
    if json_file is not None:
        machine = {"cpus": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}
        found = {"machine": machine | {"load": os.getloadavg()}, "figures": figures}
        json_file.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
