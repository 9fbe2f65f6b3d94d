"""Writing the right mail to the right person: answers with figures, and forwarded files."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, Inserted
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.mail import words
from selftrain.envs.browser.sites.mail.common import joined
from selftrain.envs.browser.tasks.mail_base import (
    SUBMIT,
    Amounts,
    Person,
    Rng,
    Says,
    ago,
    assistant,
    colleagues,
    different,
    dollars,
    login,
    one,
    outsiders,
    owner,
    person,
    pick,
    put_file,
    put_mail,
    sent_mail,
    sign_in,
    steps_for,
    write,
    write_guide,
)
from selftrain.envs.browser.world import World

# answers with figures

_ASK_REPLY = (
    "{login} {asker} asked me by mail what the invoice {number} comes to. {how} Reply to that mail with the amount, "
    "written such as 1234.50, and name no other amount.",
    "Please answer {asker}, who wants to know the sum of the invoice {number}. {how} Do it as a reply to the mail in "
    "which the question stands; it must hold the amount, such as 1234.50, and no other amount. {login}",
    "There is a question of {asker} in my inbox: what is the total of the invoice {number}? {how} {login} Send a "
    "reply to that mail with the amount (such as 1234.50) and without any other amount.",
)
_HOW_REPLY = {
    1: "The invoice came by mail and names its total.",
    2: "The invoice came by mail; do not mix it up with others, and mind that two people with that surname write to "
    "me.",
    3: "The total was corrected in a later mail of the seller, and only the corrected one may be told. Reply to all.",
    4: "The invoice is a file of a mail: the total is the sum of quantity times price over its lines. Put the manager "
    "of {asker} (see People) into Cc, and nobody else.",
}
_ASK_REPLIES = (
    "{login} In the last days several people asked me by mail, with subjects that begin with 'Sum of the invoice', "
    "what an invoice comes to. Reply to each of these mails as the guide 'Who gets what' (under Guides) says. Write "
    "amounts such as 1234.50, and in each reply no amount but the one that was asked for.",
    "My inbox has mails whose subjects begin with 'Sum of the invoice'. {login} Please reply to every one of them; "
    "what may be told, and to whom, is in the guide 'Who gets what' (under Guides). Amounts look like 1234.50; a "
    "reply holds no other amount.",
    "Please work through the mails 'Sum of the invoice ...' in the inbox and send a reply to each, by the guide 'Who "
    "gets what' (under Guides). {login} An amount is written such as 1234.50, and no reply may hold another one than "
    "it is about.",
)


@dataclass(frozen=True)
class _Question:
    """A mail that asks for the sum of an invoice, and what is known of the invoice."""

    message: int
    asker: Person
    number: str
    cents: int
    wrong: int
    copies: str = ""


def _numbers(rng: Rng, count: int) -> list[str]:
    """Numbers of invoices, in pairs that differ in two digits that changed places."""
    found = []
    for stem in different(rng, -(-count // 2), 100, 999):
        a, b = pick(rng, range(1, 10), 2)
        found += [f"K-{stem}{a}{b}", f"K-{stem}{b}{a}"]
    return found


def _put_invoice(rng: Rng, world: World, number: str, way: str) -> tuple[int, int]:
    """An invoice as mails; cents of its total and of one that is wrong. `way`: "text", "corrected" or "file"."""
    (seller,) = outsiders(world, rng, 1)
    total, wrong = different(rng, 2, 50_000, 900_000)
    subject = f"Invoice {number} of {seller['company']}"
    files = []
    text = f"The total of our invoice {number} is $ {dollars(wrong if way == 'corrected' else total)}."
    if way == "file":
        count = int(rng.integers(4, 7))
        lines = [(item, int(rng.integers(2, 20)), int(rng.integers(5, 300))) for item in pick(rng, words.PARTS, count)]
        total = sum(quantity * price * 100 for _, quantity, price in lines)
        wrong = total - lines[-1][1] * lines[-1][2] * 100
        text = f"You find our invoice {number} in the file."
        table = "item,quantity,price\n" + "".join(f"{a},{b},{c}.00\n" for a, b, c in lines)
        files = [put_file(world, f"invoice-{number}.csv", table)]
    first = put_mail(world, rng, person(seller), subject, text, ago(rng, 20, 12), files=files)
    if way == "corrected":
        text = f"Please excuse us: the total of {number} is $ {dollars(total)}. What we wrote before is void."
        put_mail(world, rng, person(seller), f"Re: {subject}", text, ago(rng, 10, 6), follows=first)
    return total, wrong


def _put_question(rng: Rng, world: World, asker: Person, number: str, way: str, copies: str = "") -> _Question:
    cents, wrong = _put_invoice(rng, world, number, way)
    text = str(
        one(
            rng,
            "Could you tell me what the invoice {number} comes to?",
            "I need the total of the invoice {number} for my list. Can you send it?",
            "What is the sum of the invoice {number}?",
        )
    ).format(number=number)
    message = put_mail(world, rng, asker, f"Sum of the invoice {number}", text, ago(rng, 4), copies=copies)
    return _Question(message, asker, number, cents, wrong, copies)


def _reply(rng: Rng, level: int, world: World) -> Draft:
    if level == 5:
        return _replies(rng, world)
    who, numbers = owner(world), _numbers(rng, 2)
    asker, twin, third = _namesakes(rng, world)
    copies = joined(each["address"] for each in (twin, third)) if level == 3 else ""
    way = {3: "corrected", 4: "file"}.get(level, "text")
    question = _put_question(rng, world, person(asker), numbers[0], way, copies)
    other = _put_question(rng, world, person(twin), numbers[1], way)
    cc = copies
    if level == 4:
        cc = world.row("mail", "SELECT address FROM users WHERE username = ?", asker["manager"])["address"]
    instruction = one(rng, *_ASK_REPLY).format(
        login=login(who),
        asker=asker["name"],
        number=question.number,
        how=_HOW_REPLY[level].format(asker=asker["name"]),
    )
    query = f"reply_all={question.message}" if level == 3 else f"reply={question.message}"
    added = cc if level == 4 else ""
    right = f"The invoice {question.number} comes to $ {dollars(question.cents)}."
    wrong = f"The invoice {question.number} comes to $ {dollars(question.wrong)}."
    hedged = f"{right} Or is it $ {dollars(question.cents + 100)}?"
    change = _told(who, question, cc)
    return Draft(
        instruction,
        world,
        Goal([change], {"mail": who["username"]}),
        [*sign_in(who), *write(query, right, cc=added), SUBMIT],
        {
            "wrong figure": [*sign_in(who), *write(query, wrong, cc=added), SUBMIT],
            "two figures": [*sign_in(who), *write(query, hedged, cc=added), SUBMIT],
            "wrong person": [*sign_in(who), *write(f"reply={other.message}", right, cc=added), SUBMIT],
            "no reply": [*sign_in(who), *write("", right, to=asker["address"], cc=cc, subject="Sum"), SUBMIT],
            "twice": [*sign_in(who), *write(query, right, cc=added), *write(query, right, cc=added), SUBMIT],
        },
    )


def _told(who: sqlite3.Row, question: _Question, copies: str) -> Inserted:
    body = Amounts((dollars(question.cents),))
    return sent_mail(who, question.asker[1], body, copies=copies, reply_to=question.message)


def _namesakes(rng: Rng, world: World) -> list[sqlite3.Row]:
    """Two colleagues of one surname, the first of whom has a manager, and a third one."""
    pairs = world.rows(
        "mail",
        "SELECT a.id, b.id FROM users a JOIN users b ON a.id <> b.id AND substr(a.name, instr(a.name, ' '))"
        " = substr(b.name, instr(b.name, ' ')) WHERE a.id > 3 AND b.id > 3 AND a.manager NOT IN ('', b.username)"
        " ORDER BY a.id, b.id",
    )
    ids = list(pairs[int(rng.integers(len(pairs)))])
    (third,) = colleagues(world, rng, 1, f"id NOT IN ({ids[0]}, {ids[1]})")
    return [*(world.row("mail", "SELECT * FROM users WHERE id = ?", each) for each in ids), third]


def _replies(rng: Rng, world: World) -> Draft:
    """Questions of six people: some may be told, some are put off, some get it with the head of Finance in copy."""
    who = owner(world)
    limit = int(rng.integers(3, 6)) * 100_000
    department = str(one(rng, "Support", "Engineering", "People"))
    (head,) = world.rows("mail", "SELECT * FROM users WHERE title = 'Head of Finance'")
    write_guide(
        world,
        "routing",
        "What we paid is nobody's business but ours.\n\n# Sums of invoices\n\n"
        "- Who is outside the company gets no sum, but a reply with the words 'cannot share'.\n"
        f"- Nor does anybody of the department {department}; the reply holds the words 'ask your head'.\n"
        "- All other colleagues get the total that the invoice names last, corrections included.\n"
        f"- If that total is above $ {dollars(limit)}, the Head of Finance must be in Cc; otherwise nobody is.",
    )
    outside = [person(each) for each in outsiders(world, rng, 2)]
    barred = [person(each) for each in colleagues(world, rng, 2, f"department = '{department}' AND id > 9")]
    told = colleagues(world, rng, 4, f"department NOT IN ('{department}', 'Finance') AND id > 9")
    numbers = _numbers(rng, 8)
    ways = ["text", "corrected", "file", "text", "corrected", "file", "corrected", "file"]
    askers = [*outside, *barred, *(person(each) for each in told)]
    changes, oracle, shared = [], sign_in(who), sign_in(who)
    for n, (asker, number, way) in enumerate(zip(askers, numbers, ways, strict=True)):
        question = _put_question(rng, world, asker, number, way)
        query, amount = f"reply={question.message}", f"It comes to $ {dollars(question.cents)}."
        if n < 4:
            words_needed = "cannot share" if n < 2 else "ask your head"
            body = Says((), (dollars(question.cents), dollars(question.wrong)), (words_needed,))
            changes.append(sent_mail(who, asker[1], body, reply_to=question.message))
            doing = write(query, f"Sorry: {words_needed}.", outside=n < 2)
        else:
            cc = head["address"] if question.cents > limit else ""
            changes.append(_told(who, question, cc))
            doing = write(query, amount, cc=cc)
        oracle += doing
        shared += write(query, amount, outside=n < 2)
    last = len(write("reply=1", "It."))
    return Draft(
        one(rng, *_ASK_REPLIES).format(login=login(who)),
        world,
        Goal(changes, {"mail": who["username"]}),
        [*oracle, SUBMIT],
        {"half": [*oracle[:-last], SUBMIT], "told everybody": [*shared, SUBMIT]},
        steps=steps_for(oracle, 160),
    )


# forwarded files

_ASK_FORWARD = (
    "{login} Forward the file '{name}', which {sender} sent me, to {to}. {more}Write the number {number} into the "
    "message.",
    "{sender} sent me '{name}'. Please forward that mail with the file to {to}. {more}The text of your message must "
    "hold the number {number}. {login}",
    "{login} There is a mail of {sender} with the file '{name}'. It has to go to {to}, forwarded with the file. "
    "{more}Put the number {number} into your text.",
)
_ASK_ROUTE = (
    "{login} The mails with subjects that begin with 'Document' have to go on to those who deal with them. The guide "
    "'Who gets what' (under Guides) says to whom. Forward each with its file, and write the number of the document "
    "(such as D-1234) into the text of the forwarded message.",
    "Please pass on the mails 'Document ...' in my inbox, as the guide 'Who gets what' (under Guides) has it. {login} "
    "Each is forwarded once, with its file, to one person, and the text holds the document's number (such as D-1234).",
    "My inbox has mails whose subjects begin with 'Document'. {login} Forward them, files included, to the right "
    "people by the guide 'Who gets what' (under Guides). The text of each forwarded message must hold its number, "
    "such as D-1234.",
)
_KINDS = ("invoice", "contract", "complaint", "application")
_HEADS = {"contract": "Legal", "complaint": "Support", "application": "People"}
_COUNT = {3: 3, 4: 5, 5: 10}


def _forward(rng: Rng, level: int, world: World) -> Draft:
    if level >= 3:
        return _route(rng, level, world)
    who, (to, _) = owner(world), colleagues(world, rng, 2)
    sender, twin = outsiders(world, rng, 2)
    number, other = (f"D-{n}" for n in different(rng, 2, 1000, 9999))
    name = f"report-{number}.csv"
    files = [put_file(world, name, f"item,count\n{one(rng, *words.PARTS)},{rng.integers(1, 99)}\n")]
    if level == 2:
        files.append(put_file(world, f"private-{number}.txt", "Not for others.\n"))
    message = put_mail(world, rng, person(sender), f"Report {number}", "See the file.", ago(rng, 20), files=files)
    decoy = put_file(world, f"report-{other}.csv", "item,count\nnothing,1\n")
    wrong = put_mail(world, rng, person(twin), f"Report {other}", "See the file.", ago(rng, 20), files=[decoy])
    more = "Leave out the private notes that came with it. " if level == 2 else ""
    instruction = one(rng, *_ASK_FORWARD).format(
        login=login(who), name=name, sender=sender["name"], to=to["name"], more=more, number=number
    )
    drop = [Do("uncheck", "checkbox", f"Send private-{number}.txt")] if level == 2 else []
    right = _forwarding(message, to["address"], f"Number {number}", drop)
    return Draft(
        instruction,
        world,
        Goal([_forwarded(who, to["address"], number, files[0], message)], {"mail": who["username"]}),
        [*sign_in(who), *right, SUBMIT],
        {
            "wrong mail": [*sign_in(who), *_forwarding(wrong, to["address"], f"Number {number}", []), SUBMIT],
            "without the file": [
                *sign_in(who),
                *_forwarding(
                    message, to["address"], f"Number {number}", [*drop, Do("uncheck", "checkbox", f"Send {name}")]
                ),
                SUBMIT,
            ],
            "text only": [*sign_in(who), *write("", f"Number {number}", to=to["address"], subject="Report"), SUBMIT],
            "wrong sender": [
                *sign_in(assistant(world)),
                *write("", number, to=to["address"], subject="Report"),
                SUBMIT,
            ],
        },
    )


def _forwarded(who: sqlite3.Row, to: str, number: str, digest: str, message: int) -> Inserted:
    return sent_mail(who, to, Says((), (), (number,)), files=digest, forward_of=message)


def _forwarding(message: int, to: str, text: str, ticks: list[Do]) -> list[Do]:
    form = write(f"forward={message}", text, to=to)
    return [*form[:-1], *ticks, form[-1]]


def _route(rng: Rng, level: int, world: World) -> Draft:
    """Documents of several kinds; by level the guide gets a limit for invoices, and exceptions."""
    who, limit = owner(world), int(rng.integers(2, 7)) * 100_000
    accountant, stand_in = (colleagues(world, rng, 1, f"title = '{title}'")[0] for title in ("Accountant", "Paralegal"))
    heads = {row["department"]: row for row in world.rows("mail", "SELECT * FROM users WHERE title LIKE 'Head of %'")}
    away = level == 5
    write_guide(world, "routing", _routing(level, accountant["name"], limit, stand_in["name"] if away else ""))
    numbers = [f"D-{n}" for n in different(rng, _COUNT[level] + 2, 1000, 9999)]
    sums = different(rng, len(numbers), 20_000, 900_000)
    senders = outsiders(world, rng, len(numbers))
    changes, doing, careless = [], [], []
    for n, number in enumerate(numbers):
        kind = _KINDS[n % 4] if level < 5 else str(one(rng, *_KINDS))
        kind = "invoice" if n < 2 else kind
        skipped = n >= _COUNT[level]
        # what is left over is a thing that the guide says to leave alone, from level 4 on
        sender = ("Basel Deals", "news@basel-deals.test") if skipped else person(senders[n])
        if skipped and level == 3:
            break
        text = f"Kind: {kind}\nNumber: {number}\nTotal: {dollars(sums[n])}\nFrom: {senders[n]['company']}\n"
        digest = put_file(world, f"document-{number}.txt", text)
        message = put_mail(world, rng, sender, f"Document {number}", "It is in the file.", ago(rng, 9), files=[digest])
        if kind == "invoice":
            large = level >= 4 and sums[n] > limit
            to = heads["Finance"] if large else accountant
        else:
            to = stand_in if away and kind == "contract" else heads[_HEADS[kind]]
        step = _forwarding(message, to["address"], f"Number {number}", [])
        careless += step
        if not skipped:
            changes.append(_forwarded(who, to["address"], number, digest, message))
            doing.append(step)
    oracle = [*sign_in(who), *(do for step in doing for do in step), SUBMIT]
    cheats = {"one left out": [*sign_in(who), *(do for step in doing[1:] for do in step), SUBMIT]}
    cheats["one twice"] = [*oracle[:-1], *doing[0], SUBMIT]
    if level >= 4:
        cheats["all of it"] = [*sign_in(who), *careless, SUBMIT]
    return Draft(
        one(rng, *_ASK_ROUTE).format(login=login(who)),
        world,
        Goal(changes, {"mail": who["username"]}),
        oracle,
        cheats,
        steps=steps_for(oracle, 100),
    )


def _routing(level: int, accountant: str, limit: int, stand_in: str) -> str:
    lines = [
        f"Invoices go to {accountant}.",
        "Contracts go to the Head of Legal.",
        "Complaints go to the Head of Support.",
        "Applications go to the Head of People.",
    ]
    if level >= 4:
        lines[0] = f"Invoices go to {accountant}; those with a total above $ {dollars(limit)} to the Head of Finance."
        lines.append("What comes from a sender who is not among the contacts is left alone.")
    if stand_in:
        lines[1] = f"Contracts go to {stand_in}, for the Head of Legal is away this month."
    return "The kind of a document stands in its file.\n\n# Documents\n\n" + "\n".join(f"- {line}" for line in lines)


FAMILIES = (
    BrowserFamily(
        "mail-reply-figures",
        "Answer questions about invoices with the right figure, to the right people, with the right copies",
        ("search", "reading attachments", "writing mail", "policy"),
        0.0,
        ("mail",),
        _reply,
    ),
    BrowserFamily(
        "mail-forward-files",
        "Forward documents with their files to those who deal with them by the guide",
        ("reading attachments", "directory", "writing mail", "policy"),
        0.0,
        ("mail",),
        _forward,
    ),
)
