"""The lexer of Coq scripts and the screen: what they cut, what they admit, and that they decide every tactic."""

from __future__ import annotations

import random
import re
import subprocess
import time
import timeit
from pathlib import Path

import pytest
from backends import needs_coq
from hypothesis import given
from hypothesis import strategies as st

from selftrain.envs.theorems.coq_screen import MAX_BYTES, MAX_DEPTH, SYMBOLS, screen, sentences
from selftrain.envs.theorems.coq_words import FORBIDDEN, TACTICS
from selftrain.envs.theorems.families import theorem_families

WORDS = r"""intros n . .. ... (* *) ( ) { } - + * -- " \" 1.5 2: all: Nat.add_comm x.(f) ; , [ ] | <- => :: é ∀ 0x1f"""
PARTS = [
    "\n",
    "\t",
    " ",
    ". ",
    ".\n",
    "(* a (* b *) *)",
    '(* " *) " *)',
    "simpl. ",
    "2: { ",
    "} ",
    "@{",
    "#[",
    "let rec ",
]
PIECES = st.sampled_from([*WORDS.split(), *PARTS])
SCRIPTS = st.lists(PIECES | st.text(max_size=4), max_size=30).map("".join)


def without_comments(script: str) -> str:
    """The script without comments and white space; a string hides the marks of a comment."""
    kept: list[str] = []
    depth = at = 0
    while at < len(script):
        if script.startswith("(*", at):
            depth, at = depth + 1, at + 2
        elif depth and script.startswith("*)", at):
            depth, at = depth - 1, at + 2
        else:
            end = at + 1
            if script[at] == '"':
                end = script.find('"', at + 1) + 1 or len(script)
            if not depth:
                kept.append(script[at:end])
            at = end
    return re.sub(r"\s", "", "".join(kept))


@given(SCRIPTS)
def test_nothing_is_lost_but_comments_and_space(script: str) -> None:
    # a string's own white space is kept, so that the comparison is without any
    assert re.sub(r"\s", "", "".join(sentences(script))) == without_comments(script)


@given(SCRIPTS)
def test_what_is_admitted_is_cut_the_same_way_again(script: str) -> None:
    if screen(script) == "":
        cut = sentences(script)
        assert sentences("\n".join(cut)) == cut
        assert all(sentences(sentence) == (sentence,) for sentence in cut)


@given(st.text() | st.binary(max_size=200).map(lambda data: data.decode("latin-1")))
def test_any_text_is_answered_in_one_line(script: str) -> None:
    sentences(script)
    assert "\n" not in screen(script)


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=1))
def test_characters_outside_the_list_are_refused(character: str) -> None:
    if character not in SYMBOLS and not character.isprintable() and character not in "\t\r\n":
        assert "not admitted" in screen(f"exact {character}I.")
    if not character.isascii() and character not in SYMBOLS:
        assert "not admitted" in screen(f"exact {character}.")


def test_lone_surrogates_are_refused() -> None:
    assert "U+D800" in screen("exact \ud800.")


@pytest.mark.parametrize(
    ("script", "cut"),
    [
        ("intros. apply Nat.add_comm.", ["intros.", "apply Nat.add_comm."]),
        ("exists 1.5. exists 2.", ["exists 1.5.", "exists 2."]),
        ("- split.\n  + auto.\n  + lia.\n-- * x.", ["-", "split.", "+", "auto.", "+", "lia.", "--", "*", "x."]),
        (
            "{ lia. } 2: { auto. } 1-2: lia. all: auto.",
            ["{", "lia.", "}", "2: {", "auto.", "}", "1-2: lia.", "all: auto."],
        ),
        ("a(* one (* two *) three. *)b. c.", ["a b.", "c."]),
        ('(* " *) x. *) " *) y.', ["y."]),
        ("intros.(* note *)auto.", ["intros.", "auto."]),
        ("exact x.(f). auto...  auto.", ["exact x.(f).", "auto...", "auto."]),
        ("apply H with (y := {| a := 1 |}).", ["apply H with (y := {| a := 1 |})."]),
        ("pose proof (fun x : { n | n = 1 } => x).", ["pose proof (fun x : { n | n = 1 } => x)."]),
        ("auto.\n\n\tlia", ["auto.", "lia"]),
        ("x' _1 α₁.β. y.", ["x' _1 α₁.β.", "y."]),
        ("", []),
        ("(* open", []),
    ],
)
def test_sentences(script: str, cut: list[str]) -> None:
    assert list(sentences(script)) == cut


@pytest.mark.parametrize("piece", ["intros n. ", "(* ", '"', "x : { ", '(*)"', "é"])
def test_time_grows_with_the_length(piece: str) -> None:
    def seconds(size: int) -> float:
        script = piece * (size // len(piece))
        # without the collector of garbage, whose time grows with all that other tests have left in memory
        return timeit.timeit(lambda: sentences(script), timer=time.process_time, number=1)

    small = min(seconds(25_000) for _ in range(3))
    assert seconds(500_000) < 40 * small + 0.2


HONEST = """
intros. reflexivity.
intros n. induction n as [| n IHn]. - reflexivity. - simpl. rewrite IHn. reflexivity.
intros P Q [HP HQ]. split; assumption.
intros P Q H. destruct H as [HP | HQ]. { right. exact HP. } { left. exact HQ. }
intros [x Hx]. exists (S x). auto.
unfold not. intros H. apply H. intros HP. apply H. exact HP.
intros n m H. inversion H; subst; clear H. lia.
intros. rewrite Nat.add_comm, <- Nat.add_assoc; try lia.
assert (H : 2 + 2 = 4) by reflexivity. rewrite H. trivial.
assert (nil_r : forall (A : Type) (l : list A), l ++ nil = l) by (induction l; simpl; congruence). rewrite nil_r. auto.
assert (forall k, k + 0 = k) as H. { intros k. lia. } apply H.
case_eq (Nat.eqb n m); intros E; [apply Nat.eqb_eq in E | apply Nat.eqb_neq in E]; auto.
remember (f x) as y eqn:Hy. generalize dependent x. induction y; intros; simpl in *; congruence.
pose proof (Nat.le_trans _ _ _ H1 H2) as H3. specialize (H3 1). eauto with arith.
replace (n + m) with (m + n) by lia. f_equal. ring.
repeat (split; try constructor). all: firstorder. 2: tauto. 1-3: lia. all: try (exfalso; lia).
match goal with H : _ /\\ _ |- _ => destruct H as [H1 H2] | |- ?G => idtac end. auto.
let x := constr:(1 + 1) in replace 2 with x by reflexivity. reflexivity.
lazymatch goal with | [ |- context [match ?x with _ => _ end] ] => destruct x eqn:E end; discriminate.
destruct (lt_dec n m) as [Hlt | Hge]. - now apply le_S. - contradiction.
intros x y. destruct x, y; simpl; (reflexivity || discriminate).
eapply ex_intro with (x := 3). eexists ?[z]. instantiate (1 := 2). reflexivity.
refine (conj _ _); [ exact I | ]. refine (match n with 0 => _ | S k => _ end).
change (1 + n) with (S n). cbn [Nat.add]. cbv beta iota zeta. symmetry in H. transitivity 0; easy.
set (k := n * n) in *. clearbody k. fold (double k). pattern k at 2. simpl Nat.mul at 1. subst k.
induction l as [| x xs IH] using rev_ind; intros; cbn; rewrite ?app_nil_r, !app_assoc; auto.
unfold incl in *. intros a [-> | Ha]; [ left | right ]; auto using in_eq, in_cons.
elim n using nat_ind; [ now idtac | intros k IHk; lia ].
intros (x & y & Hxy) [? ?] ?%le_n_S. injection H as -> Heq. discriminate H0.
apply (f_equal S) in H. apply <- Nat.succ_le_mono. apply -> Nat.lt_succ_r. exact (fun p : P => p).
exists (fun x => x ++ [1; 2]%list), 5%Z. split. reflexivity. nia.
enough (H : x < y) by lia. cut (x <= z). - intros. nia. - revert x. intros x0. rename x0 into x. lia.
destruct H as [[[a b] | c] d]. all: swap 1 2. all: cycle 1. 1: easy. dependent destruction v. tauto.
setoid_rewrite H. erewrite <- foo by (simpl; lia). rewrite H in H1 |- *. rewrite (bar x (y := 2)) at 1 3.
do 3 intro. try solve [ auto | lia ]. progress simpl. first [ left; now auto | right ]. once trivial.
intros ε Hε. unshelve eapply ex_intro. all: cycle 1. lra. field_simplify; nra.
tryif assumption then idtac else exact (conj I I). contradict H. absurd (0 = 1); auto. now_show True. exact I.
exact (proj1 (H 1%nat _ eq_refl)). exact (@eq_refl nat 0). exact (let '(a, b) := p in a). exact {| fst := 1 |}.
intros; apply Nat.div_le_mono; rewrite ?Nat.mul_1_r; auto with arith zarith. revgoals. Nat.order. zify. lia.
inversion_clear H as [| ? ? Ha Hb]. decompose [and or ex] H. clear - H0. move H0 after H1. move x at top.
(intros; auto). [> lia | auto ]. (* done (* really *) by *) !: trivial. f_equal; [ | lia ]. etransitivity; eassumption.
intros x. pose (y := x * x : nat). assert (y >= 0) as ?. { subst y. apply Nat.le_0_l. } exact I.
stepl (a + b) by lia. intuition (subst; eauto 10). rewrite_strat (topdown H). eapply H; [ .. | reflexivity ]; auto.
""".strip().split("\n")


@pytest.mark.parametrize("script", HONEST)
def test_honest_scripts_are_admitted(script: str) -> None:
    assert screen(script) == ""


def test_there_are_enough_honest_scripts() -> None:
    assert len(HONEST) >= 40


def test_proofs_of_the_families_are_admitted() -> None:
    import numpy as np

    refused = set()
    for family in theorem_families().values():
        for level in range(1, 6):
            for seed in range(3):
                theorem = family.make(np.random.default_rng([seed, level]), level)
                refused |= {(family.name, screen(theorem.proof))} if screen(theorem.proof) else set()
    assert refused == set()


@pytest.mark.parametrize(
    ("script", "word"),
    [
        ("exact I", "full stop"),
        ("exact I.Qed.", "Qed"),
        ("Proof. exact I. Qed.", "what stands around them is put there"),
        ("auto. Print nat.", "Sentence 2 (Print nat.): Print"),
        ("refine (fix f n := f n).", "fix"),
        ("let rec f x := f x in f 1.", "let rec"),
        ("let fix f x := 1 in idtac.", "fix"),
        ("exact (I <<: True).", "cast"),
        ("exact (I:True)<:True.", "cast"),
        ("#[local] idtac.", "attributes"),
        ("exact foo@{u}.", "universes"),
        ("exact (fun P : SProp => P).", "SProp"),
        ("refine ltac:(exact I).", "quoted"),
        ('idtac "x".', "strings"),
        ("exact `I.", "`"),
        ("exact $I.", "$"),
        ("2: Show.", "Show"),
        ("par: auto.", "par"),
        ("infoH auto.", "infoH"),
        ("auto; x_no_check I.", "the word x_no_check"),
        ("exact (Coq.Init.admit).", "admit"),
        ("auto. (* never closed", "comment"),
        ('auto "never closed.', "string"),
        ("crush.", "crush"),
        ("exact I .x.", "full stop"),
        ("exact I .... x.", "full stop"),
        ("exact \u0410.", "U+0410"),
        ("exact \u202eI.", "U+202E"),
        ("exact I\x00.", "U+0000"),
        (".", "does not start"),
        ("2:", "full stop"),
        ("exact " + "(" * (MAX_DEPTH + 1) + "I.", "nested"),
        ("exact " + "9" * 300 + ".", "300 characters"),
        ("a" * MAX_BYTES + ".", "bytes"),
        ("idtac;" * 10_100 + "idtac.", "tokens"),
    ],
)
def test_refusals_name_what_is_refused(script: str, word: str) -> None:
    assert word in screen(script)


def test_no_word_is_both_admitted_and_forbidden() -> None:
    assert not TACTICS & FORBIDDEN.keys()


# tactics of the prover that no proof of ours needs: they may not open a sentence, and are harmless inside one
LEFT_OUT = frozenset(
    """
    autounfold_one cutrewrite debug field_lookup fun guard head_of_constr hget_evar hresolve_core info_auto
    info_eauto info_trivial progress_evars protect_fv reset rewrite_db ring_lookup show start stop time wlia
    wlra_Q wnia wnra_Q wpsatz_Q wpsatz_Z wsos_Q wsos_Z xlia xlra_Q xlra_R xnia xnra_Q xnra_R xpsatz_Q xpsatz_R
    xpsatz_Z xsos_Q xsos_R xsos_Z
    """.split()  # noqa: SIM905
)


@needs_coq
def test_every_tactic_of_the_prover_is_decided(tmp_path: Path) -> None:
    imports = "Require Import Lia Ring Lra Field ZArith List Classical."
    tactics = printed(tmp_path, f"{imports}\nPrint Grammar tactic.")
    simple = tactics[tactics.index("Entry ltac_expr is") : tactics.index("Entry tactic_value is")]
    found = set(re.findall(r'^ *[\[|] (?:IDENT )?"([a-z]\w*)"', simple, re.MULTILINE))
    assert len(found) > 150
    undecided = found - TACTICS - FORBIDDEN.keys() - LEFT_OUT
    assert {word for word in undecided if not word.endswith("_no_check")} == set()


@needs_coq
def test_commands_of_the_prover_open_with_words_that_are_no_tactics(tmp_path: Path) -> None:
    commands = printed(tmp_path, "Print Grammar vernac.")
    words = set(re.findall(r'^ *[\[|] (?:IDENT )?"(\w+)"', commands, re.MULTILINE))
    assert {"Abort", "Redirect", "infoH"} <= words
    assert {word for word in words if word in TACTICS} == set()
    assert all(screen(f"{word} x.") for word in words)


def printed(folder: Path, script: str) -> str:
    source = folder / "ask.v"
    source.write_text(script + "\n")
    done = subprocess.run(["coqc", "-q", str(source)], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


def test_shuffled_characters_of_scripts_never_raise() -> None:
    rng = random.Random(7)
    text = "\n".join(HONEST)
    for _ in range(200):
        start = rng.randrange(len(text))
        piece = list(text[start : start + 80])
        rng.shuffle(piece)
        assert "\n" not in screen("".join(piece))
