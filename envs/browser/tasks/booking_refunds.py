"""Tasks about money back: cancelling what the rules refund, and claiming compensation for delays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, Inserted
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.booking.network import FARES, Leg
from selftrain.envs.browser.sites.booking.rules import (
    CAUSES,
    Refund,
    compensation,
    days_between,
    refund_of,
    terms,
    tickets_of,
)
from selftrain.envs.browser.tasks.booking_common import (
    SITE,
    SUBMIT,
    TODAY,
    TRIES,
    Account,
    Rng,
    account,
    ask_of,
    booking_row,
    clear_bookings,
    day,
    family_names,
    money,
    sign_in,
    some_change,
    some_ride,
    updated,
    visit,
    write_booking,
)
from selftrain.envs.browser.tasks.parts import one_of
from selftrain.envs.browser.world import World
from selftrain.errors import TaskError


def _trip(world: World, rng: Rng, user: Account, date: str, placed_on: str, level: int) -> int:
    """Write some booking of the user for a day."""
    legs: list[tuple[Leg, str]] = [(some_ride(world, rng, date), date)]
    if level >= 3 and rng.random() < 0.3:
        legs = [(leg, date) for leg in some_change(world, rng, date).legs]
    people = [(user.name, "adult")]
    if rng.random() < 0.4:
        people.append((family_names(rng, 1)[0], one_of(rng, ("adult", "child"))))
    return write_booking(world, user.id, legs, one_of(rng, FARES), people, placed_on)


# cancelling


@dataclass(frozen=True)
class _Plan:
    """Which trips are to be cancelled.

    Attributes:
        until: first days up to this one are meant, "" for all.
        most: the cancellation fee that is still fine, in cents.
        children: whether trips with a child are meant too.
    """

    until: str
    most: int
    children: bool

    def means(self, world: World, booking: int, refund: Refund) -> bool:
        tickets = tickets_of(ask_of(world), booking)
        return (
            refund.fee <= self.most
            and (not self.until or tickets[0]["date"] <= self.until)
            and (self.children or all(ticket["kind"] != "child" for ticket in tickets))
        )

    def told(self, rng: Rng) -> str:
        what = "get everything back for" if not self.most else f"lose at most $ {money(self.most)} on"
        said = [
            one_of(
                rng,
                (
                    f"Please cancel every upcoming trip of mine that I {what} when I cancel it today.",
                    f"My plans are off: cancel all of my coming bookings that I {what} if they are cancelled now.",
                    f"Go through my bookings and cancel those to come that I {what} by the rules of today.",
                ),
            )
        ]
        if self.until:
            said.append(f"Only trips whose first day is {self.until} or earlier are meant.")
        if not self.children:
            said.append("Trips on which a child travels stay as they are.")
        return " ".join([*said, "All other bookings must stay."])


def _cancel_script(world: World, who: Account, bookings: Sequence[int]) -> list[Do]:
    made = sign_in(who)
    for booking in bookings:
        made += [
            visit(f"/bookings/{booking_row(world, booking)['code']}/cancel"),
            Do("click", "button", "Cancel booking"),
        ]
    return [*made, SUBMIT]


_TRIPS = {1: 2, 2: 4, 3: 8, 4: 15, 5: 26}


def _write_trips(world: World, rng: Rng, user: Account, level: int) -> list[int]:
    made = []
    for _ in range(_TRIPS[level]):
        fresh = level >= 2 and rng.random() < 0.3
        placed = day(-int(rng.integers(0, 4))) if fresh else day(-int(rng.integers(5, 40)))
        made.append(_trip(world, rng, user, day(int(rng.integers(2, 55))), placed, level))
    for _ in range(level - 1):
        before = day(-int(rng.integers(3, 40)))
        _trip(world, rng, user, before, day(-60), level)
    return made


def _cancel(rng: Rng, level: int, world: World) -> Draft:
    user = account(world, rng)
    clear_bookings(world, user)
    for _ in range(TRIES):
        made = _write_trips(world, rng, user, level)
        plan = _Plan(
            until=day(int(rng.integers(25, 45))) if level >= 4 else "",
            most=int(rng.integers(3, 9)) * 100 if level == 5 else 0,
            children=level < 5,
        )
        refunds = {each: refund_of(ask_of(world), booking_row(world, each), TODAY) for each in made}
        meant = [each for each in made if plan.means(world, each, refunds[each])]
        others = [each for each in made if each not in meant]
        if len(others) >= 1 and len(meant) >= max(1, level - 1):
            break
        clear_bookings(world, user)
    else:
        raise TaskError(f"no bookings of level {level} could be drawn of which some are refunded and some are not")
    staff = account(world, rng, "staff", None)
    # the one that is nearest to being meant
    tempting = min(others, key=lambda each: refunds[each].fee)
    changes = [
        change
        for each in meant
        for change in updated(
            "bookings", booking_row(world, each), status="cancelled", refunded_cents=refunds[each].cents
        )
    ]
    return Draft(
        instruction=f"{plan.told(rng)} {user.told(rng)}",
        world=world,
        goal=Goal(changes=changes, actors={SITE: user.username}),
        oracle=_cancel_script(world, user, meant),
        cheats={
            "one-too-many": _cancel_script(world, user, [*meant, tempting]),
            "one-instead-of-another": _cancel_script(world, user, [*meant[1:], tempting]),
            "by-the-desk": _cancel_script(world, staff, meant),
        },
        steps=30 + 5 * _TRIPS[level],
    )


# compensation


@dataclass(frozen=True)
class _Claim:
    """A claim for one train of a booking; `cents` 0 where the rules give nothing."""

    booking: int
    leg: int
    minutes: int
    cause: str
    cents: int
    paid: int

    def wanted(self) -> Inserted:
        """The row that it becomes."""
        values = {"booking_id": self.booking, "leg": self.leg, "minutes": self.minutes, "cause": self.cause}
        return Inserted(SITE, "claims", {**values, "amount_cents": self.cents})


_PAST = {1: 1, 2: 3, 3: 6, 4: 10, 5: 16}


def _late(world: World, rng: Rng, train: int, date: str, said: dict[str, str]) -> tuple[str, int, str]:
    """Write how a train ran: kind, minutes and cause; minutes are near the limits of the rules."""
    first, second = int(said["comp_first"]), int(said["comp_second"])
    minutes = int(one_of(rng, (first - 1, first, first + 7, second - 1, second, second + 25)))
    cause = said["comp_excluded"] if rng.random() < 0.2 else one_of(rng, CAUSES)
    kind = "cancelled" if rng.random() < 0.15 else "delay"
    minutes = 0 if kind == "cancelled" else minutes
    world.write(
        SITE,
        "INSERT INTO disruptions (train_id, date, kind, minutes, cause, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        *(train, date, kind, minutes, cause, f"{date} 22:00"),
    )
    return kind, minutes, cause


def _claims_of(world: World, rng: Rng, booking: int, level: int) -> list[_Claim]:
    """Let the trains of a booking run late, and what can be claimed for each."""
    ask = ask_of(world)
    said = terms(ask)
    tickets, made = tickets_of(ask, booking), []
    for leg in sorted({int(ticket["leg"]) for ticket in tickets}):
        of_leg = [ticket for ticket in tickets if ticket["leg"] == leg]
        train, date = of_leg[0]["train_id"], of_leg[0]["date"]
        world.write(SITE, "DELETE FROM disruptions WHERE train_id = ? AND date = ?", train, date)
        if level > 1 and rng.random() < 0.25:
            continue
        paid = sum(ticket["price_cents"] for ticket in of_leg)
        kind, minutes, cause = _late(world, rng, train, date, said)
        cents = compensation(ask, paid, kind, minutes, cause, days_between(date, TODAY))
        if cents and level >= 3 and rng.random() < 0.2:
            world.write(
                SITE,
                "INSERT INTO claims (booking_id, leg, minutes, cause, amount_cents, status) VALUES (?, ?, ?, ?, ?, ?)",
                *(booking, leg, minutes, cause, cents, "paid"),
            )
            continue
        made.append(_Claim(booking, leg, minutes, cause, cents, paid))
    return made


def _claim_script(world: World, who: Account, claims: Sequence[_Claim]) -> list[Do]:
    made = sign_in(who)
    for claim in claims:
        made += [
            visit(f"/bookings/{booking_row(world, claim.booking)['code']}/claim/{claim.leg}"),
            Do("fill", "textbox", "Delay in minutes", str(claim.minutes)),
            Do("select", "combobox", "Cause", claim.cause),
            Do("fill", "textbox", "Amount", money(claim.cents)),
            Do("click", "button", "Send claim"),
        ]
    return [*made, SUBMIT]


def _draw_claims(world: World, rng: Rng, user: Account, level: int) -> tuple[list[_Claim], list[_Claim]]:
    """Claims that the rules pay, and trains that were late without."""
    for _ in range(TRIES):
        claims: list[_Claim] = []
        used: set[tuple[int, str]] = set()
        for _ in range(_PAST[level]):
            date = day(-int(rng.integers(1, 35 if level > 1 else 12)))
            booking = _trip(world, rng, user, date, day(-50), level)
            trains = {(ticket["train_id"], ticket["date"]) for ticket in tickets_of(ask_of(world), booking)}
            # two bookings for the same train would have one running report between them
            if trains & used:
                continue
            used |= trains
            claims += _claims_of(world, rng, booking, level)
        paid = [claim for claim in claims if claim.cents]
        vain = [claim for claim in claims if not claim.cents]
        if len(paid) >= max(1, level - 1) and (level == 1 or vain):
            return paid, vain
        clear_bookings(world, user)
    raise TaskError(f"no late trains of level {level} could be drawn")


def _compensate(rng: Rng, level: int, world: World) -> Draft:
    user = account(world, rng)
    clear_bookings(world, user)
    paid, vain = _draw_claims(world, rng, user, level)
    staff, last = account(world, rng, "staff", None), paid[-1]
    opening = one_of(
        rng,
        (
            "Some of my trips ran late. Please claim all the compensation that the rules of the site give me.",
            "Please go through my past trips and claim compensation wherever the rules pay some.",
            "I have been late a lot. Claim what the site's rules on delays give me, for every train that qualifies.",
        ),
    )
    text = (
        f"{opening} State the delay and the cause as the train's running report has them, and exactly the amount that "
        "the rules give; claim nothing that they exclude. How late each train was stands on its page, under the day of "
        f"travel. {user.told(rng)}"
    )
    wrong = _Claim(last.booking, last.leg, last.minutes, last.cause, _other_amount(last), last.paid)
    too_many = _Claim(**{**vars(vain[0]), "cents": max(1, vain[0].paid // 4)}) if vain else wrong
    return Draft(
        instruction=text,
        world=world,
        goal=Goal(
            changes=[claim.wanted() for claim in paid],
            actors={SITE: user.username},
        ),
        oracle=_claim_script(world, user, paid),
        cheats={
            "wrong-share": _claim_script(world, user, [*paid[:-1], wrong]),
            "claimed-in-vain-too": _claim_script(world, user, [*paid[: -1 if not vain else None], too_many]),
            "by-the-desk": _claim_script(world, staff, paid),
        },
        steps=40 + 14 * _PAST[level],
    )


def _other_amount(claim: _Claim) -> int:
    """What somebody claims who takes another share of the price."""
    return claim.paid if claim.cents != claim.paid else max(1, claim.paid // 2)


FAMILIES = (
    BrowserFamily(
        name="booking-cancel-refundable",
        summary="cancels exactly those trips that fare rules and terms refund in full or nearly so",
        skills=("reading terms", "checking each case", "acting on many rows"),
        chance=0.1,
        sites=(SITE,),
        make=_cancel,
    ),
    BrowserFamily(
        name="booking-claim-delays",
        summary="claims the compensation that the rules give for late and cancelled trains, and no other",
        skills=("applying rules", "looking up reports", "amounts of money"),
        chance=0.0,
        sites=(SITE,),
        make=_compensate,
    ),
)
