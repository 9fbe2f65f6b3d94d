"""Programs: a queue kept as two lists."""

# ruff: noqa: E501 - a proposition or a definition reads best on its own line

from __future__ import annotations

from selftrain.envs.theorems.families.pattern import Pattern, family, steps

_LIA = "Require Import Arith Lia.\nOpen Scope list_scope."
_APP = """
    Fixpoint <app> (xs ys : list nat) : list nat := match xs with nil => ys | x :: rest => x :: <app> rest ys end.
"""
_REV = """
    Fixpoint <rev> (xs : list nat) : list nat :=
      match xs with nil => nil | x :: rest => <app> (<rev> rest) (x :: nil) end.
"""
_QUEUE = """
    Inductive <queue> : Set := Two (front back : list nat).

    Definition <items> (q : <queue>) : list nat := match q with Two front back => <app> front (<rev> back) end.

    Definition <push> (x : nat) (q : <queue>) : <queue> :=
      match q with Two front back => Two front (<a> * x + <b> :: back) end.
"""
_PULL = """
    Definition <pull> (q : <queue>) : option (nat * <queue>) :=
      match q with
      | Two (x :: front) back => Some (x + <c>, Two front back)
      | Two nil back => match <rev> back with nil => None | x :: front => Some (x + <c>, Two front nil) end
      end.
"""
_ASSOC = """
    assert (assoc : forall xs ys zs, <app> (<app> xs ys) zs = <app> xs (<app> ys zs)).
    { induction xs as [| x xs IH]; intros ys zs; cbn [<app>]; [reflexivity |]. rewrite IH. reflexivity. }
"""
_PUSH_LAW = """
    assert (push : forall x q, <items> (<push> x q) = <app> (<items> q) (<a> * x + <b> :: nil)).
    { intros x [front back]. cbn [<push> <items> <rev>]. rewrite assoc. reflexivity. }
"""
_PULL_LAW = """
    assert (app_nil : forall xs, <app> xs nil = xs).
    { induction xs as [| x xs IH]; cbn [<app>]; [reflexivity |]. rewrite IH. reflexivity. }
    assert (pull : forall q, match <pull> q with
      | None => <items> q = nil
      | Some (x, q') => exists y, x = y + <c> /\\ <items> q = y :: <items> q'
      end).
    { intros [[| x front] back]; cbn [<pull> <items> <app>].
      - destruct (<rev> back) as [| x front].
        + reflexivity.
        + exists x. cbn [<items> <rev>]. rewrite app_nil. split; reflexivity.
      - exists x. split; reflexivity. }
"""
_SERVE = r"A queue of two lists that stores $<a>x + <b>$ for $x$ and gives out $y + <c>$ for $y$: "
_STORE = {"a": (2, 30), "b": (1, 60), "c": (1, 60)}

QUEUES = family(
    "queue-of-two-lists",
    "programs",
    "A queue kept as two lists behaves like one list.",
    (
        (
            Pattern(
                steps(_LIA, _APP, _REV, _QUEUE),
                "forall x : nat, <items> (<push> x (<push> <k> (Two nil nil))) = <r> :: <b> + <a> * x :: nil",
                r"Pushing $<k>$ and then $x$ into an empty queue that stores $<a>x + <b>$ for $x$.",
                "intros x. cbn [<push> <items> <rev> <app>].\nreplace (<b> + <a> * x) with (<a> * x + <b>) by lia. reflexivity.",
                "app rev queue items push",
                {"a": (2, 30), "b": (1, 60), "k": (1, 30)},
                lambda _, v: {"r": v["a"] * v["k"] + v["b"]},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _APP, _REV, _QUEUE),
                "forall (x : nat) (q : <queue>), <items> (<push> <k> (<push> x q)) = "
                "<app> (<items> q) (<a> * x + <b> :: <r> :: nil)",
                r"Pushing $x$ and then $<k>$ into a queue of two lists, storing $<a>x + <b>$ for $x$, appends to its items.",
                steps(
                    _ASSOC,
                    "intros x [front back]. cbn [<push> <items> <rev>]. rewrite !assoc. reflexivity.",
                ),
                "app rev queue items push",
                {"a": (2, 15), "b": (1, 60), "k": (1, 15)},
                lambda _, v: {"r": v["a"] * v["k"] + v["b"]},
            ),
        ),
        (
            Pattern(
                steps(_LIA, _APP, _REV, _QUEUE, _PULL),
                "forall (x y : nat) (q q' : <queue>), <pull> (<push> x q) = Some (y, q') ->\n"
                "  exists z : nat, y = z + <c> /\\ <app> (<items> q) (<a> * x + <b> :: nil) = z :: <items> q'",
                _SERVE + r"what is pulled after a push is the first of its items.",
                steps(
                    _ASSOC,
                    _PUSH_LAW,
                    _PULL_LAW,
                    """
                    intros x y q q' taken. specialize (pull (<push> x q)). rewrite taken in pull.
                    destruct pull as [z [Hz rest]]. exists z. split; [exact Hz |].
                    rewrite <- push. exact rest.
                    """,
                ),
                "app rev queue items push pull",
                _STORE,
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _APP,
                    _REV,
                    _QUEUE,
                    _PULL,
                    "Fixpoint <fill> (xs : list nat) (q : <queue>) : <queue> :=\n"
                    "  match xs with nil => q | x :: rest => <fill> rest (<push> x q) end.",
                    "Fixpoint <each> (xs : list nat) : list nat :=\n"
                    "  match xs with nil => nil | x :: rest => <a> * x + <b> :: <each> rest end.",
                ),
                "forall (xs : list nat) (q : <queue>), <items> (<fill> xs q) = <app> (<items> q) (<each> xs)\n"
                "  /\\ (<pull> (<fill> xs q) = None -> <app> (<items> q) (<each> xs) = nil)",
                _SERVE
                + r"filling it from a list appends the stored values, and when nothing can be pulled there were none.",
                steps(
                    _ASSOC,
                    _PUSH_LAW,
                    _PULL_LAW,
                    """
                    assert (filled : forall xs q, <items> (<fill> xs q) = <app> (<items> q) (<each> xs)).
                    { induction xs as [| x xs IH]; intros q; cbn [<fill> <each>].
                      - rewrite app_nil. reflexivity.
                      - rewrite IH, push, assoc. reflexivity. }
                    intros xs q. split; [apply filled |].
                    intros none. specialize (pull (<fill> xs q)). rewrite none in pull.
                    rewrite <- filled. exact pull.
                    """,
                ),
                "app rev queue items push pull fill each",
                _STORE,
            ),
        ),
        (
            Pattern(
                steps(
                    _LIA,
                    _APP,
                    _REV,
                    _QUEUE,
                    _PULL,
                    """
                    Inductive <job> : Set := Put (x : nat) | Get.

                    Fixpoint <serve> (jobs : list <job>) (q : <queue>) (out : nat) : nat :=
                      match jobs with
                      | nil => out
                      | Put x :: rest => <serve> rest (<push> x q) out
                      | Get :: rest =>
                          match <pull> q with
                          | None => <serve> rest q (<d> * out)
                          | Some (x, q') => <serve> rest q' (<e> * out + x)
                          end
                      end.

                    Fixpoint <model> (jobs : list <job>) (xs : list nat) (out : nat) : nat :=
                      match jobs, xs with
                      | nil, _ => out
                      | Put x :: rest, _ => <model> rest (<app> xs (<a> * x + <b> :: nil)) out
                      | Get :: rest, nil => <model> rest xs (<d> * out)
                      | Get :: rest, x :: xs' => <model> rest xs' (<e> * out + (x + <c>))
                      end.
                    """,
                ),
                "forall (jobs : list <job>) (x : nat) (q : <queue>),\n"
                "  <serve> (Put x :: jobs) q <k> = <model> jobs (<app> (<items> q) (<a> * x + <b> :: nil)) <k>",
                _SERVE + r"a whole list of jobs gives the same output as with a single list as the queue; $<d>o$ is "
                r"put out when it is empty and $<e>o + x$ when it gives out $x$, from $<k>$ on.",
                steps(
                    _ASSOC,
                    """
                    assert (app_nil : forall xs, <app> xs nil = xs).
                    { induction xs as [| x xs IH].
                      - reflexivity.
                      - cbn [<app>].
                        rewrite IH.
                        reflexivity. }
                    assert (push : forall x q, <items> (<push> x q) = <app> (<items> q) (<a> * x + <b> :: nil)).
                    { intros x [front back].
                      cbn [<push> <items> <rev>].
                      rewrite assoc.
                      reflexivity. }
                    assert (main : forall jobs q out, <serve> jobs q out = <model> jobs (<items> q) out).
                    { induction jobs as [| job jobs IH]; intros q out.
                      - reflexivity.
                      - destruct job as [x |].
                        + cbn [<serve> <model>].
                          rewrite IH.
                          rewrite push.
                          reflexivity.
                        + destruct q as [front back].
                          destruct front as [| x front].
                          * cbn [<serve> <pull> <items> <app>].
                            destruct (<rev> back) as [| x front] eqn:order.
                            -- cbn [<model>].
                               rewrite IH.
                               cbn [<items> <app>].
                               rewrite order.
                               reflexivity.
                            -- cbn [<model>].
                               rewrite IH.
                               cbn [<items> <rev>].
                               rewrite app_nil.
                               reflexivity.
                          * cbn [<serve> <pull> <items> <app> <model>].
                            rewrite IH.
                            reflexivity. }
                    intros jobs x q.
                    cbn [<serve>].
                    rewrite main.
                    rewrite push.
                    reflexivity.
                    """,
                ),
                "app rev queue items push pull job serve model",
                _STORE | {"d": (2, 20), "e": (2, 20), "k": (1, 40)},
            ),
        ),
    ),
)
