"""Finding things out in mails: what an offer costs, what expenses come to."""

from __future__ import annotations

from dataclasses import dataclass

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal
from selftrain.envs.browser.sites.mail import words
from selftrain.envs.browser.tasks.mail_base import (
    Person,
    Rng,
    ago,
    days_ago,
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
    search,
    sign_in,
    write_guide,
)
from selftrain.envs.browser.tasks.parts import answering
from selftrain.envs.browser.world import World

_ASK_PRICE = (
    "{login} {company} made us an offer for {project}, and I need its price for a meeting. {more}Answer with the "
    "amount alone, such as 1234.50.",
    "I am preparing the budget of {project}. What does {company} want for it? {more}It is in my mail: {login} Answer "
    "with the amount alone, such as 1234.50.",
    "{login} Please look up what {company} offered for {project}. {more}The answer is the amount alone, such as "
    "1234.50.",
)
_MORE = {
    1: "",
    2: "Mind that they offer for several projects. ",
    3: "Should they have corrected the price later, the last one counts. ",
    4: "The price is the sum over quantity times unit price in the file of their last version, less the rebate that "
    "they name in the mail with that file. ",
}
_ASK_BEST = (
    "{login} Several companies sent offers for {project}. Compare them by the guide 'Comparing offers' (under Guides) "
    "and tell me what the cheapest offer that counts comes to, all included. Answer with the amount alone, such as "
    "1234.50.",
    "Which offer for {project} is the cheapest? {login} The guide 'Comparing offers' says how we count, and which "
    "offers are out. I need the sum of the best one, nothing else: answer with an amount such as 1234.50.",
    "We have to decide on {project} today. Offers are in the mailbox. {login} Follow the guide 'Comparing offers' and "
    "answer with the total of the cheapest offer that may be taken, as an amount such as 1234.50.",
)


@dataclass(frozen=True)
class _Offer:
    """Lines of (item, quantity, unit price in cents), and a rebate in percent."""

    lines: tuple[tuple[str, int, int], ...]
    rebate: int

    @property
    def cents(self) -> int:
        return sum(quantity * price for _, quantity, price in self.lines) * (100 - self.rebate) // 100

    def file(self) -> str:
        rows = "".join(f"{item},{quantity},{dollars(price)}\n" for item, quantity, price in self.lines)
        return "item,quantity,unit price\n" + rows


def _offer(rng: Rng) -> _Offer:
    count = int(rng.integers(4, 8))
    lines = zip(pick(rng, words.PARTS, count), rng.integers(2, 30, count), rng.integers(3, 90, count), strict=True)
    # whole dollars, so that a rebate leaves whole cents
    return _Offer(tuple((item, int(n), int(price) * 100) for item, n, price in lines), int(rng.integers(2, 16)))


def _find_price(rng: Rng, level: int, world: World) -> Draft:
    if level == 5:
        return _find_best(rng, world)
    project, other = _twins(rng)
    seller, rival = outsiders(world, rng, 2)
    answer, wrong, rivals, others, faster = different(rng, 5, 90_000, 990_000)
    subject = f"Offer for {project}"
    if level == 4:
        answer, wrong = _put_file_offers(rng, world, person(seller), subject)
    elif level == 3:
        first = put_mail(world, rng, person(seller), subject, _priced(rng, project, wrong), ago(rng, 30, 20))
        text = f"We made a mistake in our offer: {project} comes to $ {dollars(answer)}, not to what we wrote."
        put_mail(world, rng, person(seller), f"Re: {subject}", text, ago(rng, 12, 8), follows=first)
        text = f"We can deliver for {project} in two weeks. Faster delivery would be $ {dollars(faster)} more."
        put_mail(world, rng, person(seller), f"Re: {subject}", text, ago(rng, 5, 2), follows=first)
    else:
        put_mail(world, rng, person(seller), subject, _priced(rng, project, answer), ago(rng, 40))
    if level > 1:
        put_mail(world, rng, person(rival), subject, _priced(rng, project, rivals), ago(rng, 40))
        put_mail(world, rng, person(seller), f"Offer for {other}", _priced(rng, other, others), ago(rng, 40))
    instruction = one(rng, *_ASK_PRICE).format(
        login=login(owner(world)), company=seller["company"], project=project, more=_MORE[level]
    )
    return _answered(world, instruction, answer, f'subject:"{project}"', (wrong, rivals))


def _twins(rng: Rng) -> tuple[str, str]:
    """A project, and another one that shares a word with it."""
    project: str = one(rng, *words.PROJECTS)
    near = [other for other in words.PROJECTS if other != project and set(other.split()) & set(project.split())]
    return project, one(rng, *near)


def _priced(rng: Rng, project: str, cents: int) -> str:
    texts = (
        "For {project} our price is $ {price}, delivery included.",
        "We are glad to offer the work on {project} at $ {price}.",
        "The whole of {project} would come to $ {price} with us.",
    )
    return str(one(rng, *texts)).format(project=project, price=dollars(cents))


def _put_file_offers(rng: Rng, world: World, seller: Person, subject: str) -> tuple[int, int]:
    """Two versions of an offer as files; cents of the second and of the first."""
    old, new = _offer(rng), _offer(rng)
    while old.cents == new.cents:
        new = _offer(rng)
    first = 0
    for version, offer, sent_at in ((1, old, ago(rng, 30, 20)), (2, new, ago(rng, 9, 1))):
        digest = put_file(world, f"offer-v{version}.csv", offer.file())
        text = (
            f"Please find version {version} of our offer in the file. You have a rebate of {offer.rebate} % on it all."
        )
        about = f"Re: {subject}" if first else subject
        made = put_mail(world, rng, seller, about, text, sent_at, files=[digest], follows=first)
        first = first or made
    return new.cents, old.cents


def _find_best(rng: Rng, world: World) -> Draft:
    """Seven offers; some are out by the guide, some were corrected, freight comes on top of some."""
    project, other = _twins(rng)
    freight, weeks = int(rng.integers(8, 40)) * 1000, int(rng.integers(3, 7))
    write_guide(
        world,
        "quotes",
        "We compare what an offer really costs us.\n\n"
        "- The sum is quantity times unit price over all lines of the file, less the rebate on it.\n"
        f"- Where delivery is not included, add $ {dollars(freight)}.\n"
        "- If a company sent several versions, the last one counts, with its own rebate.\n\n# What is out\n\n"
        f"- Offers whose validity ends before {days_ago(0)}.\n- Offers that take longer than {weeks} weeks.\n"
        "- Offers that the company took back.",
    )
    # the cheapest one is out, so that no short cut finds the best one
    first, *others = pick(rng, ("late", "slow", "back"), 3)
    states = [first, *pick(rng, (*others, "corrected", "corrected", "plain", "plain"), 6)]
    offers = sorted((_offer(rng) for _ in range(40)), key=lambda offer: offer.cents)[8:36:4]
    counted: list[int] = []
    for seller, state, offer in zip(outsiders(world, rng, 7), states, offers, strict=True):
        free = bool(rng.integers(2))
        _put_offer(rng, world, person(seller), project, offer, (state, free, weeks))
        if state in ("corrected", "plain"):
            counted.append(offer.cents + (0 if free else freight))
    _put_offer(rng, world, person(outsiders(world, rng, 1)[0]), other, _offer(rng), ("plain", True, weeks))
    best, second = sorted(counted)[:2]
    if best == second:
        return _find_best(rng, world)
    instruction = one(rng, *_ASK_BEST).format(login=login(owner(world)), project=project)
    return _answered(world, instruction, best, f'subject:"{project}"', (offers[0].cents, second))


def _put_offer(
    rng: Rng, world: World, seller: Person, project: str, offer: _Offer, terms: tuple[str, bool, int]
) -> None:
    """The mails of one offer; `terms` are its state, whether delivery is included, and the weeks allowed."""
    state, free, weeks = terms
    until = days_ago(int(rng.integers(1, 6)) if state == "late" else -int(rng.integers(9, 60)))
    takes = weeks + int(rng.integers(1, 4)) if state == "slow" else int(rng.integers(1, weeks + 1))
    about, first = f"Offer for {project}", 0

    def sent(given: _Offer, name: str, when: str, follows: int) -> int:
        delivery = "Delivery is included" if free else "Delivery is not included"
        text = (
            f"Our offer for {project} is in the file; your rebate on it is {given.rebate} %. {delivery}, and it takes "
            f"{takes} weeks. It is valid until {until}."
        )
        digest = put_file(world, name, given.file())
        subject = f"Re: {about}" if follows else about
        return put_mail(world, rng, seller, subject, text, when, files=[digest], follows=follows)

    if state == "corrected":
        first = sent(_offer(rng), "offer.csv", ago(rng, 30, 20), 0)
    last = sent(offer, "offer-new.csv" if first else "offer.csv", ago(rng, 18, 9), first)
    if state == "back":
        text = f"To our regret we must take back our offer for {project}: we cannot deliver this year."
        put_mail(world, rng, seller, f"Re: {about}", text, ago(rng, 5, 1), follows=last)


def _answered(world: World, instruction: str, cents: int, query: str, wrong: tuple[int, int]) -> Draft:
    """A draft that asks for an amount; its scripts look at the search first."""
    look = [*sign_in(owner(world)), search(query)]
    cheats = {
        name: [*look, *answering(dollars(each))] for name, each in zip(("distractor", "rival"), wrong, strict=True)
    }
    goal = Goal(answer=dollars(cents), answer_kind="money")
    return Draft(instruction, world, goal, [*look, *answering(dollars(cents))], cheats, steps=90)


# expenses

_ASK_SUM = (
    "{login} What did the receipts for {purpose} come to? {how} Answer with the amount alone, such as 1234.50.",
    "I have to hand in my expenses for {purpose}. The receipts are in my mail: {login} {how} Tell me the sum as an "
    "amount such as 1234.50, without words.",
    "{login} Please add up all my receipts that belong to {purpose}. {how} Your answer is the sum, an amount such as "
    "1234.50.",
)
_HOW = {
    1: "They came by mail, with subjects that begin with 'Receipt'.",
    2: "They came by mail, with subjects that begin with 'Receipt'; others of that kind belong to something else.",
    3: "They came by mail, with subjects that begin with 'Receipt'. Some came twice: a receipt number counts once.",
    4: "They came by mail, with subjects that begin with 'Receipt'. The guide 'Expenses' says what counts.",
    5: "They came by mail, with subjects that begin with 'Receipt', to the inbox and the archive, and the guide "
    "'Expenses' (under Guides) says what counts, and how much of it.",
}
_COUNTS = {1: (5, 0), 2: (6, 5), 3: (10, 9), 4: (18, 16), 5: (36, 38)}
"""Level → receipts of the journey, and others."""
_KINDS = ("taxi", "hotel", "meal", "train", "parking", "phone")


@dataclass(frozen=True)
class Receipt:
    """A receipt as a mail tells it.

    Attributes:
        number: "R-20417".
        purpose: "the Lyon journey".
        kind: "taxi", ...
        day: when it was paid.
        cents: of the sum.
        state: "", "repeated" (the mail came twice) or "refunded" (a later mail says so).
    """

    number: str
    purpose: str
    kind: str
    day: str
    cents: int
    state: str = ""


@dataclass(frozen=True)
class ExpenseRules:
    """What the guide says: kinds that are not covered, a cap on meals in cents, the first day that counts."""

    out: str = ""
    cap: int = 0
    since: str = ""
    refunds: bool = False

    def covered(self, receipt: Receipt) -> int:
        """Cents that count."""
        if receipt.kind == self.out or receipt.day < self.since or (self.refunds and receipt.state == "refunded"):
            return 0
        return min(receipt.cents, self.cap) if self.cap and receipt.kind == "meal" else receipt.cents


def _expenses(rng: Rng, level: int, world: World) -> Draft:
    city, other = pick(rng, words.CITIES, 2)
    rules = ExpenseRules()
    if level >= 4:
        out = str(one(rng, "taxi", "phone", "parking"))
        rules = ExpenseRules(out, int(rng.integers(18, 40)) * 100, days_ago(40), level == 5)
        write_guide(world, "expenses", _expense_guide(rules))
    receipts = _receipts(rng, level, (f"the {city} journey", f"the {other} journey"))
    for receipt in receipts:
        _put_receipt(rng, world, receipt, level)
    mine = [receipt for receipt in receipts if receipt.purpose == f"the {city} journey"]
    total, raw = sum(map(rules.covered, mine)), sum(receipt.cents for receipt in mine)
    wrong = {"all of it": raw, "one left out": total - rules.covered(max(mine, key=rules.covered))}
    if raw == total:
        wrong["all of it"] = total + sum(receipt.cents for receipt in receipts if receipt.purpose != mine[0].purpose)
        wrong["all of it"] += 100 if level == 1 else 0
    look = [*sign_in(owner(world)), search("subject:Receipt")]
    instruction = one(rng, *_ASK_SUM).format(login=login(owner(world)), purpose=f"the {city} journey", how=_HOW[level])
    cheats = {name: [*look, *answering(dollars(cents))] for name, cents in wrong.items()}
    goal = Goal(answer=dollars(total), answer_kind="money")
    return Draft(instruction, world, goal, [*look, *answering(dollars(total))], cheats, steps=60 + 4 * len(receipts))


def _expense_guide(rules: ExpenseRules) -> str:
    lines = [
        f"Receipts of the kind '{rules.out}' are not covered.",
        f"Of each meal at most $ {dollars(rules.cap)} are covered; the rest is your own.",
        f"What was paid before {rules.since} is too late and does not count. The day of payment decides.",
        "A receipt that came twice counts once; its number tells.",
    ]
    if rules.refunds:
        lines.append("What the seller paid back does not count; sellers tell so in a later mail with the same number.")
    return "Hand in one sum for each journey.\n\n# What counts\n\n" + "\n".join(f"- {line}" for line in lines)


def _receipts(rng: Rng, level: int, purposes: tuple[str, str]) -> list[Receipt]:
    mine, others = _COUNTS[level]
    numbers, cents = different(rng, mine + others, 10_000, 99_999), different(rng, mine + others, 900, 16_000)
    found = []
    for n in range(mine + others):
        state = "repeated" if level >= 3 and rng.integers(5) == 0 else ""
        state = "refunded" if level == 5 and not state and rng.integers(6) == 0 else state
        purpose, day = purposes[0 if n < mine else 1], days_ago(int(rng.integers(12, 55)))
        found.append(Receipt(f"R-{numbers[n]}", purpose, _KINDS[n % 6], day, cents[n], state))
    return found


def _put_receipt(rng: Rng, world: World, receipt: Receipt, level: int) -> None:
    seller = (f"{receipt.kind.title()} {one(rng, *words.CITIES)}", f"billing@{receipt.kind}-service.test")
    text = one(
        rng,
        "Receipt {r.number} for {r.purpose}: {r.kind}, paid on {r.day}, $ {price}.",
        "You paid $ {price} on {r.day} ({r.kind}). You named {r.purpose} as the purpose. Number: {r.number}.",
        "Number {r.number}. Kind: {r.kind}. Purpose: {r.purpose}. Paid on {r.day}. Sum: $ {price}.",
    ).format(r=receipt, price=dollars(receipt.cents))
    folder = "archive" if level == 5 and rng.integers(2) else "inbox"
    put_mail(world, rng, seller, f"Receipt {receipt.number}", text, ago(rng, 11, 6), folder=folder)
    if receipt.state == "repeated":
        put_mail(world, rng, seller, f"Receipt {receipt.number} (again)", text, ago(rng, 5), folder=folder)
    if receipt.state == "refunded":
        text = f"We paid back the whole sum of {receipt.number} to your card."
        put_mail(world, rng, seller, f"Receipt {receipt.number} paid back", text, ago(rng, 5), folder=folder)


FAMILIES = (
    BrowserFamily(
        "mail-find-price",
        "Find out what an offer in the mailbox comes to, corrections, files and the guide for offers included",
        ("search", "reading attachments", "policy"),
        0.0,
        ("mail",),
        _find_price,
    ),
    BrowserFamily(
        "mail-sum-expenses",
        "Add up the receipts of a journey that are spread over up to ninety mails, by the guide for expenses",
        ("survey of many pages", "arithmetic", "policy"),
        0.0,
        ("mail",),
        _expenses,
    ),
)
