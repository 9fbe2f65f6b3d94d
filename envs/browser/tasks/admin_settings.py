"""Tasks that bring settings into line with decisions that are filed among the documents."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.tasks.admin_common import SUBMIT, Account, Rng, account, between, day, go, said
from selftrain.envs.browser.tasks.parts import one_of, some_of
from selftrain.envs.browser.world import World

_COUNT = {1: 1, 2: 2, 3: 4, 4: 7, 5: 11}


def _another(rng: Rng, setting: sqlite3.Row, besides: Sequence[str]) -> str:
    """A value that the setting may take, other than those."""
    if setting["kind"] == "choice":
        return one_of(rng, [each for each in str(setting["allowed"]).split("|") if each not in besides])
    least, most = (int(part) for part in setting["allowed"].split(".."))
    while True:
        chosen = str(between(rng, least, min(most, least * 9 + 90)))
        if chosen not in besides:
            return chosen


def _file(world: World, number: str, title: str, received: str, body: str) -> None:
    world.write(
        "admin", "INSERT INTO documents (number, kind, title, sender, received_on, body) VALUES (?, 'Decision', ?,"
        " ?, ?, ?)",
        number, title, "Board", received, body,
    )  # fmt: skip


def _decisions(rng: Rng, level: int, world: World, chosen: Sequence[sqlite3.Row]) -> dict[int, str]:
    """File the board's decisions; what each setting must be in the end, by its id, where that is not what it is."""
    wanted: dict[int, str] = {}
    parts = 1 if level <= 2 else level - 1
    serial = 1000 + between(rng, 0, 50)
    for part in range(parts):
        mine = chosen[part::parts]
        back = 40 - part * 8
        lines = []
        for setting in mine:
            value = _another(rng, setting, (setting["value"],))
            wanted[setting["id"]] = value
            lines.append(f"- {setting['label']}: {value}")
        if level >= 3:
            _older(rng, world, f"D-{serial + part * 2 + 1}", back + between(rng, 3, 6), mine)
        body = "The board decided on these settings of the back office:\n\n" + "\n".join(lines) + "\n\nThe Board"
        _file(world, f"D-{serial + part * 2 + 2}", f"Decision on settings, part {part + 1}", day(back), body)
    if level >= 4:
        _amend(rng, world, f"D-{serial + 90}", chosen, wanted)
    return {row: value for row, value in wanted.items() if value != _now(chosen, row)}


def _now(chosen: Sequence[sqlite3.Row], row: int) -> str:
    return next(str(setting["value"]) for setting in chosen if setting["id"] == row)


def _older(rng: Rng, world: World, number: str, back: int, settings: Sequence[sqlite3.Row]) -> None:
    """An older decision about some of the same settings, which a newer one replaces."""
    lines = [f"- {one['label']}: {_another(rng, one, (one['value'],))}" for one in settings]
    body = "The board decided on these settings of the back office:\n\n" + "\n".join(lines) + "\n\nThe Board"
    _file(world, number, "Decision on settings (draft of last year)", day(back + 300), body)


def _amend(rng: Rng, world: World, number: str, chosen: Sequence[sqlite3.Row], wanted: dict[int, str]) -> None:
    """A later letter that changes one decision and takes back another."""
    first, second = chosen[0], chosen[1]
    value = _another(rng, first, (first["value"], wanted[first["id"]]))
    wanted[first["id"]] = value
    wanted[second["id"]] = str(second["value"])
    body = (
        f"To our earlier decisions on settings the board adds:\n\n- {first['label']}: {value}\n- {second['label']}: our"
        " decision is void, this setting stays as it was\n\nThe Board"
    )
    _file(world, number, "Amendment to decisions on settings", day(3), body)


def _script(who: Account, settings: Mapping[int, sqlite3.Row], values: Mapping[int, str]) -> tuple[Do, ...]:
    steps: list[Do] = []
    for row, value in values.items():
        choice = settings[row]["kind"] == "choice"
        verb, role = ("select", "combobox") if choice else ("fill", "textbox")
        steps += [go(f"/settings/{row}"), Do(verb, role, settings[row]["label"], value), Do("click", "button", "Save")]
    return (*who.sign_in, *steps, *SUBMIT)


def _settings(rng: Rng, level: int, world: World) -> Draft:
    who = account(rng, world, "admin")
    every = world.rows("admin", "SELECT * FROM settings WHERE kind <> 'text' AND key <> 'naming.style' ORDER BY id")
    settings = {one["id"]: one for one in every}
    chosen = some_of(rng, every, _COUNT[level])
    if level == 1:
        wanted = {chosen[0]["id"]: _another(rng, chosen[0], (chosen[0]["value"],))}
        label, value = chosen[0]["label"], wanted[chosen[0]["id"]]
        wordings: tuple[str, ...] = (
            f'Please set "{label}" to {value} in the settings of the back office, and nothing else.',
            f'The setting "{label}" must be {value} from now on. Change it, please.',
            f'Could you change "{label}" to {value}? It is among the settings of the back office.',
        )
    else:
        wanted = _decisions(rng, level, world, chosen)
        wordings = (
            "The board decided on settings of the back office; its decisions are filed among the documents. Bring the"
            " settings into line with them. If several are about the same setting, the latest counts.",
            "Please carry out the board's decisions on settings (see Documents, kind Decision). Later ones replace"
            " earlier ones, and settings that no decision names stay as they are.",
            "Make our settings what the board wants. All its decisions on settings are among the documents; for each"
            " setting the most recent one holds. Change nothing that already is as it should be.",
        )
    rest = [one for one in every if one["id"] not in {each["id"] for each in chosen}]
    extra = one_of(rng, rest)
    last = list(wanted)[-1]
    wrong = _another(rng, settings[last], (settings[last]["value"], wanted[last]))
    cheats = {
        "one too many": _script(who, settings, wanted | {extra["id"]: _another(rng, extra, (extra["value"],))}),
        "another value": _script(who, settings, wanted | {last: wrong}),
    }
    if len(wanted) > 1:
        cheats["one too few"] = _script(who, settings, {row: value for row, value in wanted.items() if row != last})
    goal = Goal([Updated("admin", "settings", row, {"value": v}) for row, v in wanted.items()], {"admin": who.username})
    steps = 40 + 8 * len(wanted)
    return Draft(said(rng, who, wordings), world, goal, _script(who, settings, wanted), cheats, steps=steps)


SETTINGS = BrowserFamily(
    "admin-settings",
    "Bring settings into line with the board's decisions, of which the latest counts for each setting.",
    ("configuration", "reading documents", "precedence of decisions"),
    0.0,
    ("admin",),
    _settings,
)
