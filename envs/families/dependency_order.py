"""The family `dependency-order`: the order in which services can start, from their manifests."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from selftrain.envs.checks import UnreadableError, missing, same_value, strict_json, strict_text
from selftrain.envs.families.dependency_order_material import DOC, PLAN, SOLVER, TEXT, document, instruction
from selftrain.envs.families.material import SERVICES, SITES, between, chance_of, pick, sample, sentence
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.evidence import Evidence
from selftrain.tasks import Limits, Task, TaskFamily
from selftrain.verdicts import Check

_COUNT = {1: 9, 2: 18, 3: 60, 4: 140, 5: 500}
_ROLES = ("api", "db", "worker", "cache", "proxy", "cron", "web", "store", "agent", "feed")
_ABILITIES = ("smtp", "cache", "metrics-sink", "object-store", "message-bus", "license-check", "geoip", "vault")


@dataclass(frozen=True)
class _Service:
    """A manifest. `requires` may name services or abilities; the soft references only services."""

    minutes: int
    requires: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    enabled: bool = True


@dataclass
class _Plan:
    """What follows from the manifests."""

    waits: dict[str, set[str]] = field(default_factory=dict)  # service that starts → what must be up before
    stages: list[list[str]] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    cycles: list[list[str]] = field(default_factory=list)
    ready: int = 0


def _names(rng: np.random.Generator, count: int) -> list[str]:
    names = [f"{service}-{role}" for service in SERVICES for role in _ROLES]
    names += [f"{service}-{role}-{site}" for service in SERVICES for role in _ROLES[:3] for site in SITES]
    return sample(rng, names[:300] if count < 250 else names, count)


def _services(rng: np.random.Generator, level: int) -> dict[str, _Service]:
    """Services whose references lead back to earlier ones, so that they can start at all."""
    names = _names(rng, _COUNT[level])
    table: dict[str, _Service] = {}
    soft_before: dict[str, list[str]] = {}
    for place, name in enumerate(names):
        recent = names[max(0, place - 40) : place]
        requires = sample(rng, recent, min(len(recent), pick(rng, (1, 1, 2, 3) if level == 1 else (0, 0, 1, 1, 2))))
        after = sample(rng, recent, min(len(recent), pick(rng, (0, 0, 1, 2)))) if level >= 2 else []
        if level >= 2 and recent and chance_of(rng, 0.3):
            soft_before.setdefault(pick(rng, recent), []).append(name)
        if level >= 2 and chance_of(rng, 0.15):
            after.append(f"legacy-{pick(rng, SERVICES)}")  # named, but there is no such service
        table[name] = _Service(between(rng, 1, 30), tuple(requires), tuple(after))
    for name, others in soft_before.items():
        table[name] = replace(table[name], before=tuple(others))
    if level >= 3:
        for name in sample(rng, names[len(names) // 2 : -3], len(names) // 30):
            table[name] = replace(table[name], enabled=False)
        off, first, second = names[-3:]  # a chain in which one service blocks the next
        table[off] = replace(table[off], enabled=False)
        table[first] = replace(table[first], requires=(off,))
        table[second] = replace(table[second], requires=(first,))
    return table


def _add_abilities(rng: np.random.Generator, table: dict[str, _Service]) -> None:
    """Early services provide abilities (two of them the same one, the first switched off); later ones require them."""
    names = list(table)
    for ability in _ABILITIES:
        off, on = sample(rng, names[: len(names) // 4], 2)
        table[off] = replace(table[off], enabled=False, provides=(*table[off].provides, ability))
        table[on] = replace(table[on], enabled=True, provides=(*table[on].provides, ability))
        for name in sample(rng, names[len(names) // 4 :], len(names) // 25):
            table[name] = replace(table[name], requires=(*table[name].requires, ability))
    for ability in _ABILITIES:  # a later ability may have switched the provider off; then another one serves
        if not any(ability in one.provides and one.enabled for one in table.values()):
            name = next(each for each in names[: len(names) // 4] if table[each].enabled and not table[each].provides)
            table[name] = replace(table[name], provides=(ability,))


def _add_cycles(rng: np.random.Generator, table: dict[str, _Service], count: int) -> None:
    """Rings of hard requirements among late services that are switched on."""
    late = [name for name in list(table)[len(table) * 2 // 3 :] if table[name].enabled]
    chosen = sample(rng, late, 4 * count)
    for number in range(count):
        ring = chosen[4 * number : 4 * number + between(rng, 2, 4)]
        for name, nearest in zip(ring, [*ring[1:], ring[0]], strict=True):
            if nearest not in table[name].requires:
                table[name] = replace(table[name], requires=(*table[name].requires, nearest))


def _hard(table: Mapping[str, _Service]) -> dict[str, set[str]]:
    """Service → services it requires; an unmet requirement stays under its own name."""
    providers: dict[str, str] = {}
    for name in sorted(table, reverse=True):
        if table[name].enabled:
            providers.update(dict.fromkeys(table[name].provides, name))
    return {
        name: {need if need in table else providers.get(need, need) for need in one.requires}
        for name, one in table.items()
        if one.enabled
    }


def _reach(edges: Mapping[str, Collection[str]], start: str) -> set[str]:
    seen: set[str] = set()
    todo = list(edges.get(start, ()))
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += edges.get(name, ())
    return seen


def _plan(table: Mapping[str, _Service]) -> _Plan:
    hard = _hard(table)
    reach = {name: _reach(hard, name) for name in hard}
    ring = {name for name in hard if name in reach[name]}
    plan = _Plan()
    groups = {tuple(sorted(other for other in ring if other in reach[name] and name in reach[other])) for name in ring}
    plan.cycles = [list(group) for group in sorted(groups)]
    plan.blocked = sorted(n for n in hard if n in ring or reach[n] & ring or reach[n] - hard.keys())
    plan.waits = {name: set(needs) for name, needs in hard.items() if name not in plan.blocked}
    for name in plan.waits:
        plan.waits[name] |= {other for other in table[name].after if other in plan.waits}
        for other in table[name].before:
            if other in plan.waits:
                plan.waits[other].add(name)
    stage: dict[str, int] = {}
    up: dict[str, int] = {}
    while len(stage) < len(plan.waits):
        free = sorted(n for n, needs in plan.waits.items() if n not in stage and needs <= stage.keys())
        plan.stages.append(free)
        up.update({n: max((up[need] for need in plan.waits[n]), default=0) + table[n].minutes for n in free})
        stage.update(dict.fromkeys(free, len(plan.stages)))
    plan.ready = max(up.values(), default=0)
    return plan


def _toml(name: str, one: _Service, rng: np.random.Generator) -> bytes:
    fields = {"requires": one.requires, "after": one.after, "before": one.before, "provides": one.provides}
    lists = [f"{key} = {json.dumps(list(values))}" for key, values in fields.items() if values or chance_of(rng, 0.3)]
    lines = [f'name = "{name}"', f'description = "{sentence(rng, 4)}"', f"minutes = {one.minutes}"]
    if not one.enabled or chance_of(rng, 0.2):
        lines.append(f"enabled = {str(one.enabled).lower()}")
    return ("\n".join([*lines, *lists]) + "\n").encode()


def _overlays(rng: np.random.Generator, table: Mapping[str, _Service]) -> tuple[dict[str, _Service], dict[str, bytes]]:
    """Manifests as they were before, and the overlay files that make them what they are."""
    before, chosen = dict(table), sample(rng, list(table), 60)
    layers: list[dict[str, dict[str, object]]] = [{}, {}, {}]
    for number, name in enumerate(chosen):
        one = table[name]
        if number % 3 == 0:
            before[name] = replace(one, enabled=not one.enabled)
            change: dict[str, object] = {"enabled": one.enabled}
        elif number % 3 == 1:
            before[name] = replace(one, minutes=one.minutes + between(rng, 20, 90))
            change = {"minutes": one.minutes}
        else:
            before[name] = replace(one, requires=tuple(sample(rng, chosen, 2)))
            change = {"requires": list(one.requires)}
        layers[1 + number % 2][name] = change
        if number % 5 == 0:  # an early overlay that the last one takes back
            layers[0][name] = {"enabled": not one.enabled}
            layers[2][name] = {**layers[2].get(name, {}), "enabled": one.enabled}
    files = {}
    for number, (title, layer) in enumerate(zip(("base", "site", "emergency"), layers, strict=True)):
        tables = [f'["{name}"]\n' + _assignments(change) for name, change in layer.items()]
        files[f"/workspace/overlays/{10 * number + 10}-{title}.toml"] = "\n".join(tables).encode()
    return before, files


def _assignments(values: Mapping[str, object]) -> str:
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())


def _in_order(waits: Mapping[str, Collection[str]], names: Sequence[str]) -> bool:
    place = {name: number for number, name in enumerate(names)}
    return all(place[need] < place[name] for name, needs in waits.items() for need in needs)


def _order_check(waits: Mapping[str, Collection[str]], evidence: Evidence) -> list[Check]:
    data = evidence.get(TEXT)
    if data is None:
        return [Check("the order is there", False, missing(evidence, TEXT))]
    try:
        names = [line.strip() for line in strict_text(data).split("\n") if line.strip()]
    except UnreadableError as error:
        return [Check("the order is there", False, str(error))]
    complete = len(set(names)) == len(names) and set(names) == waits.keys()
    sound = complete and _in_order(waits, names)
    return [
        Check("every service is there once", complete, "names are missing, unknown or repeated"),
        Check("nothing starts too early", sound, "a service starts before what it waits for"),
    ]


def _sorted_names(value: object) -> object:
    """Lists of names in one order, at any depth but the outermost list of stages."""
    if isinstance(value, list):
        return sorted((_sorted_names(each) for each in value), key=json.dumps)
    return value


def _plan_check(plan: _Plan, level: int, evidence: Evidence) -> list[Check]:
    data = evidence.get(PLAN)
    if data is None:
        return [Check("the plan is there", False, missing(evidence, PLAN))]
    try:
        found = strict_json(data)
    except UnreadableError as error:
        return [Check("the plan is there", False, str(error))]
    wanted = {"stages": plan.stages, "blocked": plan.blocked}
    wanted |= {"cycles": plan.cycles} if level >= 4 else {}
    whole: dict[str, object] = wanted | ({"ready": plan.ready} if level == 5 else {})
    if not isinstance(found, dict) or found.keys() != whole.keys() or not isinstance(found["stages"], list):
        return [Check("the plan has its keys", False, "not an object with the keys asked for")]
    found["stages"] = [_sorted_names(stage) for stage in found["stages"]]
    return [
        Check(f"{key} is right", same_value(_tidy(key, value), _tidy(key, found[key])), "wrong")
        for key, value in whole.items()
    ]


def _tidy(key: str, value: object) -> object:
    return value if key == "stages" else _sorted_names(value)


def _script(level: int, mode: str = "right") -> tuple[str, ...]:
    return (SOLVER + f"python3 /tmp/order.py {level} {mode}",)


def _cheats(level: int) -> dict[str, tuple[str, ...]]:
    listing = "jq -r '.[].name' /workspace/services.json" if level == 1 else "ls /workspace/services | sed 's/.toml$//'"
    empty = '{"stages": [], "blocked": [], "cycles": [], "ready": 0}'
    cheats = {
        "an empty plan": (f"echo '{empty}' > {PLAN}; : > {TEXT}",),
        "in the order of the listing": (f"{listing} | tee {TEXT} | jq -R . | jq -s '{{stages: [.]}}' > {PLAN}",),
        "a link to the input": (f"ln -s /workspace/services* {TEXT}; ln -s {DOC} {PLAN}",),
    }
    modes = {1: ("reversed",), 2: ("soft", "reversed"), 5: ("soft", "blocked", "overlays", "sum")}
    return cheats | {f"gets it wrong: {mode}": _script(level, mode) for mode in modes.get(level, ("soft", "blocked"))}


def build(rng: np.random.Generator, level: int) -> Task:
    """One platform of services with the traps of its level."""
    table = _services(rng, level)
    if level >= 4:
        _add_abilities(rng, table)
        _add_cycles(rng, table, level - 2)
    shown, files = _overlays(rng, table) if level == 5 else (table, {})
    plan = _plan(table)
    shuffled = sample(rng, list(shown), len(shown))
    if level == 1:
        if _in_order(plan.waits, shuffled):
            shuffled.reverse()
        listed = [{"name": name, "requires": shown[name].requires} for name in shuffled]
        files["/workspace/services.json"] = (json.dumps(listed, indent=2) + "\n").encode()
    else:
        files |= {f"/workspace/services/{name}.toml": _toml(name, shown[name], rng) for name in shuffled}
    if level >= 3:
        files[DOC] = document(level).encode()
    path = TEXT if level <= 2 else PLAN
    return Task(
        instruction=instruction(rng, level),
        verifier=EvidenceVerifier(
            (path,),
            lambda evidence: _order_check(plan.waits, evidence) if level <= 2 else _plan_check(plan, level, evidence),
        ),
        files=files,
        tools=("python3", "jq"),
        oracle=_script(level),
        cheats=_cheats(level),
        limits=Limits(steps=15 + 8 * level, seconds=300.0 + 120.0 * level),
    )


FAMILY = TaskFamily(
    name="dependency-order",
    summary="Work out the order in which services can start, from their manifests.",
    skills=("dependency graphs", "cycles", "layered configuration", "scheduling"),
    chance=0.0,
    build=build,
)
