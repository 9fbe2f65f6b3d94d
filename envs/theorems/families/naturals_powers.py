"""Naturals: powers, geometric sums and sums of functions counted in two ways."""

# ruff: noqa: E501 - a proposition or a definition reads best on its own line

from __future__ import annotations

from selftrain.envs.theorems.families.pattern import Pattern, family, steps

_POWER = "Fixpoint <p> (n : nat) : nat := match n with 0 => <c> | S m => <b> * <p> m end."
_UNIT = "Fixpoint <p> (n : nat) : nat := match n with 0 => 1 | S m => <b> * <p> m end."
_LIA = "Require Import Lia."
_ADD = """
    assert (add : forall m n, <p> (m + n) = <p> m * <p> n).
    { induction m as [| m IH]; intros n; cbn [<p> Nat.add].
      - lia.
      - rewrite IH. lia. }
"""

POWERS = family(
    "powers",
    "naturals",
    "Powers and geometric sums by recursion.",
    (
        (
            Pattern(
                steps(_LIA, _POWER),
                "forall n : nat, <p> (S (S n)) + <d> * <p> (S n) + <e> = <q> * <p> n + <e>",
                r"If $\mathrm{<p>}(n) = <c> \cdot <b>^n$, then $\mathrm{<p>}(n+2) + <d>\,\mathrm{<p>}(n+1) = "
                r"<q>\,\mathrm{<p>}(n)$, also with $<e>$ on both sides.",
                "intros n. cbn [<p>]. lia.",
                "p",
                {"b": (2, 9), "c": (1, 60), "d": (2, 40), "e": (1, 60)},
                lambda _, v: {"q": v["b"] ** 2 + v["d"] * v["b"]},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _POWER,
                    "Fixpoint <s> (n : nat) : nat := match n with 0 => <e> | S m => <s> m + <d> * <p> m end.",
                ),
                "forall n : nat, <b1> * <s> n + <dc> = <d> * <p> n + <be>",
                r"A geometric sum: $<b1>\,\mathrm{<s>}(n) + <dc> = <d>\,\mathrm{<p>}(n) + <be>$, where "
                r"$\mathrm{<s>}$ sums $<d>$ times the powers $<c> \cdot <b>^m$.",
                "induction n as [| n IH].\n- cbn [<s> <p>]. lia.\n- cbn [<s> <p>]. lia.",
                "p s",
                {"b": (3, 14), "c": (1, 30), "d": (2, 12), "e": (1, 30)},
                lambda _, v: {"b1": v["b"] - 1, "dc": v["d"] * v["c"], "be": (v["b"] - 1) * v["e"]},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _UNIT,
                    """
                    Fixpoint <loop> (n x : nat) : nat :=
                      match n with 0 => <e> * x + <c> | S m => <loop> m (<b> * x + <d>) end.
                    """,
                ),
                "forall n x : nat, <b1> * <loop> n x + <ed> = <e> * (<p> n * (<b1> * x + <d>)) + <bc>",
                r"Repeating $x \mapsto <b>x + <d>$ in a loop $n$ times and then applying $x \mapsto <e>x + <c>$ has "
                r"the closed form $<b1>\,\mathrm{<loop>}(n, x) + <ed> = <e> \cdot <b>^n (<b1>x + <d>) + <bc>$.",
                """
                induction n as [| n IH]; intros x.
                - cbn [<loop> <p>]. lia.
                - cbn [<loop> <p>].
                  rewrite (IH (<b> * x + <d>)).
                  lia.
                """,
                "p loop",
                {"b": (3, 12), "c": (1, 30), "d": (1, 30), "e": (2, 12)},
                lambda _, v: {"b1": v["b"] - 1, "ed": v["e"] * v["d"], "bc": (v["b"] - 1) * v["c"]},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _UNIT,
                    "Fixpoint <t> (m n : nat) : nat := match n with 0 => <d> | S k => <p> m * <t> m k end.",
                ),
                "forall m n : nat, exists k : nat, <e> * <t> m n = <ed> * <p> (m * n) /\\ <p> (m * n) = <b1> * k + 1",
                r"Multiplying $<d>$ by $<b>^m$ for $n$ times gives $<d> \cdot <b>^{mn}$, and $<b>^{mn} - 1$ is a "
                r"multiple of $<b1>$.",
                steps(
                    _ADD,
                    """
                    assert (tower : forall m n, <t> m n = <d> * <p> (m * n)).
                    { intros m. induction n as [| n IH]; cbn [<t>].
                      - replace (m * 0) with 0 by lia. cbn [<p>]. lia.
                      - replace (m * S n) with (m + m * n) by lia.
                        rewrite add, IH. lia. }
                    assert (rest : forall n, exists k, <p> n = <b1> * k + 1).
                    { induction n as [| n [k IH]].
                      - exists 0. reflexivity.
                      - exists (<b> * k + 1). cbn [<p>]. rewrite IH. lia. }
                    intros m n. destruct (rest (m * n)) as [k Hk].
                    exists k. split.
                    - rewrite tower. lia.
                    - exact Hk.
                    """,
                ),
                "p t",
                {"b": (3, 30), "d": (2, 40), "e": (2, 40)},
                lambda _, v: {"b1": v["b"] - 1, "ed": v["e"] * v["d"]},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    "Inductive <bits> : Set := Stop | Even (rest : <bits>) | Odd (rest : <bits>).",
                    """
                    Fixpoint <value> (d : <bits>) : nat :=
                      match d with Stop => <c> | Even r => <value> r + <value> r | Odd r => S (<value> r + <value> r) end.
                    """,
                    "Fixpoint <p> (x n : nat) : nat := match n with 0 => 1 | S m => x * <p> x m end.",
                    """
                    Fixpoint <fast> (x : nat) (d : <bits>) (total : nat) : nat :=
                      match d with
                      | Stop => total * <p> x <c>
                      | Even r => <fast> (x * x) r total
                      | Odd r => <fast> (x * x) r (x * total)
                      end.
                    """,
                ),
                "forall (d : <bits>) (x y total : nat), <fast> (<a> * (x * y)) d (<e> * total) = "
                "<e> * (total * (<p> <a> (<value> d) * (<p> x (<value> d) * <p> y (<value> d))))",
                r"Exponentiation by repeated squaring along binary digits, with $<c>$ as the last digit, is "
                r"exponentiation: from the base $<a>xy$ and the start $<e>t$ it computes $<e>t \cdot <a>^v x^v y^v$, "
                r"$v$ being the value of the digits.",
                """
                assert (add : forall x m n, <p> x (m + n) = <p> x m * <p> x n).
                { intros x. induction m as [| m IH]; intros n.
                  - cbn [<p> Nat.add]. lia.
                  - cbn [<p> Nat.add]. rewrite IH. lia. }
                assert (times : forall x y n, <p> (x * y) n = <p> x n * <p> y n).
                { intros x y. induction n as [| n IH].
                  - reflexivity.
                  - cbn [<p>]. rewrite IH. lia. }
                assert (square : forall x n, <p> (x * x) n = <p> x (n + n)).
                { intros x n. rewrite times, add. reflexivity. }
                assert (invariant : forall d x total, <fast> x d total = total * <p> x (<value> d)).
                { induction d as [| d IH | d IH]; intros x total.
                  - reflexivity.
                  - cbn [<fast> <value>].
                    rewrite IH.
                    rewrite square.
                    reflexivity.
                  - cbn [<fast> <value>].
                    rewrite IH.
                    rewrite square.
                    cbn [<p>].
                    lia. }
                intros d x y total.
                rewrite invariant.
                rewrite times.
                rewrite times.
                lia.
                """,
                "bits value p fast",
                {"a": (2, 9), "c": (1, 9), "e": (2, 60)},
            ),
        ),
    ),
)

_SUM = """
    Fixpoint <sum> (f : nat -> nat) (n : nat) : nat := match n with 0 => <z> | S m => <sum> f m + f m end.
"""
_FLAT = "Fixpoint <sum> (f : nat -> nat) (n : nat) : nat := match n with 0 => 0 | S m => <sum> f m + f m end."
_EXT = """
    assert (ext : forall f g, (forall i, f i = g i) -> forall n, <sum> f n = <sum> g n).
    { intros f g same. induction n as [| n IH]; cbn [<sum>].
      - reflexivity.
      - rewrite IH, same. reflexivity. }
    assert (linear : forall f g n, <sum> (fun i => f i + g i) n = <sum> f n + <sum> g n).
    { intros f g. induction n as [| n IH]; cbn [<sum>]; lia. }
    assert (scale : forall k f n, <sum> (fun i => k * f i) n = k * <sum> f n).
    { intros k f. induction n as [| n IH]; cbn [<sum>]; lia. }
    assert (constant : forall k n, <sum> (fun _ => k) n = k * n).
    { intros k. induction n as [| n IH]; cbn [<sum>]; lia. }
"""

DOUBLE_SUMS = family(
    "double-counting",
    "naturals",
    "Finite sums, split, exchanged and counted in two ways.",
    (
        (
            Pattern(
                steps(_LIA, _SUM),
                "forall n : nat, <sum> (fun _ => <a>) n + <d> = <a> * n + <e>",
                r"Starting from $<z>$, $n$ summands $<a>$ come to $<a>n + <z>$; add $<d>$ on both sides.",
                "induction n as [| n IH].\n- reflexivity.\n- cbn [<sum>]. lia.",
                "sum",
                {"a": (2, 90), "z": (1, 90), "d": (1, 90)},
                lambda _, v: {"e": v["z"] + v["d"]},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _SUM),
                "forall (f g : nat -> nat) (n : nat),\n"
                "  <sum> (fun i => <a> * f i + <b> * g i + <c>) n + <y> = <a> * <sum> f n + <b> * <sum> g n + <c> * n",
                r"Sums from $<z>$ on are linear: $\sum (<a>f(i) + <b>g(i) + <c>) + <y> = "
                r"<a>\sum f(i) + <b>\sum g(i) + <c>n$.",
                "intros f g. induction n as [| n IH].\n- cbn [<sum>]. lia.\n- cbn [<sum>]. lia.",
                "sum",
                {"a": (2, 40), "b": (2, 40), "c": (2, 40), "z": (1, 60)},
                lambda _, v: {"y": (v["a"] + v["b"] - 1) * v["z"]},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _SUM, "Definition <shift> (k : nat) (f : nat -> nat) (i : nat) : nat := f (k + i)."),
                "forall (f : nat -> nat) (m n : nat),\n"
                "  <sum> (fun i => <a> * f i + <b>) (m + n) + <y> = <a> * (<sum> f m + <sum> (<shift> m f) n)"
                " + <b> * (n + m)",
                r"A sum of $m + n$ terms splits after the first $m$: $\sum_{i<m+n} (<a>f(i) + <b>) = <a>"
                r"(\sum_{i<m} f(i) + \sum_{i<n} f(m+i)) + <b>(n+m)$, every sum starting from $<z>$.",
                """
                assert (split : forall f m n, <sum> f (m + n) + <z> = <sum> f m + <sum> (<shift> m f) n).
                { intros f m. induction n as [| n IH].
                  - replace (m + 0) with m by lia. reflexivity.
                  - replace (m + S n) with (S (m + n)) by lia.
                    cbn [<sum>]. unfold <shift> at 2. lia. }
                assert (linear : forall f n, <sum> (fun i => <a> * f i + <b>) n + <w> = <a> * <sum> f n + <b> * n).
                { intros f. induction n as [| n IH]; cbn [<sum>]; lia. }
                intros f m n.
                specialize (split f m n). specialize (linear f (m + n)). lia.
                """,
                "sum shift",
                {"a": (2, 60), "b": (2, 60), "z": (1, 40)},
                lambda _, v: {"w": (v["a"] - 1) * v["z"], "y": (2 * v["a"] - 1) * v["z"]},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _FLAT),
                "forall (f : nat -> nat -> nat) (m n : nat),\n"
                "  <sum> (fun i => <sum> (fun j => <a> * f i j + <b>) n + <c>) m\n"
                "  = <a> * <sum> (fun j => <sum> (fun i => f i j) m) n + <b> * (n * m) + <c> * m",
                r"Counting by rows or by columns is the same: $\sum_{i<m} (\sum_{j<n} (<a>f(i,j) + <b>) + <c>) = "
                r"<a>\sum_{j<n}\sum_{i<m} f(i,j) + <b>nm + <c>m$.",
                steps(
                    _EXT,
                    """
                    assert (swap : forall f m n,
                      <sum> (fun i => <sum> (f i) n) m = <sum> (fun j => <sum> (fun i => f i j) m) n).
                    { intros f. induction m as [| m IH]; intros n.
                      - cbn [<sum>]. rewrite constant. lia.
                      - cbn [<sum>]. rewrite IH. rewrite <- linear. apply ext. intros j. reflexivity. }
                    intros f m n.
                    rewrite (ext _ (fun i => <a> * <sum> (f i) n + (<b> * n + <c>))).
                    - rewrite (linear (fun i => <a> * <sum> (f i) n) (fun _ => <b> * n + <c>) m).
                      rewrite (scale <a> (fun i => <sum> (f i) n) m), constant.
                      specialize (swap f m n). cbn beta in swap.
                      rewrite <- swap. lia.
                    - intros i.
                      rewrite (linear (fun j => <a> * f i j) (fun _ => <b>) n), (scale <a> (f i) n), constant. lia.
                    """,
                ),
                "sum",
                {"a": (2, 90), "b": (2, 90), "c": (2, 90)},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _FLAT),
                "forall (f g : nat -> nat) (m n : nat),\n"
                "  <a> * (<sum> f m * <sum> g n) + <b> * (m * n) ="
                " <sum> (fun i => <sum> (fun j => <a> * (f i * g j) + <b>) n) m\n"
                "  /\\ <c> * (<sum> f n * <sum> f n) = <c> * <sum> (fun i => f i * f i) n"
                " + <c2> * <sum> (fun i => f i * <sum> f i) n\n"
                "  /\\ <sum> (fun i => <sum> f (S i)) n + <sum> (fun i => i * f i) n = n * <sum> f n",
                r"A product of sums is a double sum, $<a>\sum f \sum g + <b>mn = \sum_i\sum_j (<a>f(i)g(j) + <b>)$; "
                r"the square of a sum is the sum of the squares and twice the products of pairs (times $<c>$); and "
                r"summing the triangle $j \le i < n$ by rows or by columns gives the same.",
                steps(
                    _EXT,
                    """
                    assert (square : forall f n,
                      <sum> f n * <sum> f n = <sum> (fun i => f i * f i) n + 2 * <sum> (fun i => f i * <sum> f i) n).
                    { intros f. induction n as [| n IH]; cbn [<sum>].
                      - reflexivity.
                      - lia. }
                    assert (abel : forall f n,
                      <sum> (fun i => <sum> f (S i)) n + <sum> (fun i => i * f i) n = n * <sum> f n).
                    { intros f. induction n as [| n IH].
                      - reflexivity.
                      - change (<sum> (fun i => <sum> f (S i)) (S n))
                          with (<sum> (fun i => <sum> f (S i)) n + (<sum> f n + f n)).
                        change (<sum> (fun i => i * f i) (S n)) with (<sum> (fun i => i * f i) n + n * f n).
                        change (<sum> f (S n)) with (<sum> f n + f n).
                        lia. }
                    intros f g m n. split; [| split].
                    - symmetry. rewrite (ext _ (fun i => (<a> * <sum> g n) * f i + <b> * n)).
                      + rewrite (linear (fun i => (<a> * <sum> g n) * f i) (fun _ => <b> * n) m).
                        rewrite (scale (<a> * <sum> g n) f m).
                        rewrite constant.
                        lia.
                      + intros i.
                        rewrite (linear (fun j => <a> * (f i * g j)) (fun _ => <b>) n).
                        rewrite constant.
                        rewrite (ext _ (fun j => (<a> * f i) * g j)).
                        * rewrite (scale (<a> * f i) g n). lia.
                        * intros j. lia.
                    - specialize (square f n). lia.
                    - apply abel.
                    """,
                ),
                "sum",
                {"a": (2, 90), "b": (2, 90), "c": (2, 90)},
                lambda _, v: {"c2": 2 * v["c"]},
            ),
        ),
    ),
)
