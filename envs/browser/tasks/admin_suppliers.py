"""Tasks about supplier records: what was entered twice, and bank details that letters change."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Contains, Goal, Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.admin.content import iban
from selftrain.envs.browser.sites.admin.policies import SupplierRules
from selftrain.envs.browser.tasks.admin_common import SUBMIT, Rng, account, between, day, go, said, set_policy
from selftrain.envs.browser.tasks.parts import one_of, some_of
from selftrain.envs.browser.world import World


def _suppliers(world: World) -> list[sqlite3.Row]:
    return world.rows("admin", "SELECT * FROM suppliers WHERE status = 'active' ORDER BY id")


def _count(world: World, supplier_id: int) -> int:
    return int(world.row("admin", "SELECT COUNT(*) FROM invoices WHERE supplier_id = ?", supplier_id)[0])


# records that were entered twice


@dataclass(frozen=True)
class Pair:
    """Two records of one supplier; `goes` is the one that does not stay, `merge` whether it is merged or blocked."""

    stays: sqlite3.Row
    goes: sqlite3.Row
    merge: bool

    def changes(self, world: World) -> list[Updated]:
        """The goal rows."""
        if not self.merge:
            values = {"status": "blocked", "code": "DUPLICATE", "note": Contains((self.stays["number"],))}
            return [Updated("admin", "suppliers", self.goes["id"], values)]
        moved = world.rows("admin", "SELECT id FROM invoices WHERE supplier_id = ?", self.goes["id"])
        return [
            Updated("admin", "suppliers", self.goes["id"], {"status": "merged", "merged_into": self.stays["id"]}),
            *(Updated("admin", "invoices", bill["id"], {"supplier_id": self.stays["id"]}) for bill in moved),
        ]

    def steps(self) -> tuple[Do, ...]:
        """The script."""
        if self.merge:
            return merge(self.goes, self.stays)
        return (
            go(f"/suppliers/{self.goes['id']}/block"),
            Do("select", "combobox", "Reason code", "DUPLICATE"),
            Do("fill", "textbox", "Note", f"The same as {self.stays['number']}"),
            Do("click", "button", "Block"),
        )


def merge(goes: sqlite3.Row, stays: sqlite3.Row) -> tuple[Do, ...]:
    """The script that merges one record into another."""
    return (
        go(f"/suppliers/{goes['id']}/merge"),
        Do("fill", "textbox", "Number of the supplier that stays", stays["number"]),
        Do("click", "button", "Merge"),
    )


def _twin(rng: Rng, world: World, number: int, first: sqlite3.Row, level: int) -> None:
    """Enter a supplier once more; sometimes under another name, in another city or with another IBAN."""
    name = first["name"]
    words = name.split()
    if level >= 5 and rng.random() < 0.5:
        name = f"{one_of(rng, ('Aqua', 'Nova', 'Terra', 'Prima'))} {words[1]} Group"
    elif level >= 2:
        name = " ".join(words[:-1]) + one_of(rng, (" Holding", ", " + words[-1], " (Switzerland)"))
    account_number = iban(rng) if level >= 3 and number % 2 else first["iban"]
    row = world.write(
        "admin",
        "INSERT INTO suppliers (number, name, tax_number, iban, email, city, created_on, created_by)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        f"S-{1150 + number * 2 + 3}", name, first["tax_number"], account_number, "ar-" + first["email"], first["city"],
        day(between(rng, 20, 90)), first["created_by"],
    )  # fmt: skip
    # neither has as many invoices as the other, and each has some
    wanted = _count(world, first["id"]) + one_of(rng, (-1, 1, 2))
    loose = world.rows(
        "admin",
        "SELECT id FROM invoices WHERE supplier_id <> ? AND supplier_id <= 150 ORDER BY id DESC LIMIT 200",
        first["id"],
    )
    for bill in some_of(rng, loose, max(wanted, 1 if wanted != 0 else 2)):
        world.write("admin", "UPDATE invoices SET supplier_id = ? WHERE id = ?", row, bill["id"])


def _pairs(world: World, rules: SupplierRules) -> list[Pair]:
    """All pairs of active records with the same tax number, lower number first, and what becomes of them."""
    found: list[Pair] = []
    seen: dict[str, sqlite3.Row] = {}
    for one in _suppliers(world):
        other = seen.setdefault(one["tax_number"], one)
        if other["id"] == one["id"]:
            continue
        stays = other
        if rules.stays == "busiest" and _count(world, one["id"]) > _count(world, other["id"]):
            stays = one
        goes = one if stays is other else other
        found.append(Pair(stays, goes, one["iban"] == other["iban"]))
    return found


def _balanced(world: World, pairs: Sequence[Pair]) -> bool:
    return all(_count(world, pair.stays["id"]) != _count(world, pair.goes["id"]) for pair in pairs)


def _duplicate_wordings(level: int, pairs: Sequence[Pair]) -> tuple[str, ...]:
    one, other = sorted((pairs[0].stays, pairs[0].goes), key=lambda record: str(record["number"]))
    if level <= 2:
        what = f"{one['number']} and {other['number']}" if level == 1 else f"{one['number']} {one['name']}"
        claim = "are the same supplier" if level == 1 else "was entered a second time under another number"
        return (
            f"{what} {claim}. Please clean that up as the policy on supplier records says.",
            f"I was told that {what} {claim}. Do with the records what our policy on supplier records prescribes.",
            f'As far as I can see {what} {claim}; put it right by the policy "Supplier records", and no more.',
        )
    where = f" in {one['city']}" if level < 5 else ""
    return (
        f"Some suppliers{where} are in the register twice. Find all of them and do what the policy on supplier records"
        " says about each. Similar names alone mean nothing.",
        f'Please clear the register of suppliers{where} of records that were entered twice, by the policy "Supplier'
        ' records". There may be one such pair or several; leave all others as they are.',
        f"Go through the suppliers{where} and find those that exist twice. The policy on supplier records tells how to"
        " recognise them, which record stays, and when to block instead of merging. A note needs nothing beyond what"
        " the policy asks for.",
    )


def _duplicates(rng: Rng, level: int, world: World) -> Draft:
    who, rules = account(rng, world, "clerk"), SupplierRules(one_of(rng, ("oldest", "busiest")))
    set_policy(world, "suppliers", rules.text())
    records = [one for one in _suppliers(world) if _count(world, one["id"]) >= 1]
    city = one_of(rng, sorted({one["city"] for one in records}))
    if level in {3, 4}:
        records = [one for one in records if one["city"] == city]
    count = {1: 1, 2: 1, 3: 2, 4: 3, 5: 6}[level]
    for number, first in enumerate(some_of(rng, records, count)):
        _twin(rng, world, number, first, level)
    pairs = _pairs(world, rules)
    if len(pairs) != min(count, len(records)) or not _balanced(world, pairs):
        _even_out(world, pairs)
        pairs = _pairs(world, rules)
    steps = [pair.steps() for pair in pairs]
    paired = {record["id"] for pair in pairs for record in (pair.stays, pair.goes)}
    innocent, one = one_of(rng, [each for each in _suppliers(world) if each["id"] not in paired]), pairs[0]
    oracle = (*who.sign_in, *(step for part in steps for step in part), *SUBMIT)
    cheats = {
        "the wrong one goes": (*who.sign_in, *Pair(one.goes, one.stays, one.merge).steps(), *SUBMIT),
        "one too many": (*oracle[:-1], *merge(innocent, one.stays), *SUBMIT),
        "merged or blocked the other way": (
            *who.sign_in, *Pair(one.stays, one.goes, not one.merge).steps(), *SUBMIT,
        ),
    }  # fmt: skip
    goal = Goal([change for pair in pairs for change in pair.changes(world)], {"admin": who.username})
    instruction = said(rng, who, _duplicate_wordings(level, pairs))
    return Draft(instruction, world, goal, oracle, cheats, steps={1: 40, 2: 50, 3: 90, 4: 120, 5: 400}[level])


def _even_out(world: World, pairs: Sequence[Pair]) -> None:
    """Give the record that stays one invoice more wherever both have the same number."""
    taken = {record["id"] for pair in pairs for record in (pair.stays, pair.goes)}
    for pair in pairs:
        if _count(world, pair.stays["id"]) == _count(world, pair.goes["id"]):
            marks = ", ".join(map(str, sorted(taken)))
            bill = world.rows("admin", f"SELECT id FROM invoices WHERE supplier_id NOT IN ({marks}) ORDER BY id")[0]
            world.write("admin", "UPDATE invoices SET supplier_id = ? WHERE id = ?", pair.stays["id"], bill["id"])


# bank details


@dataclass(frozen=True)
class Letter:
    """A letter with new bank details, as it lies among the documents."""

    number: str
    supplier: sqlite3.Row
    tax_number: str
    iban: str
    received: str


def _write_letter(world: World, letter: Letter) -> None:
    shown = " ".join(letter.iban[at : at + 4] for at in range(0, len(letter.iban), 4))
    one = letter.supplier
    body = (
        f"To Brightwater, accounts payable.\n\nWe have moved to another bank. Our number with you is"
        f" {one['number']}, our tax number is {letter.tax_number}.\n\nPlease pay from now on to IBAN"
        f" {shown}.\n\n{one['name']}, {one['city']}"
    )
    world.write(
        "admin",
        "INSERT INTO documents (number, kind, title, sender, received_on, body) VALUES (?, 'Letter', ?, ?, ?, ?)",
        letter.number, "New bank details", one["name"], letter.received, body,
    )  # fmt: skip


def _letters(rng: Rng, level: int, world: World) -> tuple[list[Letter], list[Letter]]:
    """Letters that count and letters that do not; at most one of each supplier counts."""
    count, fakes = {1: (1, 0), 2: (1, 1), 3: (1, 2), 4: (4, 3), 5: (12, 10)}[level]
    chosen = some_of(rng, _suppliers(world), count + fakes)
    serial, good, bad = 1000 + between(rng, 0, 40), [], []
    for at, supplier in enumerate(chosen):
        back, serial = between(rng, 8, 45), serial + between(rng, 1, 3)
        real = Letter(f"D-{serial}", supplier, supplier["tax_number"], iban(rng), day(back))
        false_tax = str(int(supplier["tax_number"]) + one_of(rng, (9, 90, 900, -90)))
        fake = Letter(f"D-{serial + 300}", supplier, false_tax.zfill(9), iban(rng), day(back - between(rng, 1, 7)))
        if at < count:
            good.append(real)
            # an older letter that it replaces, or a later one that somebody forged
            if level >= 3 and at % 2 == 0:
                bad.append(Letter(f"D-{serial + 600}", supplier, supplier["tax_number"], iban(rng), day(back + 11)))
            elif level >= 4:
                bad.append(fake)
        else:
            bad.append(fake)
    for letter in some_of(rng, [*good, *bad], len(good) + len(bad)):
        _write_letter(world, letter)
    return good, bad


def _set_bank(letter: Letter) -> tuple[Do, ...]:
    return (
        go(f"/suppliers/{letter.supplier['id']}/bank"),
        Do("fill", "textbox", "IBAN", letter.iban),
        Do("fill", "textbox", "Note", f"From {letter.number}"),
        Do("click", "button", "Save"),
    )


def _bank(rng: Rng, level: int, world: World) -> Draft:
    who = account(rng, world, "clerk")
    set_policy(world, "suppliers", SupplierRules(one_of(rng, ("oldest", "busiest"))).text())
    good, bad = _letters(rng, level, world)
    one = good[0].supplier
    if level <= 3:
        source = f"letter {good[0].number}" if level == 1 else "its letter, which is among the documents,"
        wordings: tuple[str, ...] = (
            f"{one['name']} ({one['number']}) has a new bank account. Take the IBAN from {source} and enter it as"
            " the policy on supplier records says; the note must hold the document's number.",
            f"Please change the bank details of {one['number']} {one['name']} to what {source} states. The policy on"
            " supplier records says what has to be in order; write the number of the document into the note.",
            f"New bank details for {one['name']}, supplier {one['number']}: see {source} please, and mind our policy on"
            " supplier records. Note the document's number with the change.",
        )
    else:
        wordings = (
            "Several suppliers wrote about new bank details; the letters are among the documents, titled New bank"
            " details. Enter all that our policy on supplier records accepts, with the document's number in the"
            " note, and ignore the others.",
            'Work off the letters titled "New bank details" under Documents. Some are not to be trusted and some are'
            " out of date: the policy on supplier records tells which count. Each note must hold the document number.",
            "Please bring the IBANs of our suppliers up to date from the letters called New bank details"
            " (Documents), by the policy on supplier records. Put the document's number into the note and change no"
            " other supplier.",
        )

    def values(letter: Letter) -> Updated:
        return Updated(
            "admin", "suppliers", letter.supplier["id"], {"iban": letter.iban, "note": Contains((letter.number,))}
        )

    oracle = (*who.sign_in, *(step for letter in good for step in _set_bank(letter)), *SUBMIT)
    other = Letter(good[0].number, one, "", iban(rng), "")
    cheats = {"another IBAN": (*who.sign_in, *_set_bank(other), *SUBMIT)}
    if bad:
        cheats["a letter that does not count"] = (*oracle[:-1], *_set_bank(bad[-1]), *SUBMIT)
    if len(good) > 1:
        cheats["one too few"] = (*oracle[: -len(_set_bank(good[-1])) - 1], *SUBMIT)
    goal = Goal([values(letter) for letter in good], {"admin": who.username})
    return Draft(said(rng, who, wordings), world, goal, oracle, cheats, steps=50 + 10 * (len(good) + len(bad)))


DUPLICATES = BrowserFamily(
    "admin-duplicate-suppliers",
    "Find suppliers that were entered twice by their tax numbers, and merge or block the right record by policy.",
    ("data cleaning", "telling twins apart", "long surveys"),
    0.0,
    ("admin",),
    _duplicates,
)
BANK = BrowserFamily(
    "admin-bank-details",
    "Correct suppliers' bank details from letters, and ignore the letters that are forged or out of date.",
    ("reading documents", "fraud awareness", "exact data entry"),
    0.0,
    ("admin",),
    _bank,
)
