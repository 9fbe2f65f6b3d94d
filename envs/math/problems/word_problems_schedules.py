"""Timetables: the end of a day, days with an event, common departures, coincidences, and rosters that repeat."""

from __future__ import annotations

from itertools import combinations, product
from math import gcd, lcm, prod

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, listing, pick, several


def _end_of_day(rng: np.random.Generator) -> Problem:
    start, lessons, length = between(rng, 370, 600), between(rng, 4, 7), between(rng, 25, 60)
    pause, lunch, walk = between(rng, 3, 20), between(rng, 21, 70), between(rng, 5, 45)
    end = start + lessons * length + (lessons - 2) * pause + lunch + walk
    name, clock = pick(rng, NAMES), f"{start // 60}:{start % 60:02d}"
    form = "Answer with the ordered pair (hours, minutes) that a $24$-hour clock shows."
    number = {4: "four", 5: "five", 6: "six", 7: "seven"}[lessons]
    statements = (
        f"{name}'s school day starts at {clock} in the morning. There are {number} lessons of ${length}$ minutes "
        f"each. One of the breaks between lessons is the lunch break, which lasts ${lunch}$ minutes; each of the "
        f"others lasts ${pause}$ minutes. From the end of the last lesson it takes {name} ${walk}$ minutes to get "
        f"home. When is {name} at home? {form}",
        f"A tour bus leaves at {clock} in the morning and drives {number} stages of ${length}$ minutes each. Between "
        f"two stages it stops for ${pause}$ minutes, but for lunch, once, it stops for ${lunch}$ minutes instead. "
        f"After the last stage, the guests need ${walk}$ minutes to walk to their hotel. When do they arrive there? "
        f"{form}",
        f"A baker puts the first of {number} trays into the oven at {clock} in the morning. Each tray bakes for "
        f"${length}$ minutes. Changing trays takes ${pause}$ minutes, except for one change that takes ${lunch}$ "
        f"minutes because the oven is cleaned. The last tray must cool for ${walk}$ minutes. When is it ready? {form}",
    )

    def shown(minutes: int) -> str:
        return f"({minutes // 60}, {minutes % 60})"

    data = {"ask": "end", "start": start, "lessons": lessons, "length": length, "breaks": [pause, lunch], "walk": walk}
    return posed(rng, statements, shown(end), data, (shown(end + pause), shown(end - walk), shown(end - lunch + pause)))


def _days_with_events(rng: np.random.Generator) -> Problem:
    periods, days = sorted(several(rng, range(3, 45), 3)), between(rng, 200, 20000)
    single = sum(days // period for period in periods)
    double = sum(days // lcm(one, other) for one, other in combinations(periods, 2))
    triple = days // lcm(*periods)
    quiet = bool(rng.integers(2))
    value = days - (single - double + triple) if quiet else single - double + triple
    a, b, c = periods
    wanted = "none of the three" if quiet else "at least one of the three"
    statements = (
        f"In a palace the days are numbered $1, 2, 3, \\ldots, {days}$. The clocks are wound on the days whose number "
        f"is divisible by ${a}$, the windows are cleaned when it is divisible by ${b}$, and the lawn is mown when it "
        f"is divisible by ${c}$. On how many of these days is {wanted} jobs done?",
        f"Along a road there is a tree every ${a}$ meters, a lamp every ${b}$ meters and a bench every ${c}$ meters: "
        f"the first of each kind stands ${a}$, ${b}$ and ${c}$ meters from the beginning, respectively. At how many "
        f"of the places $1, 2, \\ldots, {days}$ meters from the beginning is there {wanted}?",
        f"Three lighthouses flash every ${a}$, ${b}$ and ${c}$ seconds, for the first time ${a}$, ${b}$ and ${c}$ "
        f"seconds after dusk. At how many of the seconds $1, 2, \\ldots, {days}$ after dusk does {wanted} flash?",
    )
    data = {"ask": "days", "periods": periods, "days": days, "quiet": quiet}
    return posed(rng, statements, value, data, (single, days - value, single - double, days - single))


def _common_departure(rng: np.random.Generator) -> Problem:
    while True:
        periods = sorted(several(rng, range(7, 61), 3))
        whole = lcm(*periods)
        if 4 * max(periods) < whole < 100000:
            value = between(rng, max(periods) + 1, whole - 1)
            offsets = [value % period for period in periods]
            if 1 not in offsets:
                break
    kinds = pick(rng, (("bus", "buses"), ("tram", "trams"), ("ferry", "ferries")))
    lines = [
        f"line ${index}$ at ${offset}$ minutes past six and every ${period}$ minutes from then on"
        for index, (offset, period) in enumerate(zip(offsets, periods, strict=True), 1)
    ]
    rests = listing([f"${offset}$ when divided by ${period}$" for offset, period in zip(offsets, periods, strict=True)])
    signals = listing(
        [
            f"the {place} after ${offset}$ seconds and from then on every ${period}$ seconds"
            for place, offset, period in zip(("first", "second", "third"), offsets, periods, strict=True)
        ]
    )
    statements = (
        f"From a certain stop, three lines of {kinds[1]} leave: {'; '.join(lines)}. They run day and night. How many "
        f"minutes past six do three {kinds[1]} leave at the same moment for the first time?",
        f"A parade of fewer than ${whole}$ soldiers is lined up three times. The number of soldiers left over is "
        f"{rests.replace('when divided by', 'when they stand in rows of')}. How many soldiers are there?",
        f"Three beacons are switched on together. They send signals: {signals}. How many seconds after they were "
        "switched on do all three send a signal at the same time for the first time?",
    )
    data = {"ask": "common", "periods": periods, "offsets": offsets}
    return posed(rng, statements, value, data, (whole, whole - value, value + whole))


def _meetings(rests: tuple[int, ...], periods: tuple[int, ...], limit: int) -> int:
    """How many whole numbers from 0 below `limit` leave all these rests."""
    rest, period = 0, 1
    for wanted, step in zip(rests, periods, strict=True):
        if (wanted - rest) % gcd(period, step):
            return 0
        part = gcd(period, step)
        rest += period * ((wanted - rest) // part * pow(period // part, -1, step // part) % (step // part))
        period = lcm(period, step)
    return max(0, -(-(limit - rest) // period))


def _exactly_two(rng: np.random.Generator) -> Problem:
    while True:
        periods, limit = sorted(several(rng, range(4, 31), 3)), between(rng, 2000, 30000)
        rests = [between(rng, 0, period - 1) for period in periods]
        triple = _meetings(tuple(rests), tuple(periods), limit)
        pairs = combinations(zip(rests, periods, strict=True), 2)
        double = sum(_meetings((r, s), (p, q), limit) for (r, p), (s, q) in pairs)
        value = double - 3 * triple
        if value > 20:
            break
    (a, b, c), (p, q, r) = rests, periods
    statements = (
        f"Three machines beep every ${p}$, ${q}$ and ${r}$ seconds, for the first time ${a}$, ${b}$ and ${c}$ seconds "
        f"after midnight, respectively. In how many of the seconds $0, 1, 2, \\ldots, {limit - 1}$ after midnight do "
        "exactly two of them beep?",
        f"The days of a calendar are numbered $0, 1, \\ldots, {limit - 1}$. A market is held on the days whose number "
        f"leaves the remainder ${a}$ when divided by ${p}$, a concert on those that leave ${b}$ when divided by "
        f"${q}$, and a fair on those that leave ${c}$ when divided by ${r}$. On how many days do exactly two of the "
        "three events take place?",
        f"How many integers $n$ with $0 \\le n < {limit}$ satisfy exactly two of the congruences $n \\equiv {a} "
        f"\\pmod{{{p}}}$, $n \\equiv {b} \\pmod{{{q}}}$, $n \\equiv {c} \\pmod{{{r}}}$?",
    )
    data = {"ask": "two", "periods": periods, "rests": rests, "limit": limit}
    return posed(rng, statements, value, data, (double, double - triple, double - 2 * triple, value + 1))


def _roster(rng: np.random.Generator) -> Problem:
    while True:
        cycles = [between(rng, 4, 13) for _ in range(3)]
        if gcd(cycles[0], cycles[1]) == gcd(cycles[0], cycles[2]) == gcd(cycles[1], cycles[2]) == 1:
            break
    works = [between(rng, 2, cycle - 2) for cycle in cycles]
    shifts = [between(rng, 0, cycle - 1) for cycle in cycles]
    days, wanted = between(rng, 20000, 300000), between(rng, 0, 2)
    blocks, rest = divmod(days, prod(cycles))
    # in a whole block every combination of places in the three cycles comes up once
    per_block = sum(
        prod(work if on else cycle - work for on, work, cycle in zip(pattern, works, cycles, strict=True))
        for pattern in product((0, 1), repeat=3)
        if sum(pattern) == wanted
    )
    (p, q, r), (u, v, w), (a, b, c) = cycles, works, shifts
    partial = sum(((d + a) % p < u) + ((d + b) % q < v) + ((d + c) % r < w) == wanted for d in range(rest))
    value = blocks * per_block + partial
    names = several(rng, NAMES, 3)
    rules = [
        f"{name} works ${work}$ days and then rests ${cycle - work}$ days, and so on; day $1$ is day ${shift + 1}$ of "
        "such a cycle"
        for name, work, cycle, shift in zip(names, works, cycles, shifts, strict=True)
    ]
    count = ("nobody is", "exactly one of them is", "exactly two of them are")[wanted]
    statements = (
        f"Three guards work in fixed cycles. {'. '.join(rules)}. Find the remainder when the number of those among "
        f"the days $1, 2, \\ldots, {days}$ on which {count} at work is divided by $1000$.",
        f"Three pumps run in cycles: the first runs for ${u}$ hours and stands for ${p - u}$, the second runs for "
        f"${v}$ and stands for ${q - v}$, the third runs for ${w}$ and stands for ${r - w}$ hours, again and again. "
        f"Hour $1$ of the year is hour ${a + 1}$ of a cycle of the first pump, hour ${b + 1}$ of a cycle of the "
        f"second and hour ${c + 1}$ of a cycle of the third; cycles begin with the running hours. In how many of the "
        f"hours $1, 2, \\ldots, {days}$ is it true that {count.replace('nobody is', 'none of them is')} running? Give "
        "the remainder when this number is divided by $1000$.",
    )
    data = {"ask": "roster", "works": works, "cycles": cycles, "shifts": shifts, "days": days, "wanted": wanted}
    traps = (blocks * per_block % 1000, (blocks + 1) * per_block % 1000, days * per_block // prod(cycles) % 1000)
    return posed(rng, statements, value % 1000, data, traps)


FAMILY = ProblemFamily(
    name="schedules",
    area="word problems",
    summary="timetables, events that repeat and coincide, and rosters over many days",
    chance=0.01,
    make=by_level(_end_of_day, _days_with_events, _common_departure, _exactly_two, _roster),
)
