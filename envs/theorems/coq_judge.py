"""The judgement of Coq proofs: statement, submission and judgement are compiled apart, each in its own sandbox.

    Spec.v     trusted   the preamble, and the proposition under a name that cannot be guessed
    Sub.v                a theorem with the submitted tactics as its proof
    Final.v    trusted   that theorem has that proposition as its type; what does it rest on?

Nothing but compiled files goes from one sandbox to the next, under a library name that cannot be guessed. What counts
is what the last one prints, where no tactic of the submission runs.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence

from selftrain.envs.theorems.coq_lexer import sentences
from selftrain.envs.theorems.coq_session import FLAGS, SETTINGS
from selftrain.envs.theorems.prover import RunCase
from selftrain.envs.theorems.theorem import Statement
from selftrain.errors import TaskError, VerifierError
from selftrain.verdicts import CaseInput, CaseOutput, Check

_FOLDER = "/tmp/judgement"
_CLOSED = "Closed under the global context"
# libraries that take most of the time that a statement takes, and the part of them that most statements need
_LIGHTER = {"Lia": "", "ZArith": "ZArith_base", "Arith": "PeanoNat"}
_LOADS = re.compile(r"(?:From\s+\S+\s+)?Require\b")
# what a library does not hand on to those that import it
_LOCAL = re.compile(r"(?:Import|Export|Open|Close|Set|Unset|Local|#\[\s*local)\b")
_LONGEST_WHY = 300
_KILLED = 137
_ADMITTED, _PROVES, _RESTS = "Coq accepts the proof", "it proves the statement", "it rests on nothing else"


def judge(statement: Statement, proof: str, run: RunCase, seconds: float) -> Sequence[Check]:
    """See `Prover.judge`."""
    library, proposition = f"L{secrets.token_hex(8)}", f"stmt_{secrets.token_hex(8)}"
    spec = _specification(statement, library, proposition, run, seconds)
    output, sub = _compile("Sub", _submission(statement, proof, library), {"Spec": spec}, library, run, seconds)
    if not sub:
        return [Check(_ADMITTED, False, _why(output, library))]
    text = (
        f"Require {library}.Spec {library}.Sub.\n"
        # @: where the preamble sets implicit arguments, the name alone would be an application
        f"Definition final : {library}.Spec.{proposition} := @{library}.Sub.{statement.name}.\n"
        "Print Assumptions final.\n"
    )
    output, final = _compile("Final", text, {"Spec": spec, "Sub": sub}, library, run, seconds)
    checks = [Check(_ADMITTED, True), Check(_PROVES, bool(final), "" if final else _why(output, library))]
    if not final:
        return checks
    others = rests_on(output.stdout, statement.axioms)
    return [*checks, Check(_RESTS, not others, f"it rests on {others}" if others else "")]


def rests_on(printed: bytes, admitted: Sequence[str]) -> str:
    """What `Print Assumptions` found besides the axioms in `admitted`, "" for nothing.

    Any line that is not known to be harmless counts as a finding.
    """
    lines = printed.decode("utf-8", "replace").rstrip("\n").split("\n")
    if lines == [_CLOSED]:
        return ""
    # an indented line goes on with the type of the axiom above it
    found = [line for line in lines if not line.startswith("  ")]
    if found[:1] != ["Axioms:"] or len(found) < 2:
        return found[0][:_LONGEST_WHY] or "what it does not say"
    others = [line for line in found[1:] if not _is_admitted(line.partition(" ")[0], admitted)]
    return ", ".join(others)[:_LONGEST_WHY]


def _is_admitted(name: str, admitted: Sequence[str]) -> bool:
    """Coq prints the shortest end of a full name that is not ambiguous, and ours of the preamble below `Spec`."""
    if name.startswith("Spec."):
        return name.removeprefix("Spec.") in admitted
    return "." in name and any(axiom == name or axiom.endswith(f".{name}") for axiom in admitted)


def _specification(statement: Statement, library: str, proposition: str, run: RunCase, seconds: float) -> bytes:
    """The statement, compiled."""
    definition = f"Definition {proposition} : Prop := {statement.proposition}.\n"
    light = "\n".join(_lighter(sentences(statement.preamble)))
    for preamble in dict.fromkeys((light, statement.preamble)):
        output, spec = _compile("Spec", f"{preamble}\n{definition}", {}, library, run, seconds)
        if spec:
            return spec
    if output.lost or output.exit_code == _KILLED:
        raise VerifierError(f"the sandbox does not hold the statement {statement.name!r}: {_why(output, library)}")
    said = _message(output, library).replace(proposition, statement.name)
    raise TaskError(f"Coq refuses the statement {statement.name!r}: {said or 'it takes too long'}")


def _lighter(preamble: Sequence[str]) -> Iterator[str]:
    """The preamble with small libraries in place of large ones, which few statements are about.

    The theorem of the submission is stated with the whole preamble, so where this made a difference, the two would not
    agree.
    """
    for sentence in preamble:
        loads = _LOADS.match(sentence)
        words = [_LIGHTER.get(word, word) for word in sentence.removesuffix(".").split()] if loads else []
        if not loads:
            yield sentence
        elif (kept := list(filter(None, words)))[-1] not in ("Require", "Import", "Export"):
            yield " ".join(kept) + "."


def _submission(statement: Statement, proof: str, library: str) -> str:
    preamble = sentences(statement.preamble)
    loads = [sentence for sentence in preamble if _LOADS.match(sentence)]
    local = [sentence for sentence in preamble if _LOCAL.match(sentence)]
    begin = [*loads, f"Require Import {library}.Spec.", *local]
    theorem = f"Theorem {statement.name} : {statement.proposition}."
    return "\n".join([*begin, theorem, "Proof.", *sentences(proof), "Qed.", ""])


def _compile(
    name: str, text: str, compiled: Mapping[str, bytes], library: str, run: RunCase, seconds: float
) -> tuple[CaseOutput, bytes]:
    """Compile one file beside others that are compiled; returns b"" for a file that Coq refuses."""
    path = f"{_FOLDER}/{name}.vo"
    files = {f"{_FOLDER}/{other}.vo": data for other, data in compiled.items()}
    files[f"{_FOLDER}/{name}.v"] = text.encode()
    output = run(
        CaseInput(
            f"{SETTINGS} exec coqc {FLAGS} -noglob -R . {library} {name}.v",
            files=files,
            seconds=seconds,
            reads=(path,),
            workdir=_FOLDER,
        )
    )
    good = output.exit_code == 0 and not output.timed_out and not output.lost
    return output, (output.files.get(path) or b"") if good else b""


def _why(output: CaseOutput, library: str) -> str:
    if output.lost:
        return "killed_verifier"
    if output.timed_out:
        return "timeout"
    if output.exit_code == _KILLED:
        return "out of memory"
    return _message(output, library)[:_LONGEST_WHY] or f"Coq ended with exit code {output.exit_code}"


def _message(output: CaseOutput, library: str) -> str:
    """What Coq complained of, on one line, without the names that only the judgement uses."""
    said = output.stderr.decode("utf-8", "replace").replace(f"{library}.", "")
    return " ".join(re.sub(r'^File ".*\n', "", said, flags=re.MULTILINE).split())
