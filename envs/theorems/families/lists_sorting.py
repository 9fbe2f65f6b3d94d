"""Lists: counting, permutations and insertion sort."""

# ruff: noqa: E501 - a proposition or a definition reads best on its own line

from __future__ import annotations

from selftrain.envs.theorems.families.pattern import Pattern, family, steps

_LIA = "Require Import Arith Lia.\nOpen Scope list_scope."
_COUNT = """
    Fixpoint <count> (k : nat) (xs : list nat) : nat :=
      match xs with
      | nil => <c>
      | x :: rest => if Nat.eqb (<a> * x + <b>) k then <d> + <count> k rest else <count> k rest
      end.
"""
_APP = """
    Fixpoint <app> (xs ys : list nat) : list nat := match xs with nil => ys | x :: rest => x :: <app> rest ys end.
"""
_REV = """
    Fixpoint <rev> (xs : list nat) : list nat :=
      match xs with nil => nil | x :: rest => <app> (<rev> rest) (x :: nil) end.
"""
_PERM = """
    Inductive <perm> : list nat -> list nat -> Prop :=
    | Empty : <perm> nil nil
    | Keep x xs ys : <perm> xs ys -> <perm> (x :: xs) (x :: ys)
    | Swap x y xs : <perm> (x :: y :: xs) (y :: x :: xs)
    | Chain xs ys zs : <perm> xs ys -> <perm> ys zs -> <perm> xs zs.
"""
_COUNT_APP = """
    assert (count_app : forall k xs ys, <count> k (<app> xs ys) + <c> = <count> k xs + <count> k ys).
    { intros k. induction xs as [| x xs IH]; intros ys; cbn [<app> <count>].
      - lia.
      - specialize (IH ys). destruct (Nat.eqb (<a> * x + <b>) k); lia. }
"""
_COUNT_REV = """
    assert (count_rev : forall k xs, <count> k (<rev> xs) = <count> k xs).
    { intros k. induction xs as [| x xs IH]; [reflexivity |].
      specialize (count_app k (<rev> xs) (x :: nil)). cbn [<rev> <count>] in *.
      destruct (Nat.eqb (<a> * x + <b>) k); lia. }
"""
_COUNTING = {"a": (2, 20), "b": (1, 30), "c": (1, 30), "d": (1, 30)}
_WORDS = r"Count $<d>$, from $<c>$ on, for each element $x$ of a list with $<a>x + <b> = k$: "

COUNTING = family(
    "counting-and-permutations",
    "lists",
    "How often an element occurs, and what rearranging a list does to it.",
    (
        (
            Pattern(
                steps(_LIA, _COUNT),
                "forall (k x y : nat) (xs : list nat), <count> k (x :: <z> :: y :: xs) = <count> k (y :: <z> :: x :: xs)",
                _WORDS + r"exchanging the elements around $<z>$ does not change the count.",
                "intros k x y xs. cbn [<count>].\n"
                "destruct (Nat.eqb (<a> * x + <b>) k), (Nat.eqb (<a> * y + <b>) k), (Nat.eqb (<a> * <z> + <b>) k); lia.",
                "count",
                _COUNTING | {"z": (1, 20)},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _APP, _COUNT),
                "forall (k : nat) (xs ys : list nat), <count> k (<app> xs ys) + <c> = <count> k (<app> ys xs) + <c>",
                _WORDS + r"two appended lists may be exchanged.",
                steps(
                    _COUNT_APP,
                    """
                    intros k xs ys.
                    pose proof (count_app k xs ys). pose proof (count_app k ys xs). lia.
                    """,
                ),
                "count app",
                _COUNTING,
            ),
        ),
        (
            Pattern(
                steps(_LIA, _APP, _REV, _COUNT),
                "forall (k : nat) (xs ys : list nat), <count> k (<rev> (<app> xs ys)) + <c> = <count> k ys + <count> k (<rev> xs)",
                _WORDS + r"reversing does not change the count, and appending adds.",
                steps(
                    _COUNT_APP,
                    _COUNT_REV,
                    """
                    intros k xs ys. rewrite !count_rev. specialize (count_app k xs ys). lia.
                    """,
                ),
                "count app rev",
                _COUNTING,
            ),
        ),
        (
            Pattern(
                steps(_LIA, _PERM, _APP, _COUNT),
                "forall xs ys : list nat, <perm> xs ys ->\n"
                "  (forall k : nat, <count> k xs = <count> k ys)\n"
                "  /\\ (forall zs : list nat, <perm> (<app> zs (<z> :: xs)) (<app> zs (<z> :: ys)))",
                _WORDS + r"permutations keep the count, and may be appended to any list and $<z>$.",
                """
                intros xs ys same. split.
                - intros k. induction same as [| x xs ys same IH | x y xs | xs ys zs one IH two IH2].
                  + reflexivity.
                  + cbn [<count>]. rewrite IH. reflexivity.
                  + cbn [<count>]. destruct (Nat.eqb (<a> * x + <b>) k), (Nat.eqb (<a> * y + <b>) k); lia.
                  + rewrite IH. exact IH2.
                - induction zs as [| z zs IH]; cbn [<app>].
                  + apply Keep. exact same.
                  + apply Keep. exact IH.
                """,
                "count app perm",
                _COUNTING | {"z": (1, 60)},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _PERM, _APP, _REV, _COUNT),
                "forall xs ys : list nat,\n"
                "  <perm> (<app> xs (<z> :: ys)) (<z> :: <app> (<rev> ys) (<rev> xs))\n"
                "  /\\ (forall (k : nat) (zs : list nat), <perm> (<rev> xs) zs -> <count> k (<rev> zs) = <count> k xs)",
                _WORDS
                + r"$<z>$ between two lists may be moved to the front and the rest reversed, and permutations of "
                r"the reversed list have the count of the list.",
                """
                assert (refl : forall xs, <perm> xs xs).
                { induction xs as [| x xs IH].
                  - apply Empty.
                  - apply Keep.
                    exact IH. }
                assert (front : forall x xs ys, <perm> (<app> xs (x :: ys)) (x :: <app> xs ys)).
                { intros x.
                  induction xs as [| y xs IH]; intros ys; cbn [<app>].
                  - apply refl.
                  - apply (Chain _ (y :: x :: <app> xs ys)).
                    + apply Keep.
                      apply IH.
                    + apply Swap. }
                assert (app_nil : forall xs, <app> xs nil = xs).
                { induction xs as [| x xs IH]; cbn [<app>]; [reflexivity |].
                  rewrite IH.
                  reflexivity. }
                assert (exchange : forall xs ys, <perm> (<app> xs ys) (<app> ys xs)).
                { induction xs as [| x xs IH]; intros ys; cbn [<app>].
                  - rewrite app_nil.
                    apply refl.
                  - apply (Chain _ (x :: <app> ys xs)).
                    + apply Keep.
                      apply IH.
                    + assert (back : forall us vs, <perm> (x :: <app> us vs) (<app> us (x :: vs))).
                      { induction us as [| u us IHu]; intros vs; cbn [<app>].
                        - apply refl.
                        - apply (Chain _ (u :: x :: <app> us vs)).
                          + apply Swap.
                          + apply Keep.
                            apply IHu. }
                      apply back. }
                assert (left : forall us xs ys, <perm> xs ys -> <perm> (<app> us xs) (<app> us ys)).
                { induction us as [| u us IH]; intros xs ys same; cbn [<app>].
                  - exact same.
                  - apply Keep.
                    apply IH.
                    exact same. }
                assert (reverse : forall xs, <perm> xs (<rev> xs)).
                { induction xs as [| x xs IH]; cbn [<rev>].
                  - apply Empty.
                  - apply (Chain _ (x :: <rev> xs)).
                    + apply Keep.
                      exact IH.
                    + apply (exchange (x :: nil)). }
                assert (counted : forall k xs ys, <perm> xs ys -> <count> k xs = <count> k ys).
                { intros k xs ys same.
                  induction same as [| x xs ys same IH | x y xs | xs ys zs one IH two IH2].
                  - reflexivity.
                  - cbn [<count>]. rewrite IH. reflexivity.
                  - cbn [<count>]. destruct (Nat.eqb (<a> * x + <b>) k), (Nat.eqb (<a> * y + <b>) k); lia.
                  - rewrite IH. exact IH2. }
                intros xs ys.
                split.
                - apply (Chain _ (<z> :: <app> xs ys)); [apply front |].
                  apply Keep.
                  apply (Chain _ (<app> ys xs)); [apply exchange |].
                  apply (Chain _ (<app> ys (<rev> xs))); [apply left; apply reverse |].
                  apply (Chain _ (<app> (<rev> xs) ys)); [apply exchange |].
                  apply (Chain _ (<app> (<rev> xs) (<rev> ys))); [apply left; apply reverse |].
                  apply exchange.
                - intros k zs same.
                  rewrite (counted k xs (<rev> zs)); [reflexivity |].
                  apply (Chain _ (<rev> xs)); [apply reverse |].
                  apply (Chain _ zs); [exact same | apply reverse].
                """,
                "count app rev perm",
                _COUNTING | {"z": (1, 60)},
            ),
        ),
    ),
)

_SORT = """
    Definition <key> (x : nat) : nat := Nat.modulo (<a> * x + <b>) <m>.

    Fixpoint <insert> (x : nat) (xs : list nat) : list nat :=
      match xs with
      | nil => x :: nil
      | y :: rest => if Nat.leb (<key> x) (<key> y) then x :: xs else y :: <insert> x rest
      end.
"""
_FULL = """
    Fixpoint <sort> (xs : list nat) : list nat :=
      match xs with nil => nil | x :: rest => <insert> x (<sort> rest) end.
"""
_LONG = "Fixpoint <long> (xs : list nat) : nat := match xs with nil => <c> | x :: rest => <d> * x + <long> rest end."
_SORTED = """
    Fixpoint <below> (x : nat) (ys : list nat) : Prop :=
      match ys with nil => True | y :: rest => <key> x <= <key> y /\\ <below> x rest end.

    Fixpoint <sorted> (xs : list nat) : Prop :=
      match xs with nil => True | x :: rest => <below> x rest /\\ <sorted> rest end.
"""
_INSERT = """
    assert (lower : forall x y ys, <key> x <= <key> y -> <below> y ys -> <below> x ys).
    { intros x y. induction ys as [| z ys IH]; cbn [<below>]; intros less all.
      - exact I.
      - destruct all as [first rest]. split; [lia | apply IH; assumption]. }
    assert (below_insert : forall x y ys, <key> x <= <key> y -> <below> x ys -> <below> x (<insert> y ys)).
    { intros x y. induction ys as [| z ys IH]; cbn [<insert> <below>]; intros less all.
      - split; [exact less | exact I].
      - destruct all as [first rest]. destruct (Nat.leb (<key> y) (<key> z)); cbn [<below>].
        + repeat split; assumption.
        + split; [exact first | apply IH; assumption]. }
    assert (sorted_insert : forall x xs, <sorted> xs -> <sorted> (<insert> x xs)).
    { intros x. induction xs as [| y xs IH]; cbn [<insert> <sorted>]; intros inorder.
      - split; exact I.
      - destruct inorder as [first rest]. destruct (Nat.leb_spec (<key> x) (<key> y)) as [less | more].
        + cbn [<sorted> <below>]. repeat split; try assumption. apply (lower x y); assumption.
        + cbn [<sorted>]. split.
          * apply below_insert; [lia | assumption].
          * apply IH. assumption. }
"""
_KEYS = {"a": (2, 30), "b": (1, 40), "m": (5, 60), "c": (1, 30), "d": (2, 30)}
_ORDER = r"Insertion sort by the key $(<a>x + <b>) \bmod <m>$: "
_LONG_INSERT = """
    assert (long_insert : forall x xs, <long> (<insert> x xs) = <d> * x + <long> xs).
    { intros x. induction xs as [| y xs IH]; cbn [<insert> <long>].
      - reflexivity.
      - destruct (Nat.leb (<key> x) (<key> y)); cbn [<long>]; lia. }
"""

SORTING = family(
    "insertion-sort",
    "lists",
    "Insertion sort by a drawn key: sums and counts stay, the result is in order.",
    (
        (
            Pattern(
                steps(_LIA, _SORT, _LONG),
                "forall x y : nat, <long> (<insert> x (y :: nil)) = <d> * (y + x) + <c>",
                _ORDER + r"inserting one element into a list of one keeps the sum (of $<d>x$, from $<c>$ on).",
                "intros x y. cbn [<insert>].\ndestruct (Nat.leb (<key> x) (<key> y)); cbn [<long>]; lia.",
                "key insert long",
                _KEYS,
            ),
        ),
        (
            Pattern(
                steps(_LIA, _SORT, _LONG),
                "forall (x : nat) (xs : list nat), <long> (<insert> x xs) = <d> * x + <long> xs",
                _ORDER + r"inserting $x$ adds $<d>x$ to the sum (of $<d>x$, from $<c>$ on).",
                """
                intros x. induction xs as [| y xs IH].
                - reflexivity.
                - cbn [<insert>]. destruct (Nat.leb (<key> x) (<key> y)); cbn [<long>]; lia.
                """,
                "key insert long",
                _KEYS,
            ),
        ),
        (
            Pattern(
                steps(_LIA, _SORT, _FULL, _LONG),
                "forall (x : nat) (xs : list nat), <long> (<sort> (x :: <sort> xs)) = <long> xs + <d> * x",
                _ORDER + r"sorting keeps the sum (of $<d>x$, from $<c>$ on), however often it is done.",
                steps(
                    _LONG_INSERT,
                    """
                    assert (long_sort : forall xs, <long> (<sort> xs) = <long> xs).
                    { induction xs as [| x xs IH]; [reflexivity |].
                      cbn [<sort> <long>]. rewrite long_insert, IH. reflexivity. }
                    intros x xs. rewrite long_sort. cbn [<long>]. rewrite long_sort. lia.
                    """,
                ),
                "key insert sort long",
                _KEYS,
            ),
        ),
        (
            Pattern(
                steps(_LIA, _SORT, _SORTED),
                "forall (x : nat) (xs : list nat), <sorted> xs -> <sorted> (<insert> x (<insert> <z> xs))",
                _ORDER + r"inserting $<z>$ and then $x$ into a sorted list leaves it sorted.",
                steps(
                    _INSERT,
                    """
                    intros x xs inorder. apply sorted_insert, sorted_insert. exact inorder.
                    """,
                ),
                "key insert below sorted",
                _KEYS | {"z": (1, 60)},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _SORT, _FULL, _SORTED, _LONG),
                "forall (x : nat) (xs : list nat),\n"
                "  <sorted> (<sort> (x :: <z> :: xs)) /\\ <sort> (<sort> xs) = <sort> xs\n"
                "  /\\ <long> (<sort> (<insert> x xs)) = <long> (x :: <sort> xs)",
                _ORDER
                + r"the result is sorted, sorting twice is sorting once, and sums (of $<d>x$, from $<c>$ on) are kept.",
                steps(
                    _INSERT,
                    _LONG_INSERT,
                    """
                    assert (sorted_sort : forall xs, <sorted> (<sort> xs)).
                    { induction xs as [| x xs IH].
                      - exact I.
                      - cbn [<sort>].
                        apply sorted_insert.
                        exact IH. }
                    assert (front : forall x xs, <below> x xs -> <insert> x xs = x :: xs).
                    { intros x [| y xs] all.
                      - reflexivity.
                      - cbn [<below>] in all.
                        destruct all as [less _].
                        cbn [<insert>].
                        destruct (Nat.leb_spec (<key> x) (<key> y)); [reflexivity | lia]. }
                    assert (stable : forall xs, <sorted> xs -> <sort> xs = xs).
                    { induction xs as [| x xs IH]; intros inorder.
                      - reflexivity.
                      - cbn [<sorted>] in inorder.
                        destruct inorder as [first rest].
                        cbn [<sort>].
                        rewrite (IH rest).
                        apply front.
                        exact first. }
                    assert (long_sort : forall xs, <long> (<sort> xs) = <long> xs).
                    { induction xs as [| x xs IH]; [reflexivity |].
                      cbn [<sort> <long>].
                      rewrite long_insert.
                      rewrite IH.
                      reflexivity. }
                    intros x xs.
                    split; [| split].
                    - apply sorted_sort.
                    - apply stable.
                      apply sorted_sort.
                    - rewrite long_sort.
                      rewrite long_insert.
                      cbn [<long>].
                      rewrite long_sort.
                      reflexivity.
                    """,
                ),
                "key insert sort below sorted long",
                _KEYS | {"z": (1, 60)},
            ),
        ),
    ),
)
