"""Programs: expressions with an optimiser, and their compilation to a stack machine."""

# ruff: noqa: E501 - a proposition or a definition reads best on its own line

from __future__ import annotations

from selftrain.envs.theorems.families.pattern import Pattern, family, steps

_LIA = "Require Import Lia.\nOpen Scope list_scope."
_EXPR = """
    Inductive <expr> : Set :=
    | Num (n : nat)
    | Input
    | Join (l r : <expr>)
    | Lift (e : <expr>).

    Fixpoint <eval> (e : <expr>) (x : nat) : nat :=
      match e with
      | Num n => n
      | Input => x
      | Join l r => <a> * <eval> l x + <b> * <eval> r x
      | Lift e' => <c> * <eval> e' x + <d>
      end.
"""
_CONSTANTS = {"a": (2, 15), "b": (2, 15), "c": (2, 15), "d": (1, 60)}
_MEANING = r"Expressions over one input, $\mathrm{Join}(l, r) = <a>l + <b>r$ and $\mathrm{Lift}(e) = <c>e + <d>$: "
_FOLD = """
    Definition <join> (l r : <expr>) : <expr> :=
      match l, r with Num m, Num n => Num (<a> * m + <b> * n) | _, _ => Join l r end.

    Definition <lift> (e : <expr>) : <expr> :=
      match e with Num n => Num (<c> * n + <d>) | _ => Lift e end.

    Fixpoint <fold> (e : <expr>) : <expr> :=
      match e with
      | Join l r => <join> (<fold> l) (<fold> r)
      | Lift e' => <lift> (<fold> e')
      | _ => e
      end.
"""
_FOLD_LAW = """
    assert (join : forall l r x, <eval> (<join> l r) x = <a> * <eval> l x + <b> * <eval> r x).
    { intros l r x. destruct l; try reflexivity. destruct r; reflexivity. }
    assert (lift : forall e x, <eval> (<lift> e) x = <c> * <eval> e x + <d>).
    { intros e x. destruct e; reflexivity. }
    assert (fold : forall e x, <eval> (<fold> e) x = <eval> e x).
    { induction e as [n | | l IHl r IHr | e IH]; intros x; cbn [<fold> <eval>]; try reflexivity.
      - rewrite join, IHl, IHr. reflexivity.
      - rewrite lift, IH. reflexivity. }
"""
_SUBST = """
    Fixpoint <subst> (e s : <expr>) : <expr> :=
      match e with
      | Num n => Num n
      | Input => s
      | Join l r => Join (<subst> l s) (<subst> r s)
      | Lift e' => Lift (<subst> e' s)
      end.
"""
_SUBST_LAW = """
    assert (subst : forall e s x, <eval> (<subst> e s) x = <eval> e (<eval> s x)).
    { induction e as [n | | l IHl r IHr | e IH]; intros s x; cbn [<subst> <eval>]; try reflexivity.
      - rewrite IHl, IHr. reflexivity.
      - rewrite IH. reflexivity. }
"""

EXPRESSIONS = family(
    "expression-optimiser",
    "programs",
    "An evaluator, and optimisers that keep the value.",
    (
        (
            Pattern(
                steps(_LIA, _EXPR),
                "forall (e : <expr>) (x : nat), <eval> (Lift (Join (Num <k>) e)) x = <cb> * <eval> e x + <r>",
                _MEANING + r"lifting $<k>$ joined to $e$ gives $<cb>e + <r>$.",
                "intros e x. cbn [<eval>]. lia.",
                "expr eval",
                _CONSTANTS | {"k": (1, 15)},
                lambda _, v: {"cb": v["c"] * v["b"], "r": v["c"] * v["a"] * v["k"] + v["d"]},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _EXPR,
                    "Fixpoint <add> (e : <expr>) : <expr> :=\n"
                    "  match e with\n  | Num n => Num (n + <k>)\n  | Input => Input\n"
                    "  | Join l r => Join (<add> l) (<add> r)\n  | Lift e' => Lift (<add> e')\n  end.",
                ),
                "forall (e : <expr>) (x : nat), <eval> e x <= <eval> (<add> e) x",
                _MEANING + r"adding $<k>$ to every number in an expression does not make its value smaller.",
                "induction e as [n | | l IHl r IHr | e IH]; intros x; cbn [<add> <eval>]; try lia.\n"
                "- specialize (IHl x). specialize (IHr x). lia.\n- specialize (IH x). lia.",
                "expr eval add",
                _CONSTANTS | {"k": (1, 15)},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _EXPR, _FOLD),
                "forall (e : <expr>) (x : nat), <eval> (<fold> (Join (Lift e) (Num <k>))) x = <ac> * <eval> e x + <r>",
                _MEANING + r"folding constants keeps the value; so lifting $e$ and joining $<k>$ gives $<ac>e + <r>$.",
                steps(_FOLD_LAW, "intros e x. rewrite fold. cbn [<eval>]. lia."),
                "expr eval join lift fold",
                _CONSTANTS | {"k": (1, 15)},
                lambda _, v: {"ac": v["a"] * v["c"], "r": v["a"] * v["d"] + v["b"] * v["k"]},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _EXPR, _FOLD, _SUBST),
                "forall (e s : <expr>) (x : nat),\n"
                "  <eval> (<fold> (<subst> (<fold> e) (Lift s))) x = <eval> e (<c> * <eval> (<fold> s) x + <d>)",
                _MEANING + r"constants may be folded before and after a lifted expression is put in for the input.",
                steps(
                    _FOLD_LAW,
                    _SUBST_LAW,
                    "intros e s x. rewrite fold, subst, fold. cbn [<eval>]. rewrite fold. reflexivity.",
                ),
                "expr eval join lift fold subst",
                _CONSTANTS,
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _EXPR,
                    _FOLD,
                    _SUBST,
                    "Fixpoint <size> (e : <expr>) : nat :=\n"
                    "  match e with Join l r => <size> l + <size> r + <p> | Lift e' => <size> e' + <q> | _ => <k> end.",
                ),
                "forall (e s : <expr>) (x : nat),\n"
                "  <eval> (<fold> (<subst> e (<fold> s))) x = <eval> e (<eval> s x)\n"
                "  /\\ <size> (<fold> e) <= <size> e /\\ <fold> (<fold> e) = <fold> e",
                _MEANING
                + r"folding constants keeps the value, never makes an expression larger (sizes $<p>$, $<q>$ and "
                r"$<k>$ for a join, a lift and a leaf), and is done after one pass.",
                steps(
                    _FOLD_LAW,
                    _SUBST_LAW,
                    """
                    assert (small_join : forall l r, <size> (<join> l r) <= <size> l + <size> r + <p>).
                    { intros l r.
                      destruct l; cbn [<join> <size>]; try lia.
                      destruct r; cbn [<join> <size>]; lia. }
                    assert (small_lift : forall e, <size> (<lift> e) <= <size> e + <q>).
                    { intros e.
                      destruct e; cbn [<lift> <size>]; lia. }
                    assert (smaller : forall e, <size> (<fold> e) <= <size> e).
                    { induction e as [n | | l IHl r IHr | e IH].
                      - reflexivity.
                      - reflexivity.
                      - cbn [<fold> <size>].
                        specialize (small_join (<fold> l) (<fold> r)).
                        lia.
                      - cbn [<fold> <size>].
                        specialize (small_lift (<fold> e)).
                        lia. }
                    assert (again_join : forall l r, <fold> l = l -> <fold> r = r -> <fold> (<join> l r) = <join> l r).
                    { intros l r Hl Hr.
                      destruct l; try (cbn [<join> <fold>]; cbn [<fold>] in Hl; rewrite ?Hl, ?Hr; reflexivity).
                      destruct r; cbn [<join> <fold>]; cbn [<fold>] in Hr; rewrite ?Hr; reflexivity. }
                    assert (again_lift : forall e, <fold> e = e -> <fold> (<lift> e) = <lift> e).
                    { intros e He.
                      destruct e; cbn [<lift> <fold>]; cbn [<fold>] in He; rewrite ?He; reflexivity. }
                    assert (again : forall e, <fold> (<fold> e) = <fold> e).
                    { induction e as [n | | l IHl r IHr | e IH].
                      - reflexivity.
                      - reflexivity.
                      - cbn [<fold>].
                        apply again_join.
                        + exact IHl.
                        + exact IHr.
                      - cbn [<fold>].
                        apply again_lift.
                        exact IH. }
                    intros e s x.
                    split; [| split].
                    - rewrite fold.
                      rewrite subst.
                      rewrite fold.
                      reflexivity.
                    - apply smaller.
                    - apply again.
                    """,
                ),
                "expr eval join lift fold subst size",
                _CONSTANTS | {"p": (1, 20), "q": (1, 20), "k": (1, 20)},
            ),
        ),
    ),
)

_MACHINE = """
    Inductive <instr> : Set := Push (n : nat) | Load | Merge | Raise.

    Fixpoint <run> (code : list <instr>) (x : nat) (stack : list nat) : list nat :=
      match code with
      | nil => stack
      | Push n :: rest => <run> rest x (n :: stack)
      | Load :: rest => <run> rest x (x :: stack)
      | Merge :: rest => match stack with r :: l :: s => <run> rest x (<a> * l + <b> * r :: s) | _ => nil end
      | Raise :: rest => match stack with v :: s => <run> rest x (<c> * v + <d> :: s) | _ => nil end
      end.
"""
_APP = """
    Fixpoint <app> (c1 c2 : list <instr>) : list <instr> :=
      match c1 with nil => c2 | i :: rest => i :: <app> rest c2 end.
"""
_COMPILE = """
    Fixpoint <compile> (e : <expr>) : list <instr> :=
      match e with
      | Num n => Push n :: nil
      | Input => Load :: nil
      | Join l r => <app> (<compile> l) (<app> (<compile> r) (Merge :: nil))
      | Lift e' => <app> (<compile> e') (Raise :: nil)
      end.
"""
_ONTO = """
    Fixpoint <onto> (e : <expr>) (code : list <instr>) : list <instr> :=
      match e with
      | Num n => Push n :: code
      | Input => Load :: code
      | Join l r => <onto> l (<onto> r (Merge :: code))
      | Lift e' => <onto> e' (Raise :: code)
      end.
"""
_ONTO_LAW = """
    assert (onto : forall e code x s, <run> (<onto> e code) x s = <run> code x (<eval> e x :: s)).
    { induction e as [n | | l IHl r IHr | e IH]; intros code x s; cbn [<onto> <eval>].
      - reflexivity.
      - reflexivity.
      - rewrite IHl, IHr. reflexivity.
      - rewrite IH. reflexivity. }
"""
_APP_ASSOC = """
    assert (assoc : forall c1 c2 c3, <app> (<app> c1 c2) c3 = <app> c1 (<app> c2 c3)).
    { induction c1 as [| i c1 IH]; intros c2 c3; cbn [<app>]; [reflexivity |]. rewrite IH. reflexivity. }
"""
_SAME = """
    assert (same : forall e code, <app> (<compile> e) code = <onto> e code).
    { induction e as [n | | l IHl r IHr | e IH]; intros code; cbn [<compile> <onto>].
      - reflexivity.
      - reflexivity.
      - rewrite !assoc, IHl, IHr. reflexivity.
      - rewrite assoc, IH. reflexivity. }
"""
_STACK = r"A stack machine on which Merge takes $l, r$ to $<a>l + <b>r$ and Raise takes $v$ to $<c>v + <d>$: "

COMPILER = family(
    "stack-compiler",
    "programs",
    "A stack machine, and compilers from expressions to it.",
    (
        (
            Pattern(
                steps(_LIA, _MACHINE),
                "forall (x : nat) (s : list nat),\n"
                "  <run> (Push <k> :: Load :: Merge :: Raise :: nil) x s = <cb> * x + <r> :: s",
                _STACK + r"the program that pushes $<k>$, loads the input $x$, merges and raises leaves $<cb>x + <r>$.",
                "intros x s. cbn [<run>]. f_equal. lia.",
                "instr run",
                _CONSTANTS | {"k": (1, 20)},
                lambda _, v: {"cb": v["c"] * v["b"], "r": v["c"] * v["a"] * v["k"] + v["d"]},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _MACHINE, _APP),
                "forall (c2 : list <instr>) (x : nat) (s : list nat),\n"
                "  <run> (<app> (Push <k> :: Raise :: Load :: Merge :: nil) c2) x s = <run> c2 x (<r> + <b> * x :: s)\n"
                "  /\\ <app> (<app> c2 (Load :: nil)) (Push <k> :: nil) = <app> c2 (Load :: Push <k> :: nil)",
                _STACK
                + r"a program that begins by computing $<r> + <b>x$ goes on with it, and appending is associative.",
                """
                intros c2 x s. split.
                - cbn [<app> <run>]. f_equal.
                - induction c2 as [| i c2 IH]; cbn [<app>]; [reflexivity |]. rewrite IH. reflexivity.
                """,
                "instr run app",
                _CONSTANTS | {"k": (1, 15)},
                lambda _, v: {"r": v["a"] * (v["c"] * v["k"] + v["d"])},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _EXPR, _MACHINE, _ONTO),
                "forall (e : <expr>) (x : nat) (s : list nat), <run> (<onto> (Lift e) (Push <k> :: Merge :: nil)) x s\n"
                "  = <ac> * <eval> e x + <r> :: s",
                _STACK + r"the compiled code of an expression leaves its value; lifted and merged with $<k>$, "
                r"$<ac>e + <r>$.",
                steps(_ONTO_LAW, "intros e x s. rewrite onto. cbn [<run> <eval>]. f_equal. lia."),
                "expr eval instr run onto",
                _CONSTANTS | {"k": (1, 15)},
                lambda _, v: {"ac": v["a"] * v["c"], "r": v["a"] * v["d"] + v["b"] * v["k"]},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _EXPR, _MACHINE, _APP, _COMPILE, _ONTO),
                "forall (e f : <expr>) (code : list <instr>) (x : nat) (s : list nat),\n"
                "  <run> (<app> (<compile> (Join e f)) (<onto> e code)) x s\n"
                "  = <run> code x (<eval> e x :: <a> * <eval> e x + <b> * <eval> f x :: s)",
                _STACK
                + r"two compilers, one by appending and one with the code to follow as an argument, are both right.",
                steps(
                    _ONTO_LAW,
                    _APP_ASSOC,
                    _SAME,
                    "intros e f code x s. rewrite same, !onto. reflexivity.",
                ),
                "expr eval instr run app compile onto",
                _CONSTANTS,
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _EXPR,
                    _FOLD,
                    _MACHINE,
                    _APP,
                    _COMPILE,
                    "Fixpoint <cost> (code : list <instr>) : nat :=\n"
                    "  match code with nil => 0 | Merge :: rest => <p> + <cost> rest | _ :: rest => <q> + <cost> rest end.",
                ),
                "forall (e : <expr>) (code : list <instr>) (x : nat) (s : list nat),\n"
                "  <run> (<app> (<compile> (<fold> e)) code) x s = <run> code x (<eval> e x :: s)\n"
                "  /\\ <cost> (<compile> (<fold> e)) <= <cost> (<compile> e)",
                _STACK
                + r"folding the constants of an expression and compiling it leaves its value, and never costs more "
                r"($<p>$ for a Merge, $<q>$ for anything else).",
                steps(
                    _FOLD_LAW,
                    _APP_ASSOC,
                    """
                    assert (right : forall e code x s, <run> (<app> (<compile> e) code) x s = <run> code x (<eval> e x :: s)).
                    { induction e as [n | | l IHl r IHr | e IH]; intros code x s.
                      - reflexivity.
                      - reflexivity.
                      - cbn [<compile> <eval>].
                        rewrite !assoc.
                        rewrite IHl.
                        rewrite IHr.
                        reflexivity.
                      - cbn [<compile> <eval>].
                        rewrite assoc.
                        rewrite IH.
                        reflexivity. }
                    assert (cost_app : forall c1 c2, <cost> (<app> c1 c2) = <cost> c1 + <cost> c2).
                    { induction c1 as [| i c1 IH]; intros c2.
                      - reflexivity.
                      - cbn [<app> <cost>].
                        rewrite IH.
                        destruct i; lia. }
                    assert (cost_join : forall l r,
                      <cost> (<compile> (<join> l r)) <= <cost> (<compile> l) + <cost> (<compile> r) + <p>).
                    { intros l r.
                      destruct l; destruct r; cbn [<join> <compile>]; rewrite ?cost_app; cbn [<cost>]; lia. }
                    assert (cost_lift : forall e, <cost> (<compile> (<lift> e)) <= <cost> (<compile> e) + <q>).
                    { intros e.
                      destruct e; cbn [<lift> <compile>]; rewrite ?cost_app; cbn [<cost>]; lia. }
                    assert (cheaper : forall e, <cost> (<compile> (<fold> e)) <= <cost> (<compile> e)).
                    { induction e as [n | | l IHl r IHr | e IH].
                      - reflexivity.
                      - reflexivity.
                      - cbn [<fold> <compile>].
                        rewrite !cost_app.
                        specialize (cost_join (<fold> l) (<fold> r)).
                        cbn [<cost>].
                        lia.
                      - cbn [<fold> <compile>].
                        rewrite cost_app.
                        specialize (cost_lift (<fold> e)).
                        cbn [<cost>].
                        lia. }
                    intros e code x s.
                    split.
                    - rewrite right.
                      rewrite fold.
                      reflexivity.
                    - apply cheaper.
                    """,
                ),
                "expr eval join lift fold instr run app compile cost",
                _CONSTANTS | {"p": (1, 40), "q": (1, 40)},
            ),
        ),
    ),
)
