"""Keeping mailbox and contacts in order: what is kept how long, and new details of people."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Deleted, Goal, Updated
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.mail import words
from selftrain.envs.browser.tasks.mail_base import (
    HOST,
    SUBMIT,
    Rng,
    ago,
    days_ago,
    different,
    login,
    on_message,
    one,
    owner,
    person,
    pick,
    put_file,
    put_mail,
    sign_in,
    steps_for,
    write_guide,
)
from selftrain.envs.browser.world import World

# what is kept how long

_ASK_SENDER = (
    "{login} Please move all mail that {name} <{address}> sent{age} from the inbox to the trash. Leave everything "
    "else alone.",
    "My inbox is full of mail of {name} ({address}). {login} Delete what they sent{age}: from the inbox into the "
    "trash, and nothing else.",
    "{login} Whatever {name}, address {address}, sent{age} and still is in the inbox belongs in the trash. Do not "
    "touch other mail.",
)
_ASK_POLICY = (
    "{login} Clean up my mail as the guide 'Keeping and deleting mail' (under Guides) has it. What the guide does not "
    "name stays where it is, and nothing is deleted for good.",
    "It is time to tidy my mailbox. {login} Do what the guide 'Keeping and deleting mail' (under Guides) asks for, "
    "and no more than that; the trash itself is not emptied.",
    "Please bring my mailbox in line with the guide 'Keeping and deleting mail' (under Guides). {login} Move messages "
    "only where the guide says so, and delete none for good.",
)


@dataclass(frozen=True)
class _Rule:
    """Messages with a label, or of senders called "... Letter", that are in `folders` and older go to `target`."""

    label: str
    before: str
    folders: tuple[str, ...]
    target: str

    def fits(self, message: sqlite3.Row, labels: set[str]) -> bool:
        kind = self.label in labels if self.label else message["sender_name"].endswith(" Letter")
        return kind and message["sent_at"] < self.before and message["folder"] in self.folders

    def text(self) -> str:
        what = (
            f"Mail with the label {self.label}" if self.label else "A newsletter (the sender's name ends in 'Letter')"
        )
        where = "in the inbox or the archive" if len(self.folders) > 1 else f"in the {self.folders[0]}"
        goes = "the trash" if self.target == "trash" else "the archive"
        return f"{what} {where} that came before {self.before} goes to {goes}."


@dataclass(frozen=True)
class _Policy:
    """Rules, of which the first that fits decides, and what they do not touch."""

    rules: tuple[_Rule, ...]
    kept: frozenset[str] = frozenset()
    with_files: bool = False

    def target(self, message: sqlite3.Row, labels: set[str], careless: bool = False) -> str:
        """The folder that a message goes to, or ""; `careless` forgets about exceptions."""
        spared = message["starred"] or labels & self.kept or (self.with_files and message["files"])
        fitting = [rule.target for rule in self.rules if rule.fits(message, labels)]
        return fitting[0] if fitting and (careless or not spared) else ""

    def text(self) -> str:
        lines = [rule.text() for rule in self.rules]
        kept = ["Starred mail stays."]
        kept += [f"Mail with the label {label} stays, whatever other labels it has." for label in sorted(self.kept)]
        kept += ["Mail with attachments stays."] if self.with_files else []
        told = "We keep what we need, and only that.\n\n# What stays in any case\n\n" + _listed(kept)
        goes = "\n\n# What goes of the rest\n\nWhere several of these lines fit, the first one decides.\n\n"
        return told + goes + _listed(lines)


def _listed(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _retention(rng: Rng, level: int, world: World) -> Draft:
    if level <= 2:
        return _clear_sender(rng, level, world)
    policy = _policy(rng, level)
    write_guide(world, "retention", policy.text())
    for n in range({3: 6, 4: 12, 5: 44}[level]):
        city, rule = one(rng, *words.CITIES), policy.rules[n % len(policy.rules)]
        labels = {rule.label, *pick(rng, words.LABELS, int(rng.integers(2)))} - {""}
        put_mail(
            world,
            rng,
            (f"{city} Letter", f"news@{city.lower()}-letter.test")
            if not rule.label
            else (city, f"{city}@x.test".lower()),
            f"{one(rng, 'News', 'Notes', 'Prices', 'Dates')} from {city}",
            f"All that is new in {city} this week.",
            ago(rng, 260, 1),
            folder=str(one(rng, *rule.folders)),
            labels=sorted(labels),
            starred=rng.integers(6) == 0,
            files=[put_file(world, "list.txt", f"{city}\n")] if rng.integers(5) == 0 else [],
        )
    goes, careless = _going(world, policy, False), _going(world, policy, True)
    if not goes or len(careless) == len(goes):
        return _retention(rng, level, world)
    return _moved(world, rng, one(rng, *_ASK_POLICY), goes, careless)


def _policy(rng: Rng, level: int) -> _Policy:
    days = different(rng, 3, 30, 120)
    labels = pick(rng, ("Vendors", "Receipts", "Reports", "Clients"), 2)
    both = ("inbox", "archive") if level == 5 else ("inbox",)
    rules = [
        _Rule("", days_ago(days[0] + (100 if level == 3 else 0)), both, "trash"),
        _Rule(labels[0], days_ago(days[1]), ("inbox",), "archive"),
    ]
    if level == 5:
        rules.append(_Rule(labels[1], days_ago(days[2] + 30), both, "trash"))
    kept = frozenset({4: ("Legal hold",), 5: ("Legal hold", "Personal")}.get(level, ()))
    return _Policy(tuple(rules), kept, level == 5)


def _going(world: World, policy: _Policy, careless: bool) -> dict[int, str]:
    """Ids of messages → folder that the policy moves them to."""
    labels: dict[int, set[str]] = {}
    for found in world.rows(
        "mail", "SELECT x.message_id, l.name FROM message_labels x JOIN labels l ON l.id = x.label_id"
    ):
        labels.setdefault(found["message_id"], set()).add(found["name"])
    goes = {}
    for message in world.rows("mail", "SELECT * FROM messages WHERE owner_id = 1 ORDER BY id"):
        if target := policy.target(message, labels.get(message["id"], set()), careless):
            goes[int(message["id"])] = target
    return goes


def _clear_sender(rng: Rng, level: int, world: World) -> Draft:
    city, before = str(one(rng, *words.CITIES)), days_ago(int(rng.integers(20, 60)))
    name, address = f"{city} Gazette", f"post@{city.lower()}-gazette.test"
    twin = (f"{city} Gazetteer", f"post@{city.lower()}-gazetteer.test")
    goes: dict[int, str] = {}
    careless: dict[int, str] = {}
    for n in range(3 + 4 * (level - 1)):
        old = level == 1 or n % 2 == 0
        sent_at = f"{days_ago(int(rng.integers(61, 150) if old else rng.integers(1, 20)))} 08:{n + 10}"
        message = put_mail(world, rng, (name, address), f"{city} this week", "The week in short.", sent_at)
        careless[message] = "trash"
        if old:
            goes[message] = "trash"
    careless[put_mail(world, rng, twin, f"{city} this week", "The week in short.", f"{days_ago(70)} 07:00")] = "trash"
    age = f" before {before}" if level == 2 else ""
    return _moved(world, rng, str(one(rng, *_ASK_SENDER)), goes, careless, name=name, address=address, age=age)


def _moved(world: World, rng: Rng, ask: str, goes: dict[int, str], careless: dict[int, str], **told: str) -> Draft:
    """The draft whose goal is that messages get into these folders."""
    who = owner(world)
    buttons = {"trash": "Delete", "archive": "Archive"}
    moving = [on_message(message, buttons[target]) for message, target in goes.items()]
    oracle = [*sign_in(who), *(do for each in moving for do in each), SUBMIT]
    extra = next(message for message in careless if message not in goes)
    everything = [do for message, target in careless.items() for do in on_message(message, buttons[target])]
    back = Do("click", "button", "Move to inbox")
    cheats = {
        "one left out": [*sign_in(who), *(do for each in moving[1:] for do in each), SUBMIT],
        "exceptions forgotten": [*sign_in(who), *everything, SUBMIT],
        "one too many, put back": [*oracle[:-1], *on_message(extra, buttons[careless[extra]]), back, SUBMIT],
    }
    changes = [Updated("mail", "messages", message, {"folder": target}) for message, target in goes.items()]
    goal = Goal(changes, {"mail": who["username"]})
    instruction = ask.format(login=login(who), **told)
    return Draft(instruction, world, goal, oracle, cheats, steps=steps_for(oracle, 80))


# new details of people

_ASK_DETAILS = (
    "{login} Please bring my contacts up to date: {who} told me by mail that some of their details are new. {how}",
    "My contacts need care: {who} wrote to me with new details. {login} Change the contacts as they say, and nothing "
    "else in them. {how}",
    "Please look for the mails of {who} about new details and correct my contacts. {login} {how}",
)
_HOW_DETAILS = {
    1: "The subject is 'New details'.",
    2: "The subject is 'New details'. Mind that two of my contacts have nearly the same name.",
    3: "The subject is 'New details'. If somebody wrote twice, the later mail counts where the two disagree.",
    4: "The subject is 'New details'. If somebody wrote twice, the later mail counts where the two disagree. Whoever "
    "has left their company is to be deleted from the contacts.",
    5: "The subject is 'New details'. If somebody wrote twice, the later mail counts where the two disagree. Whoever "
    "has left their company is to be deleted from the contacts. Trust a mail only if it comes from the address that "
    "the contact has now, and leave people alone who are not among my contacts.",
}


@dataclass
class _News:
    """What becomes of a contact: new values, or that it goes; `first` are values that a later mail changed again."""

    contact: sqlite3.Row
    values: dict[str, str] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)
    gone: bool = False


def _details(rng: Rng, level: int, world: World) -> Draft:
    who = owner(world)
    count = {1: 1, 2: 1, 3: 3, 4: 5, 5: 9}[level]
    loose = world.rows(
        "mail", "SELECT * FROM contacts WHERE id NOT IN (SELECT contact_id FROM group_members) ORDER BY id"
    )
    contacts = pick(rng, loose, count + 2)
    if level == 2:
        _put_twin(world, contacts[0])
    news = [_put_news(rng, world, level, contact, n) for n, contact in enumerate(contacts[:count])]
    if level == 5:
        _put_lies(rng, world, contacts[count:])
    changes = [
        Deleted("mail", "contacts", each.contact["id"])
        if each.gone
        else Updated("mail", "contacts", each.contact["id"], each.values)
        for each in news
    ]
    doing = [_entering(each.contact, each.values, each.gone) for each in news]
    oracle = [*sign_in(who), *(do for each in doing for do in each), SUBMIT]
    stale = _entering(contacts[count], {"phone": "+1 555 000 0000"}, False)
    named = str(contacts[0]["name"]) if level <= 2 else "several people"
    cheats = {"one too many": [*oracle[:-1], *stale, SUBMIT]}
    if count > 1:
        cheats["one left out"] = [*sign_in(who), *(do for each in doing[1:] for do in each), SUBMIT]
        early = [do for each in news for do in _entering(each.contact, each.values | each.first, each.gone)]
        cheats["first mail"] = [*sign_in(who), *early, SUBMIT]
    else:
        typo = _entering(contacts[0], {"phone": "+1 555 010 0000"}, False)
        cheats["another number, then the right one"] = [*sign_in(who), *typo, SUBMIT]
    instruction = str(one(rng, *_ASK_DETAILS)).format(login=login(who), who=named, how=_HOW_DETAILS[level])
    return Draft(instruction, world, Goal(changes, {"mail": who["username"]}), oracle, cheats, steps=steps_for(oracle))


def _put_twin(world: World, contact: sqlite3.Row) -> None:
    name, address = f"{contact['name']}s", contact["address"].replace("@", "s@")
    world.write(
        "mail",
        "INSERT INTO contacts (owner_id, name, address, company, phone) VALUES (1, ?, ?, ?, '+1 555 700 7000')",
        *(name, address, contact["company"]),
    )


def _put_news(rng: Rng, world: World, level: int, contact: sqlite3.Row, n: int) -> _News:
    """The mails of one contact; from level 3 on every other one writes twice, and from level 4 on some leave."""
    phones = [
        f"+1 555 {a} {b}" for a, b in zip(different(rng, 2, 100, 999), different(rng, 2, 1000, 9999), strict=True)
    ]
    found = _News(contact, {"phone": phones[0]})
    if level >= 4 and n % 4 == 1:
        found = _News(contact, gone=True)
        text = f"I leave {contact['company']} today. Please take me off your list."
        put_mail(world, rng, person(contact), "New details", text, ago(rng, 8, 1))
        return found
    text = f"My new phone number is {phones[0]}."
    if level >= 2 and n % 3 == 0:
        company = str(one(rng, *(name for name in words.COMPANIES if name != contact["company"])))
        found.values["company"] = company
        text += f" And I work for {company} now; the address stays as it is for the time being."
    if level >= 3 and n % 2 == 0:
        found.first["phone"] = phones[1]
        early = text.replace(phones[0], phones[1])
        put_mail(world, rng, person(contact), "New details", early, ago(rng, 20, 14))
        text = f"The phone number in my last mail was wrong. It is {phones[0]}. The rest is right."
    put_mail(world, rng, person(contact), "New details", text, ago(rng, 8, 1))
    return found


def _put_lies(rng: Rng, world: World, contacts: list[sqlite3.Row]) -> None:
    """Mails that must not count: of another address than the contact's, and of a stranger."""
    for contact in contacts:
        sender = (contact["name"], f"{contact['address'].partition('@')[0]}@mail-{rng.integers(10, 99)}.test")
        put_mail(world, rng, sender, "New details", "My new phone number is +1 555 000 0000.", ago(rng, 8, 1))
    stranger = ("Kim Stranger", "kim.stranger@nowhere.test")
    put_mail(world, rng, stranger, "New details", "My new phone number is +1 555 000 0001.", ago(rng, 8, 1))


def _entering(contact: sqlite3.Row, values: dict[str, str], gone: bool) -> list[Do]:
    if gone:
        return [Do(f"goto('{HOST}/contacts/{contact['id']}/delete')"), Do("click", "button", "Delete contact")]
    return [
        Do(f"goto('{HOST}/contacts/{contact['id']}/edit')"),
        *(Do("fill", "textbox", name.title(), text) for name, text in values.items()),
        Do("click", "button", "Save"),
    ]


FAMILIES = (
    BrowserFamily(
        "mail-keep-and-delete",
        "Clean up a mailbox by sender, age, labels and the guide on what is kept, exceptions included",
        ("search operators", "bulk work", "policy"),
        0.0,
        ("mail",),
        _retention,
    ),
    BrowserFamily(
        "mail-update-contacts",
        "Bring contacts up to date from mails that correct each other, and from some that must not be trusted",
        ("reading mail", "data entry", "judging sources"),
        0.0,
        ("mail",),
        _details,
    ),
)
