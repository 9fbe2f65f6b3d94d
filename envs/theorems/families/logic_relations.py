"""Logic: paths of a relation."""

# ruff: noqa: E501 - a proposition or a definition reads best on its own line

from __future__ import annotations

from selftrain.envs.theorems.families.pattern import Pattern, family, steps

_LIA = "Require Import Lia."
_PATH = """
    Inductive <path> (R : nat -> nat -> Prop) : nat -> nat -> nat -> Prop :=
    | Stay x : <path> R <c> x x
    | Go k x y z : R x y -> <path> R k y z -> <path> R (<a> + k) x z.
"""
_DIAMOND = """
    Definition <diamond> (R : nat -> nat -> Prop) : Prop :=
      forall x y z : nat, R x y -> R x z -> exists w : nat, R y w /\\ R z w.
"""
_JOINS = """
    assert (joins : forall R j x y, <path> R j x y -> forall k z, <path> R (<c> + k) y z -> <path> R (j + k) x z).
    { intros R j x y one. induction one as [x | j x y w step one IH]; intros k z two.
      - exact two.
      - replace (<a> + j + k) with (<a> + (j + k)) by lia. apply (Go R _ x y z step). apply IH. exact two. }
"""
_COSTS = r"A path costs $<c>$ and $<a>$ for every step: "
_NUMBERS = {"a": (2, 90), "c": (1, 90)}

PATHS = family(
    "paths-of-relations",
    "logic",
    "Paths along a relation: joining, turning round, confluence.",
    (
        (
            Pattern(
                steps(_LIA, _PATH),
                "forall (R : nat -> nat -> Prop) (w x y z : nat), R w x -> R y z -> x + <d> = y + <d> ->"
                " <path> R <cost> w z",
                _COSTS + r"two steps that meet make a path that costs $<cost>$.",
                "intros R w x y z one two same. assert (x = y) by lia. subst y.\n"
                "apply (Go R <ac> w x z one). apply (Go R <c> x z z two). apply Stay.",
                "path",
                _NUMBERS | {"d": (1, 90)},
                lambda _, v: {"cost": 2 * v["a"] + v["c"], "ac": v["a"] + v["c"]},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _PATH),
                "forall (R Q : nat -> nat -> Prop) (k x y : nat), (forall u v : nat, R u v -> Q (u + <d>) (v + <d>)) ->\n"
                "  <path> R k x y -> <path> Q k (x + <d>) (y + <d>)",
                _COSTS + r"if moving by $<d>$ turns steps of $R$ into steps of $Q$, it turns paths into paths.",
                "intros R Q k x y move way. induction way as [x | k x y z step way IH].\n"
                "- apply Stay.\n- apply (Go Q k _ (y + <d>)); [apply move; exact step | exact IH].",
                "path",
                _NUMBERS | {"d": (1, 90)},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _PATH),
                "forall (R : nat -> nat -> Prop) (j k x y z : nat), (forall u v : nat, R u v -> R v u) ->\n"
                "  <path> R j x y -> <path> R (<c> + k) y z ->"
                " exists l : nat, <path> R l z x /\\ l + <e> = j + k + <e>",
                _COSTS + r"for a symmetric relation two paths that meet can be joined and walked back.",
                steps(
                    _JOINS,
                    """
                    assert (last : forall R k x y z, <path> R k x y -> R y z -> <path> R (<a> + k) x z).
                    { intros R k x y z way. induction way as [x | k x w y step way IH]; intros more.
                      - apply (Go R _ x z z more). apply Stay.
                      - apply (Go R _ x w z step). apply IH. exact more. }
                    assert (back : forall (R : nat -> nat -> Prop) k x y, (forall u v, R u v -> R v u) -> <path> R k x y -> <path> R k y x).
                    { intros R k x y sym way. induction way as [x | k x y z step way IH].
                      - apply Stay.
                      - apply (last R k z y x IH). apply sym. exact step. }
                    intros R j k x y z sym one two. exists (j + k). split; [| reflexivity].
                    apply (back R (j + k) x z sym). exact (joins R j x y one k z two).
                    """,
                ),
                "path",
                _NUMBERS | {"e": (1, 90)},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _PATH, _DIAMOND),
                "forall (R : nat -> nat -> Prop) (k x y z : nat), <diamond> R -> <path> R k x y -> R x z ->\n"
                "  exists w : nat, <path> R (<a> + k) x w /\\ R y w /\\ <path> R k z w",
                _COSTS + r"in a relation with the diamond property, a path and a step from the same place meet again.",
                steps(
                    """
                    assert (strip : forall R, <diamond> R -> forall k x y, <path> R k x y -> forall z, R x z ->
                      exists w, R y w /\\ <path> R k z w).
                    { intros R meet k x y way. induction way as [x | k x u y step way IH]; intros z aside.
                      - exists z. split; [exact aside | apply Stay].
                      - destruct (meet x u z step aside) as [v [down across]].
                        destruct (IH v down) as [w [close rest]].
                        exists w. split; [exact close |]. apply (Go R k z v w across). exact rest. }
                    intros R k x y z meet way aside.
                    destruct (strip R meet k x y way z aside) as [w [close rest]].
                    exists w. split; [| split; [exact close | exact rest]].
                    apply (Go R k x z w aside). exact rest.
                    """
                ),
                "path diamond",
                _NUMBERS,
            ),
        ),
        (
            Pattern(
                steps(_LIA, _PATH, _DIAMOND),
                "forall (R : nat -> nat -> Prop) (i j k u x y z : nat), <diamond> R ->\n"
                "  <path> R i u x -> <path> R (<c> + j) x y -> <path> R k u z ->\n"
                "  exists w : nat, <path> R k y w /\\ <path> R (i + j) z w",
                _COSTS + r"a relation with the diamond property is confluent, and costs are kept.",
                steps(
                    _JOINS,
                    """
                    assert (strip : forall R, <diamond> R -> forall k x y, <path> R k x y -> forall z, R x z ->
                      exists w, R y w /\\ <path> R k z w).
                    { intros R meet k x y way.
                      induction way as [x | k x u y step way IH]; intros z aside.
                      - exists z.
                        split; [exact aside | apply Stay].
                      - destruct (meet x u z step aside) as [v [down across]].
                        destruct (IH v down) as [w [close rest]].
                        exists w.
                        split; [exact close |].
                        apply (Go R k z v w across).
                        exact rest. }
                    assert (confluent : forall R, <diamond> R -> forall j x y, <path> R j x y ->
                      forall k z, <path> R k x z -> exists w, <path> R k y w /\\ <path> R j z w).
                    { intros R meet j x y way.
                      induction way as [x | j x u y step way IH]; intros k z other.
                      - exists z.
                        split; [exact other | apply Stay].
                      - destruct (strip R meet k x z other u step) as [v [close down]].
                        destruct (IH k v down) as [w [right left]].
                        exists w.
                        split; [exact right |].
                        apply (Go R j z v w close).
                        exact left. }
                    intros R i j k u x y z meet one two other.
                    assert (long : <path> R (i + j) u y).
                    { exact (joins R i u x one j y two). }
                    destruct (confluent R meet (i + j) u y long k z other) as [w [right left]].
                    exists w.
                    split.
                    - exact right.
                    - exact left.
                    """,
                ),
                "path diamond",
                _NUMBERS,
            ),
        ),
    ),
)
