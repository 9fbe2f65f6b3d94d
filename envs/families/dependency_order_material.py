"""Texts and a careful solution of the family `dependency-order`."""

from __future__ import annotations

import numpy as np

from selftrain.envs.families.material import pick

TEXT, PLAN, DOC = "/workspace/order.txt", "/workspace/plan.json", "/workspace/STARTUP.md"


def document(level: int) -> str:
    """The rules of starting, as far as this level needs them."""
    rules = [
        "A service starts when everything it waits for is up. It waits for all that it `requires`.",
        "`after` and `before` are soft: they order two services only if both start. They may name services that do "
        "not exist, which means nothing. Soft references never lead in a circle.",
        "A service with `enabled = false` does not start (the default is true).",
        "A service whose requirement does not start, for whatever reason, is *blocked*: it does not start either.",
        "Stage 1 are the services that wait for nothing; every other service is in the first stage in which "
        "everything it waits for is in earlier stages.",
    ]
    if level >= 4:
        rules += [
            "A requirement that is not the name of a service is an ability. The enabled service that `provides` it "
            "stands for it; of several the first in byte order of names.",
            "Services that require each other in a circle, directly or through others, are blocked. A *cycle* is a "
            "largest set of enabled services that all require one another so.",
        ]
    if level == 5:
        rules += [
            "Files in `/workspace/overlays/` are applied over the manifests in byte order of their names. A table is "
            "named after its service, and each of its keys replaces that key of the manifest.",
            "Starting takes `minutes`. There is no limit on services that start at the same time.",
        ]
    return "# How services start\n\n" + "\n".join(f"{number}. {rule}" for number, rule in enumerate(rules, 1)) + "\n"


def instruction(rng: np.random.Generator, level: int) -> str:
    """What the agent is told."""
    opening = pick(
        rng,
        (
            "After a power cut the whole platform must be started again.",
            "The old start script is gone, and the platform moves to a new data centre tonight.",
            "Every cold start of the platform has been guesswork so far.",
        ),
    )
    if level == 1:
        return (
            f"{opening} /workspace/services.json lists its services; a service can start when all that it `requires` "
            f"have started. Write {TEXT}: the names of all services, one a line, in an order in which they can be "
            "started one after another."
        )
    where = "/workspace/services/ holds one TOML manifest for each service."
    if level == 2:
        return (
            f"{opening} {where} A service can start when all that it `requires` have started. `after` and `before` "
            "name services that must start earlier and later than it; some of those do not exist and are to be "
            f"ignored. Write {TEXT}: the names of all services, one a line, in an order in which they can be started "
            "one after another."
        )
    keys = ["`stages` (a list of lists of names: what starts in stage 1, 2 and so on)", "`blocked` (a list of names)"]
    if level >= 4:
        keys.append("`cycles` (a list of lists of names)")
    if level == 5:
        keys.append("`ready` (minutes from the start until every service that starts is up, a whole number)")
    return (
        f"{opening} {where} {DOC} says how they start. Write {PLAN}, an object with the keys {', '.join(keys)}. "
        "Names within a list, and the lists of `cycles` among themselves, may be in any order."
        if level >= 4
        else f"{opening} {where} {DOC} says how they start. Write {PLAN}, an object with the keys "
        f"{' and '.join(keys)}. Names within a list may be in any order."
    )


SOLVER = """\
cat > /tmp/order.py <<'EOF'
import glob, json, sys, tomllib
from graphlib import TopologicalSorter
level, mode = int(sys.argv[1]), sys.argv[2]
if level == 1:
    table = {s["name"]: s for s in json.load(open("/workspace/services.json"))}
else:
    read = lambda path: tomllib.load(open(path, "rb"))
    table = {s["name"]: s for s in map(read, glob.glob("/workspace/services/*.toml"))}
for path in sorted(glob.glob("/workspace/overlays/*.toml")) if mode != "overlays" else []:
    for name, more in tomllib.load(open(path, "rb")).items():
        table[name].update(more)
on = {n for n, s in table.items() if s.get("enabled", True)}
ability = {a: n for n in sorted(on, reverse=True) for a in table[n].get("provides", [])}
hard = {n: {r if r in table else ability.get(r, r) for r in table[n].get("requires", [])} for n in on}
blocked, alive = set(), set(on)
good = set()
while True:
    more = {n for n in on - good if hard[n] <= good}
    if not more:
        break
    good |= more
if mode == "blocked":
    good |= {n for n in on - good if not hard[n] <= on}
blocked = on - good
waits = {n: hard[n] & good for n in good}
for n in good:
    if mode == "soft":
        break
    waits[n] |= set(table[n].get("after", [])) & good
    for other in set(table[n].get("before", [])) & good:
        waits[other].add(n)
order = list(TopologicalSorter(waits).static_order())
if mode == "reversed":
    order.reverse()
if level <= 2:
    open("/workspace/order.txt", "w").write("\\n".join(order) + "\\n")
    sys.exit()
stage, up = {}, {}
for n in order:
    stage[n] = 1 + max((stage[w] for w in waits[n]), default=0)
    up[n] = table[n]["minutes"] + max((up[w] for w in waits[n]), default=0)
plan = {"stages": [[n for n in order if stage[n] == k] for k in range(1, max(stage.values()) + 1)]}
plan["blocked"] = sorted(blocked)
def reach(start):
    seen, todo = set(), [start]
    while todo:
        for other in hard.get(todo.pop(), ()):
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen
if level >= 4:
    far = {n: reach(n) for n in blocked}
    rings = {frozenset(m for m in far[n] if m in far and n in far[m]) for n in far if n in far[n]}
    plan["cycles"] = [list(ring) for ring in rings]
if level == 5:
    plan["ready"] = sum(table[n]["minutes"] for n in order) if mode == "sum" else max(up.values())
json.dump(plan, open("/workspace/plan.json", "w"))
EOF
"""
