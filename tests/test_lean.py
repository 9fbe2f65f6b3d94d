"""Lean as a prover: the screen, the session and the judge.

No registry holds a Lean toolchain, so most of this drives `fake_lean.py`, whose docstring says what it stands in for.
The last tests run a real `lean` where one is found on the path of a sandbox.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selftrain.envs.theorems.lean import PROJECT_VARIABLE, Lean, LeanSession
from selftrain.envs.theorems.lean_judge import rests_on
from selftrain.envs.theorems.lean_run import command, messages, split_preamble
from selftrain.envs.theorems.lean_screen import COMMANDS, UNSOUND, blocks, screen, without_comments
from selftrain.envs.theorems.prover import make_prover
from selftrain.envs.theorems.theorem import Statement
from selftrain.errors import MissingToolError, OptionError, TaskError
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.sandboxes import Sandbox, SandboxSpec, make_sandbox
from selftrain.verdicts import CaseInput, CaseOutput, Check

FAKE = Path(__file__).with_name("fake_lean.py")
PAIR = Statement("True ∧ 1 = 1", name="pair")
WITH_AXIOM = Statement("P", "axiom anything : P\n\nopen Nat\n", "from_an_axiom")

HONEST = r"""
intro h; exact h
simp
omega
intro n; induction n with | zero => rfl | succ n ih => simp [ih, Nat.add_comm]
constructor <;> intro h <;> simp_all
obtain ⟨x, hx⟩ := h; exact ⟨x, by simpa using hx⟩
rcases h with h | h; · left; exact h; · right; exact h
have h₁ : a ≤ b := by linarith; exact h₁.trans h₂
calc a = b := by rw [h] _ = c := by ring
rw [← Nat.add_assoc, Nat.mul_comm x y] at *
refine ⟨fun x => x + 1, ?_⟩
exact fun ⟨a, b⟩ => ⟨b, a⟩
by_contra hne; push_neg at hne; exact absurd rfl hne
decide
norm_num [Finset.sum_range_succ]
nlinarith [sq_nonneg (a - b), mul_pos ha hb]
rintro x ⟨y, rfl⟩; use y⁻¹; field_simp
cases' h with a b; aesop
unfold f; split; all_goals simp; next h => exact h
apply Nat.le_of_lt_succ; show n < m.succ; exact Nat.lt_succ_of_le ‹n ≤ m›
""".strip().split("\n")
REFUSED = (
    ("sorry", "sorry"),
    ("exact sorryAx _ false", "sorryAx"),
    ("admit", "admit"),
    ("native_decide", "native_decide"),
    ("decide +native", "native"),
    ("decide +kernel", "kernel"),
    ("simp (config := { decide := true }) -- fine\naxiom x : False", "axiom"),
    ("trivial theorem goal : True", "theorem"),
    ("trivial /- a /- b -/ -/ unsafe def x := 1", "unsafe"),
    ("exact Lean.ofReduceBool a b rfl", "ofReduceBool"),
    ("run_tac pure ()", "run_tac"),
    ("exact by_elab pure x", "by_elab"),
    ('macro "x" : tactic => `(tactic| sorry)', "strings"),
    ("elab_rules : tactic | _ => pure ()", "elab_rules"),
    ("set_option maxRecDepth 1 in simp", "set_option"),
    ("open Classical in simp", "open"),
    ("@[implemented_by f] exact x", "attributes"),
    ("trivial\n#eval 1", "commands"),
    ("exact eval% 1", "eval%"),
    ("exact (f : IO.FS.Stream)", "IO.FS.Stream"),
    ("exact Lean.Elab.admitGoal", "Lean"),
    ("exact 'a'.toNat", "character literals"),
    ("exact «term»", "U+00AB"),
    ("exact `x", "U+0060"),
    ("\texact x", "U+0009"),
    ("exact \u0430", "U+0430"),
    ("exact x /- open", "not closed"),
    ("exact " + "(" * 101 + "x", "nested"),
    ("x " * 40_000, "bytes"),
    ("exact h where h := 1", "where"),
    ("local instance : x := y", "local"),
    ("exact ⟨2theorem⟩", "theorem"),
)


@pytest.mark.parametrize("script", HONEST)
def test_honest_scripts_are_admitted(script: str) -> None:
    assert screen(script) == ""


@pytest.mark.parametrize(("script", "word"), REFUSED)
def test_unsound_scripts_are_refused(script: str, word: str) -> None:
    assert word in screen(script)
    assert "\n" not in screen(script)


def test_every_word_of_the_tables_is_refused_anywhere() -> None:
    assert [word for word in COMMANDS | UNSOUND if not screen(f"simp; skip\n  {word} x")] == []
    assert [word for word in UNSOUND if not screen(f"exact Foo.{word}")] == []


@given(st.text() | st.lists(st.sampled_from(["--", "/-", "-/", "\n", " ", "x", '"', "·", "| a", "  b"])).map("".join))
def test_any_text_is_answered_and_comments_go(script: str) -> None:
    assert "\n" not in screen(script)
    text, fault = without_comments(script)
    if not fault:
        assert "--" not in text and "/-" not in text
        assert text.count("\n") == script.count("\n")
        if screen(script) == "":
            assert blocks("\n".join(blocks(script))) == blocks(script)


def test_blocks_keep_lines_that_belong_together() -> None:
    induction = "  induction n with\n  | zero => rfl\n  -- then\n  | succ n ih =>\n    simp"
    script = f"{induction}\n\n  · omega\n  exact ⟨a,\n  b⟩\n  <;> simp\n  done"
    assert blocks(script) == (
        "induction n with\n| zero => rfl\n| succ n ih =>\n  simp",
        "· omega",
        "exact ⟨a,\nb⟩\n<;> simp",
        "done",
    )


def test_bodies_and_whole_proofs() -> None:
    lean = Lean()
    assert lean.body("simp\nomega") == ("simp\nomega", False)
    assert lean.body(":= by\n  simp\n  omega") == ("simp\nomega", True)
    assert lean.body("by simp") == ("simp", True)
    with pytest.raises(OptionError, match="stated already"):
        lean.body("theorem x : True := by trivial")


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        (
            "import Mathlib\n-- note\ndef f := 1\n\ntheorem two (n : Nat) {m : Nat} : n + m = m + n := by sorry\n",
            Statement("∀ (n : Nat) {m : Nat}, n + m = m + n", "import Mathlib\n \ndef f := 1", "two"),
        ),
        ("theorem one :\n  1 = 1", Statement("1 = 1", "", "one")),
        ("lemma one : 1 = 1 := sorry", Statement("1 = 1", "", "one")),
    ],
)
def test_statements_are_read_from_files(text: str, statement: Statement, tmp_path: Path) -> None:
    path = tmp_path / "one.lean"
    path.write_text(text)
    assert Lean().read_statement(path) == statement


@pytest.mark.parametrize("text", ["", "def x := 1", "theorem x : True := by trivial", "theorem x", "theorem x : a /- "])
def test_files_without_a_statement_are_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.lean"
    path.write_text(text)
    with pytest.raises(TaskError, match=r"bad\.lean"):
        Lean().read_statement(path)


def test_preambles_and_projects(monkeypatch: pytest.MonkeyPatch) -> None:
    preamble = "import A\nimport B\n\nopen Nat\n\ndef f :=\n  1\nuniverse u\nopen Foo in\ndef g := 1\n"
    imports, local = split_preamble(preamble)
    assert (imports.split(), local.split()) == (["import", "A", "import", "B"], ["open", "Nat", "universe", "u"])
    monkeypatch.setenv(PROJECT_VARIABLE, "/opt/my project")
    assert Lean().project == "/opt/my project"
    assert "'/opt/my project'" in command("X", Lean().project, compiled=True)


def test_messages_that_are_none_are_errors() -> None:
    found = messages(b'{"severity":"warning","pos":{"line":3},"data":"d"}\n[1]\nSegmentation fault\n' + b"[" * 100_000)
    assert [message.severity for message in found] == ["warning", "error", "error", "error"]


@pytest.mark.parametrize(
    ("said", "others"),
    [
        ("'x' does not depend on any axioms", ""),
        ("'x' depends on axioms: [propext,\\n Quot.sound]", ""),
        ("'x' depends on axioms: [propext, sorryAx]", "sorryAx"),
        ("'y' does not depend on any axioms", "'y' does not depend on any axioms"),
        ("'x' depends on axioms: []", "an axiom without a name"),
    ],
)
def test_reports_of_axioms(said: str, others: str) -> None:
    printed = f'{{"severity":"information","pos":{{"line":1}},"data":"{said}"}}'.encode()
    assert rests_on(printed, "x", frozenset({"propext", "Quot.sound"})) == others
    assert rests_on(printed * 2, "x", frozenset())


@pytest.fixture
def run_case(tmp_path: Path) -> Callable[[CaseInput], CaseOutput]:
    """Runs cases in folders of this machine, with the stand-in on the path."""
    tools = tmp_path / "bin"
    tools.mkdir()
    shutil.copy(FAKE, tools / "lean")
    (tools / "lean").chmod(0o755)
    count = iter(range(1000))

    def run(case: CaseInput) -> CaseOutput:
        folder = tmp_path / f"case{next(count)}"
        folder.mkdir()
        for path, data in case.files.items():
            (folder / Path(path).name).write_bytes(data)
        environment = {"PATH": f"{tools}:{Path(sys.executable).parent}:/usr/bin:/bin"}
        try:
            done = subprocess.run(
                ["bash", "-c", case.command],
                check=False,
                cwd=folder,
                env=environment,
                capture_output=True,
                timeout=case.seconds,
            )
        except subprocess.TimeoutExpired:
            return CaseOutput(124, b"", b"", Evidence({}), timed_out=True)
        found = {path: folder / Path(path).name for path in case.reads}
        files = {path: EvidenceFile(file.read_bytes()) for path, file in found.items() if file.is_file()}
        return CaseOutput(done.returncode, done.stdout, done.stderr, Evidence(files))

    return run


def passed(checks: list[Check]) -> bool:
    return bool(checks) and all(check.passed for check in checks)


def test_the_judge_pays_a_proof_of_the_statement_alone(run_case: Callable[[CaseInput], CaseOutput]) -> None:
    def verdict(statement: Statement, proof: str, seconds: float = 20.0) -> list[Check]:
        return list(make_prover("lean").judge(statement, proof, run_case, seconds))

    assert passed(verdict(PAIR, "constructor\n· trivial\n· rfl"))
    assert not passed(verdict(PAIR, "constructor\ntrivial"))
    assert not passed(verdict(PAIR, ""))
    assert "sorryAx" in verdict(PAIR, "sorry")[-1].why
    assert verdict(PAIR, "loop", seconds=2.0)[-1].why == "timeout"
    assert "anything" in verdict(WITH_AXIOM, "exact anything")[-1].why
    allowed = Statement(WITH_AXIOM.proposition, WITH_AXIOM.preamble, WITH_AXIOM.name, axioms=("anything",))
    assert passed(verdict(allowed, "exact anything"))
    # a second theorem under the name of the first is of no use: its type is not the stated one
    closing = "sorry\ntheorem other :\n    True\n  := by\n  trivial"
    assert not passed(verdict(PAIR, closing))
    with pytest.raises(TaskError, match=r"refuses the statement 'odd'.*unexpected token"):
        verdict(Statement("what?", name="odd"), "trivial")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = make_sandbox(spec=SandboxSpec(files={"/tmp/bin/lean": FAKE.read_bytes()}, modes={"/tmp/bin/lean": 0o755}))
    made.run("export PATH=/tmp/bin:$PATH")
    yield made
    made.close()


def test_a_session_answers_step_by_step(sandbox: Sandbox) -> None:
    session = Lean().open(sandbox, PAIR)
    assert isinstance(session, LeanSession)
    assert session.goals == "⊢ True ∧ 1 = 1"
    answer = session.run("constructor\nrfl\ntrivial", 20.0)
    assert answer.accepted == ("constructor",) and answer.failed
    assert "tactic 'rfl' failed" in answer.message
    assert answer.goals == "⊢ True\n\n⊢ 1 = 1"
    assert session.run("-- nothing\n", 20.0).accepted == ()
    assert session.run("· trivial", 20.0).goals == "⊢ 1 = 1"
    session.undo(1)
    assert session.goals == "⊢ True\n\n⊢ 1 = 1"
    answer = session.run("· trivial\n· rfl", 20.0)
    assert answer.done and session.done and not answer.failed
    session.undo(9)
    assert session.goals == "⊢ True ∧ 1 = 1"
    answer = session.run("loop", 1.0)
    assert "stopped after 1 s" in answer.message and answer.failed
    assert session.run("trivial", 20.0).failed
    session.close()


def test_a_statement_that_lean_refuses_is_an_error(sandbox: Sandbox) -> None:
    with pytest.raises(TaskError, match="refuses the statement"):
        Lean().open(sandbox, Statement("True", "import Nowhere"))


@pytest.mark.skipif(os.path.exists("/usr/bin/lean"), reason="there is a lean")  # noqa: PTH110
def test_a_sandbox_without_lean_says_what_to_install() -> None:
    made = make_sandbox(spec=SandboxSpec())
    try:
        with pytest.raises(MissingToolError, match="/usr/bin/lean"):
            Lean().open(made, PAIR)
    finally:
        made.close()


@pytest.mark.skipif(shutil.which("lean") is None, reason="no Lean 4 toolchain is on PATH")
def test_a_real_lean_agrees(tmp_path: Path) -> None:
    def run(case: CaseInput) -> CaseOutput:
        for path, data in case.files.items():
            (tmp_path / Path(path).name).write_bytes(data)
        done = subprocess.run(["bash", "-c", case.command], check=False, cwd=tmp_path, capture_output=True, timeout=120)
        files = {path: tmp_path / Path(path).name for path in case.reads}
        read = {path: EvidenceFile(file.read_bytes()) for path, file in files.items() if file.is_file()}
        return CaseOutput(done.returncode, done.stdout, done.stderr, Evidence(read))

    statement = Statement("∀ n : Nat, f n = n + n", "open Nat\n\ndef f (n : Nat) : Nat := 2 * n", "twice")
    assert passed(list(Lean("").judge(statement, "intro n\nunfold f\nomega", run, 120.0)))
    assert not passed(list(Lean("").judge(statement, "intro n\nsorry", run, 120.0)))
    assert not passed(list(Lean("").judge(statement, "intro n\nrfl", run, 120.0)))
    falsity = Statement("False", "axiom anything : False", "falsity")
    assert not passed(list(Lean("").judge(falsity, "exact anything", run, 120.0)))
