"""Programs: numbers as lists of digits."""

# ruff: noqa: E501 - a proposition or a definition reads best on its own line

from __future__ import annotations

from selftrain.envs.theorems.families.pattern import Pattern, family, steps

_LIA = "Require Import Arith Lia.\nOpen Scope list_scope."
_VALUE = """
    Fixpoint <value> (ds : list nat) : nat := match ds with nil => <c> | d :: rest => d + <b> * <value> rest end.
"""
_INC = """
    Fixpoint <inc> (ds : list nat) : list nat :=
      match ds with
      | nil => <one> :: nil
      | d :: rest => if Nat.eqb d <top> then 0 :: <inc> rest else S d :: rest
      end.
"""
_INC_LAW = """
    assert (inc : forall ds, <value> (<inc> ds) = S (<value> ds)).
    { induction ds as [| d ds IH]; cbn [<inc> <value>].
      - reflexivity.
      - destruct (Nat.eqb_spec d <top>) as [full | room]; cbn [<value>]; lia. }
"""
_VALID = """
    Fixpoint <valid> (ds : list nat) : Prop := match ds with nil => True | d :: rest => d < <b> /\\ <valid> rest end.
"""
_ADD = """
    Fixpoint <add> (ds es : list nat) (carry : nat) : list nat :=
      match ds, es with
      | d :: ds', e :: es' =>
          let s := d + e + carry in
          if Nat.leb <b> s then s - <b> :: <add> ds' es' 1 else s :: <add> ds' es' 0
      | _, _ => carry :: nil
      end.

    Fixpoint <even> (ds es : list nat) : Prop :=
      match ds, es with nil, nil => True | _ :: ds', _ :: es' => <even> ds' es' | _, _ => False end.
"""
_BASE = r"Digits in base $<b>$, the lowest first: "

DIGITS = family(
    "digits",
    "programs",
    "Numbers as lists of digits in some base: counting up and adding with a carry.",
    (
        (
            Pattern(
                steps(_LIA, _VALUE),
                "forall (ds : list nat) (d : nat), <value> (<p> :: d :: <q> :: ds) + <k> = "
                "<b> * (d + <bb> * <value> ds) + <r>",
                _BASE + r"the value of the digits $<p>, d, <q>$ and more (the empty list has value $<c>$), plus $<k>$.",
                "intros ds d. cbn [<value>]. lia.",
                "value",
                {"b": (3, 16), "c": (0, 20), "p": (0, 90), "q": (0, 16), "k": (1, 90)},
                lambda _, v: {"bb": v["b"] ** 2, "r": v["p"] + v["q"] * v["b"] ** 2 + v["k"]},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _VALUE, _INC),
                "forall ds : list nat, <value> (<inc> ds) + <k> = <value> ds + <k1>",
                _BASE + r"counting up raises the value by one (the empty list has value $<c>$; add $<k>$).",
                """
                induction ds as [| d ds IH]; cbn [<inc> <value>].
                - reflexivity.
                - destruct (Nat.eqb_spec d <top>) as [full | room]; cbn [<value>]; lia.
                """,
                "value inc",
                {"b": (3, 30), "k": (1, 99)},
                lambda _, v: {"c": 0, "one": 1, "top": v["b"] - 1, "k1": v["k"] + 1},
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _VALUE,
                    _INC,
                    "Fixpoint <up> (n : nat) (ds : list nat) : list nat :=\n"
                    "  match n with 0 => ds | S m => <up> m (<inc> ds) end.",
                ),
                "forall (n : nat) (ds : list nat), <value> (<up> n (<p> :: <q> :: ds)) = <bb> * <value> ds + n + <r>",
                _BASE + r"counting up $n$ times from $<p>, <q>, \ldots$ adds $n$ to the value.",
                steps(
                    _INC_LAW,
                    """
                    assert (up : forall n ds, <value> (<up> n ds) = <value> ds + n).
                    { induction n as [| n IH]; intros ds; cbn [<up>].
                      - lia.
                      - rewrite IH, inc. lia. }
                    intros n ds. rewrite up. cbn [<value>]. lia.
                    """,
                ),
                "value inc up",
                {"b": (3, 30), "p": (0, 29), "q": (0, 29)},
                lambda _, v: {
                    "c": 0,
                    "one": 1,
                    "top": v["b"] - 1,
                    "bb": v["b"] ** 2,
                    "r": v["p"] + v["q"] * v["b"],
                },
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _VALUE,
                    _INC,
                    _VALID,
                    "Fixpoint <digits> (n : nat) : list nat := match n with 0 => <p> :: nil | S m => <inc> (<digits> m) end.",
                ),
                "forall m n : nat, <valid> (<digits> n) /\\ <value> (<digits> n) = n + <p>\n"
                "  /\\ <value> (<digits> (<value> (<digits> n) + m)) = m + n + <pp>",
                _BASE + r"counting up $n$ times from $<p>$ gives digits below $<b>$ with the value $n + <p>$.",
                steps(
                    _INC_LAW,
                    """
                    assert (valid_inc : forall ds, <valid> ds -> <valid> (<inc> ds)).
                    { induction ds as [| d ds IH]; cbn [<inc> <valid>]; intros ok.
                      - split; [lia | exact I].
                      - destruct ok as [small rest].
                        destruct (Nat.eqb_spec d <top>) as [full | room]; cbn [<valid>].
                        + split; [lia | apply IH; exact rest].
                        + split; [lia | exact rest]. }
                    assert (value : forall n, <value> (<digits> n) = n + <p>).
                    { induction n as [| n IH]; cbn [<digits>].
                      - reflexivity.
                      - rewrite inc, IH. reflexivity. }
                    intros m n. split; [| split].
                    - induction n as [| n IH]; cbn [<digits>].
                      + cbn [<valid>]. split; [lia | exact I].
                      + apply valid_inc. exact IH.
                    - apply value.
                    - rewrite !value. lia.
                    """,
                ),
                "value inc valid digits",
                {"b": (11, 60), "p": (1, 10)},
                lambda _, v: {"c": 0, "one": 1, "top": v["b"] - 1, "pp": 2 * v["p"]},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _VALUE, _VALID, _ADD),
                "forall ds es : list nat, <valid> ds -> <valid> es -> <even> ds es ->\n"
                "  <value> (<add> (<p> :: ds) (<q> :: es) 0) = <b> * <value> es + <b> * <value> ds + <pq>\n"
                "  /\\ <valid> (<add> ds es 1) /\\ <add> ds es 1 = <add> es ds 1",
                _BASE + r"adding two numbers of equally many digits with a carry has the right value, here with the "
                r"lowest digits $<p>$ and $<q>$, gives digits below $<b>$ and is commutative.",
                """
                assert (sum : forall ds es carry, <even> ds es ->
                  <value> (<add> ds es carry) = <value> ds + <value> es + carry).
                { induction ds as [| d ds IH]; intros es carry same.
                  - destruct es as [| e es].
                    + cbn [<add> <value>].
                      lia.
                    + cbn [<even>] in same.
                      contradiction.
                  - destruct es as [| e es].
                    + cbn [<even>] in same.
                      contradiction.
                    + cbn [<even>] in same.
                      cbn [<add>].
                      destruct (Nat.leb_spec <b> (d + e + carry)) as [large | small].
                      * cbn [<value>].
                        rewrite (IH es 1 same).
                        lia.
                      * cbn [<value>].
                        rewrite (IH es 0 same).
                        lia. }
                assert (valid : forall ds es carry, <valid> ds -> <valid> es -> carry <= 1 ->
                  <valid> (<add> ds es carry)).
                { induction ds as [| d ds IH]; intros es carry Hd He Hc.
                  - destruct es as [| e es]; cbn [<add> <valid>]; (split; [lia | exact I]).
                  - destruct es as [| e es].
                    + cbn [<add> <valid>].
                      split; [lia | exact I].
                    + cbn [<valid>] in Hd, He.
                      destruct Hd as [Hd Hds].
                      destruct He as [He Hes].
                      cbn [<add>].
                      destruct (Nat.leb_spec <b> (d + e + carry)) as [large | small].
                      * cbn [<valid>].
                        split; [lia | apply IH; [exact Hds | exact Hes | lia]].
                      * cbn [<valid>].
                        split; [lia | apply IH; [exact Hds | exact Hes | lia]]. }
                assert (comm : forall ds es carry, <add> ds es carry = <add> es ds carry).
                { induction ds as [| d ds IH]; intros es carry.
                  - destruct es; reflexivity.
                  - destruct es as [| e es].
                    + reflexivity.
                    + cbn [<add>].
                      rewrite (Nat.add_comm e d).
                      rewrite (IH es 1).
                      rewrite (IH es 0).
                      reflexivity. }
                intros ds es Hd He same.
                split; [| split].
                - rewrite sum.
                  + cbn [<value>].
                    lia.
                  + exact same.
                - apply valid; [exact Hd | exact He | lia].
                - apply comm.
                """,
                "value valid add even",
                {"b": (3, 60), "p": (0, 60), "q": (0, 60)},
                lambda _, v: {"c": 0, "pq": v["p"] + v["q"]},
            ),
        ),
    ),
)
