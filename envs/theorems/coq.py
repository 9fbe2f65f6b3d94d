"""Coq as a prover: tactics only, a session that stays, a judgement that starts from nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from selftrain.envs.theorems import coq_judge, coq_screen
from selftrain.envs.theorems.coq_lexer import Script, Sentence, read_script
from selftrain.envs.theorems.coq_session import CoqSession
from selftrain.envs.theorems.prover import RunCase, Session
from selftrain.envs.theorems.theorem import Statement
from selftrain.errors import MissingToolError, OptionError, TaskError
from selftrain.sandboxes import Sandbox
from selftrain.verdicts import Check

_KINDS = "Theorem|Lemma|Proposition|Corollary|Remark|Fact|Example"
_STATES = re.compile(rf"(?:{_KINDS}|Goal)\b")
_BEGINS = re.compile(rf"^[ \t]*(?=(?:{_KINDS})\s)", re.MULTILINE)
_THEOREM = re.compile(rf"(?:{_KINDS}) (?P<name>[^\W\d][\w']*)(?P<rest>.*)\.", re.DOTALL)
_NAME = re.compile(r"[^\W\d][\w']*")
_OPENS_SECTION, _CLOSES_SECTION = re.compile(r"(?:Section|Module)\b(?!.*:=)"), re.compile(r"End\b")
_AXIOMS = re.compile(r"\(\*\s*axioms:((?:\s+[\w.']+)+)\s*\*\)")
_AFTER_STATEMENT = {"Proof.", "Admitted.", "Abort.", "admit."}
_OPENS, _CLOSES = "Proof.", ("Qed.", "Defined.")


class Coq:
    """See `Prover`. Version 8.16.1 is the one that is tested."""

    name = "coq"
    tools = ("coqtop", "coqc")
    install = "apt-get install coq"
    whole = "from `Proof.` to `Qed.`"
    hint = (
        "State helper lemmas with `assert`. "
        "`Search`, `Check`, `About`, `Print` and `Locate`, in a message of their own, are answered and change nothing."
    )

    def body(self, script: str) -> tuple[str, bool]:
        """See `Prover`: what is between `Proof.` and `Qed.`, either of which may be left out."""
        parts = [sentence.text for sentence in read_script(script).sentences]
        if parts and _STATES.match(parts[0]):
            raise OptionError("the theorem is stated already; send its proof alone, from Proof. to Qed.")
        if not parts or (parts[0] != _OPENS and parts[-1] not in _CLOSES):
            return script, False
        whole = parts[0] == _OPENS
        kept = parts[whole : len(parts) - (parts[-1] in _CLOSES)]
        return "\n".join(kept), whole

    def screen(self, script: str) -> str:
        """See `Prover`."""
        return coq_screen.screen(script)

    def read_statement(self, path: Path) -> Statement:
        """See `Prover`: a file that ends with `Theorem name : proposition.`, with or without an empty proof.

        A comment `(* axioms: Classical_Prop.classic mine *)` lists axioms that a proof may rest on: of libraries as
        Coq's `Print Assumptions` names them, of the file itself by their names.
        """
        try:
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise TaskError(f"{path} cannot be read: {error}") from error
        for begin in reversed([match.end() for match in _BEGINS.finditer(text)]):
            end = read_script(text[begin:])
            # a comment may hold another one
            if not end.fault and {sentence.text for sentence in end.sentences[1:]} <= _AFTER_STATEMENT:
                name, proposition = _split(end.sentences[0], path)
                axioms = tuple(axiom for found in _AXIOMS.finditer(text) for axiom in found[1].split())
                return Statement(proposition, text[:begin].strip(), name, axioms)
        raise TaskError(f"{path} does not end with a statement such as Theorem name : forall n : nat, n + 0 = n.")

    def open(self, sandbox: Sandbox, statement: Statement) -> Session:
        """See `Prover`."""
        _require_form(statement)
        if sandbox.run("type -P coqtop").exit_code:
            raise MissingToolError(
                f"The sandbox has no coqtop on PATH. Get it: {self.install}; or an image: selftrain images build math"
            )
        return CoqSession(sandbox, statement)

    def judge(self, statement: Statement, proof: str, run: RunCase, seconds: float) -> Sequence[Check]:
        """See `Prover`."""
        _require_form(statement)
        return coq_judge.judge(statement, proof, run, seconds)


def _require_form(statement: Statement) -> None:
    """Raise `TaskError` for texts that would not stay in their places between ours."""
    preamble, proposition = read_script(statement.preamble), read_script(statement.proposition)
    if _NAME.fullmatch(statement.name) is None:
        fault = f"the name {statement.name!r} is no identifier"
    elif preamble.fault or not all(sentence.whole for sentence in preamble.sentences):
        fault = f"its preamble is cut short: {preamble.fault or 'the last sentence does not end with a full stop'}"
    elif _count(_OPENS_SECTION, preamble) > _count(_CLOSES_SECTION, preamble):
        fault = "its preamble leaves a Section or Module open; close it before the statement"
    elif proposition.fault or len(proposition.sentences) != 1 or proposition.sentences[0].whole:
        fault = f"its proposition must be one term without a full stop, not {statement.proposition!r}"
    else:
        return
    raise TaskError(f"Coq refuses the statement {statement.name!r}: {fault}")


def _count(pattern: re.Pattern[str], script: Script) -> int:
    return sum(pattern.match(sentence.text) is not None for sentence in script.sentences)


def _split(sentence: Sentence, path: Path) -> tuple[str, str]:
    """Name and proposition of a sentence that states a theorem; its parameters become a `forall`."""
    match = _THEOREM.fullmatch(sentence.text)
    if match is None:
        raise TaskError(f"{path}: {sentence.text!r} does not read Theorem name : proposition.")
    depth, rest = 0, match["rest"]
    for at, mark in enumerate(rest):
        depth += (mark in "([{") - (mark in ")]}")
        if mark == ":" and depth == 0:
            parameters, proposition = rest[:at].strip(), rest[at + 1 :].strip()
            return match["name"], f"forall {parameters}, {proposition}" if parameters else proposition
    raise TaskError(f"{path}: {sentence.text!r} does not read Theorem name : proposition.")
