"""Answers of the word problems by playing the story day by day, by trying values, and by linear equations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import cycle
from math import lcm
from typing import Any

import numpy as np

from math_second_methods.exact import m_plus_n, solve, tex

Data = Mapping[str, Any]


def _in_percent(value: Fraction) -> str:
    """Long division of a fraction whose decimals end."""
    whole, rest = divmod(value.numerator, value.denominator)
    digits = ""
    while rest:
        digit, rest = divmod(10 * rest, value.denominator)
        digits += str(digit)
    return f"{whole}.{digits}\\%" if digits else f"{whole}\\%"


def _turns(hours: list[int], turns: list[int]) -> Fraction:
    done, time = Fraction(0), Fraction(0)
    for hour, turn in cycle(zip(hours, turns, strict=True)):
        for _ in range(turn):
            if done + Fraction(1, hour) >= 1:
                return time + (1 - done) * hour
            done, time = done + Fraction(1, hour), time + 1
    raise AssertionError


def _third_worker(data: Data) -> Fraction:
    """Plays the days one after another with the three rates from linear equations."""
    (p, q, r), (d, e, f) = data["jobs"], data["days"]
    a, b, c = solve([[1, 1, 0, Fraction(p, d)], [0, 1, 1, Fraction(q, e)], [1, 0, 1, Fraction(r, f)]])
    left, third = Fraction(data["orders"]), Fraction(0)
    left -= a * data["alone"]
    for pair, of_third in cycle(((a + b, Fraction(0)), (b + c, c), (c + a, c))):
        part = min(Fraction(1), left / pair)
        left -= part * pair
        third += part * of_third
        if left == 0:
            return third / data["orders"]
    raise AssertionError


def work_rates(data: Data) -> str:
    match data["ask"]:
        case "bakery":
            rolls = [0] * data["lost"]
            made = sum(rate for rate, hours in zip(data["rates"], data["hours"], strict=True) for _ in range(hours))
            return tex(len(range(data["pack"], made - len(rolls) + 1, data["pack"])))
        case "pipes":
            (a, b, c), alone = data["hours"], data["alone"]
            # a tank that all three would fill in whole numbers of units
            unit = lcm(a, b, c, data["full"][1])
            level = unit * data["full"][0] // data["full"][1] + alone * unit // a
            assert level < unit
            return tex(alone + Fraction(unit - level, unit // a + unit // b - unit // c))
        case "two kinds":
            (a, b, s, first), (c, d, t, second) = data["first"], data["second"]
            old, young = solve([[a * s, b * s, first], [c * t, d * t, second]])
            return tex(data["wanted"] / (data["third"][0] * old + data["third"][1] * young))
        case "turns":
            return tex(_turns(data["hours"], data["turns"]))
    return tex(m_plus_n(_third_worker(data)) % 1000)


def _exchanged(data: Data) -> Fraction:
    (a, p), (b, q) = data["tanks"]
    x, first, second = data["poured"], Fraction(a * p), Fraction(b * q)
    for _ in range(data["rounds"]):
        moved = first * x / a
        first, second = first - moved, second + moved
        moved = second * x / (b + x)
        first, second = first + moved, second - moved
    return first / a


def mixtures(data: Data) -> str:
    match data["ask"]:
        case "poured":
            parts: list[int] = []
            for share, amount in zip(data["percentages"], data["amounts"], strict=True):
                parts += [share] * amount
            return _in_percent(Fraction(sum(parts), len(parts)))
        case "evaporation":
            q, p, r = data["percentages"]
            kept = data["amount"] - data["lost"]
            # x of the strong one and y of the final mixture: volumes and salt
            x, _ = solve([[1, -1, -kept], [p, -r, -data["amount"] * q]])
            return tex(x) + "\\text{ liters}"
        case "replaced":
            good, volume = Fraction(data["volume"] * data["share"], 100), data["volume"]
            for part in data["parts"]:
                good -= good / volume * part
            return tex(good / volume)
        case "alloys":
            weights = [100 * Fraction(weight) for weight in data["amounts"]]
            rows = list(zip(*data["kinds"], weights, strict=True))
            return "(" + ", ".join(tex(amount) for amount in solve(rows)) + ")"
    return tex(m_plus_n(_exchanged(data)) % 1000)


def _duty(income: Fraction, data: Data) -> Fraction:
    limits = [Fraction(0), *map(Fraction, data["limits"]), income]
    brackets = zip(limits[:3], limits[1:], data["rates"], strict=True)
    return sum((max(Fraction(0), min(income, top) - low) * rate / 100 for low, top, rate in brackets), Fraction(0))


def _income(data: Data) -> Fraction:
    """Bisection: the tax grows with the income."""
    low, high = 0, 10**7
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if _duty(Fraction(middle), data) < Fraction(data["paid"]) else (low, middle)
    return Fraction(low)


def _payment(data: Data) -> Fraction:
    """What is owed at the end is linear in the payment: from two tries to the one that leaves nothing."""

    def owed(payment: int) -> Fraction:
        debt = Fraction(data["borrowed"])
        for number in range(data["count"] + 1):
            debt += debt * data["rate"] / 100
            debt -= payment if number else data["first"]
        return debt

    return owed(0) / (owed(0) - owed(1))


def _price(data: Data) -> int:
    first, second, tax = data["changes"]
    prices = np.arange(data["floor"] + 1, data["floor"] + 50000, dtype=np.int64)
    while True:
        whole = prices * (100 + first) % 100 == 0
        two = prices * ((100 + first) * (100 + second))
        three = two * (100 + tax)
        good = whole & (two % 10**4 == 0) & (three % 10**6 == 0) & (three // 10**6 % data["friends"] == data["rest"])
        if good.any():
            at = int(np.argmax(good))
            return int(prices[at] + three[at] // 10**6)
        prices += len(prices)


def money(data: Data) -> str:
    match data["ask"]:
        case "change":
            purse = 50 * data["notes"] + data["voucher"]
            for number, price in zip(data["counts"], data["prices"], strict=True):
                for _ in range(number):
                    purse -= price
            return tex(purse)
        case "profit":
            income = [100 + data["markup"]] * data["sold"] + [100 - data["cut"]] * data["reduced"]
            return _in_percent(Fraction(sum(income), data["total"]) - 100)
        case "tax":
            return tex(_income(data))
        case "loan":
            return tex(m_plus_n(_payment(data)) % 1000)
    return tex(_price(data))


def _third_age(data: Data) -> str:
    (p, q, ago), (r, s, later) = data["past"], data["future"]
    first = next(
        (a, b)
        for a in range(1, 200)
        for b in range(1, 200)
        if (a - ago) * q == (b - ago) * p and (a + later) * s == (b + later) * r and a > ago
    )
    return tex(data["total"] - sum(first))


def _hand_moments(data: Data) -> Iterator[Fraction]:
    """Goes from one moment with the angle to the next, watching how far the minute hand is ahead."""
    hours, minutes = data["dial"]
    speed = Fraction(360, minutes) - Fraction(360, hours * minutes)
    ahead, time = (-Fraction(360 * data["hour"], hours)) % 360, Fraction(0)
    targets = (data["angle"], 360 - data["angle"])
    while True:
        gap = min((target - ahead) % 360 or Fraction(360) for target in targets)
        ahead, time = (ahead + gap) % 360, time + gap / speed
        yield time


def ages_and_clocks(data: Data) -> str:
    match data["ask"]:
        case "family":
            now = 100
            births = [now - data["first"]]
            births.append(births[0] - data["older"])
            births.append(now - data["times"] * (now - births[1]))
            births.append(births[2] + data["younger"])
            births.append(now - (2 * now - births[0] - births[3]) - data["extra"])
            return tex(sum(now + data["later"] - birth for birth in births))
        case "third":
            return _third_age(data)
        case "angle":
            (hours, minutes), (hour, minute) = data["dial"], data["time"]
            passed = hour * minutes + minute
            long, short = Fraction(360 * passed, minutes) % 360, Fraction(360 * passed, hours * minutes) % 360
            return tex(min((long - short) % 360, (short - long) % 360))
        case "clocks":
            (gain, u), (loss, v) = data["gain"], data["loss"]
            fast, slow = Fraction(3600 * u + gain, 3600 * u), Fraction(3600 * v - loss, 3600 * v)
            return tex(m_plus_n(data["shown"] * slow / fast))
    moments = _hand_moments(data)
    moment = [next(moments) for _ in range(data["count"])][-1]
    return tex(m_plus_n(moment * data["watch"][0] / data["watch"][1]) % 1000)


def schedules(data: Data) -> str:
    match data["ask"]:
        case "end":
            time = datetime(2024, 3, 1) + timedelta(minutes=data["start"])
            for lesson in range(data["lessons"]):
                if lesson:
                    time += timedelta(minutes=data["breaks"][lesson == 1])
                time += timedelta(minutes=data["length"])
            time += timedelta(minutes=data["walk"])
            return f"({time.hour}, {time.minute})"
        case "days":
            days = np.arange(1, data["days"] + 1)
            busy = np.any([days % period == 0 for period in data["periods"]], axis=0)
            return tex(int((~busy if data["quiet"] else busy).sum()))
        case "common":
            leaving = [set(range(o, 100000, p)) for o, p in zip(data["offsets"], data["periods"], strict=True)]
            return tex(min(leaving[0] & leaving[1] & leaving[2]))
        case "two":
            seconds = np.arange(data["limit"])
            beeps = sum((seconds % p == r).astype(int) for p, r in zip(data["periods"], data["rests"], strict=True))
            return tex(int((beeps == 2).sum()))
    days = np.arange(data["days"])
    rows = zip(data["works"], data["cycles"], data["shifts"], strict=True)
    working = sum(((days + shift) % length < work).astype(np.int8) for work, length, shift in rows)
    return tex(int((working == data["wanted"]).sum()) % 1000)


def _caught(data: Data) -> Fraction:
    """The way of the slow train in pieces; the fast one catches it on the first piece on which it gets ahead."""
    (slow, fast), late, stop, place = data["speeds"], data["late"], data["stop"], data["place"]
    halt = Fraction(60 * place, slow)
    pieces = [(Fraction(0), Fraction(0), slow), (halt, Fraction(place), 0), (halt + stop, Fraction(place), slow)]
    for (start, where, speed), end in zip(pieces, (halt, halt + stop, Fraction(10**9)), strict=True):
        # where + speed (t - start) / 60 = fast (t - late) / 60
        time = (60 * where - speed * start + fast * late) / (fast - speed)
        if start <= time <= end and time > late:
            return Fraction(fast) * (time - late) / 60
    raise AssertionError


def _flown(data: Data) -> Fraction:
    """The legs of the flight shrink by a constant factor: a geometric series."""
    (left, right), (out, back), gap = data["trains"], data["bird"], Fraction(data["distance"])
    first = gap / (out + right)
    after = gap - (left + right) * first
    second = after / (back + left)
    ratio = (after - (left + right) * second) / gap
    return (out * first + back * second) / (1 - ratio)


def _level(data: Data) -> Fraction:
    """Plays both shuttles from turn to turn and looks for the moments when they are level."""
    length, (fast, slow) = data["distance"], data["speeds"]
    time, x, y, dx, dy, seen = Fraction(0), Fraction(0), Fraction(length), fast, -slow, 0
    while True:
        turn_x = ((length - x) if dx > 0 else x) / fast
        turn_y = ((length - y) if dy > 0 else y) / slow
        step = min(turn_x, turn_y)
        meet = (y - x) / (dx - dy) if dx != dy else Fraction(-1)
        if 0 < meet <= step:
            seen += 1
            if seen == data["count"]:
                return x + dx * meet
        time, x, y = time + step, x + dx * step, y + dy * step
        dx, dy = (-dx if turn_x == step else dx), (-dy if turn_y == step else dy)


def trains(data: Data) -> str:
    match data["ask"]:
        case "average":
            ways = [Fraction(v * t, 60) for v, t in zip(data["speeds"], data["minutes"], strict=True)]
            return tex(sum(ways) / Fraction(sum(data["minutes"]) + data["stop"], 60)) + "\\text{ km/h}"
        case "passing":
            # positions of front and rear in metres, speeds in metres per second
            fast, slow = (Fraction(1000 * speed, 3600) for speed in data["speeds"])
            rear, target, other = -data["lengths"][0], data["lengths"][1], -slow if data["towards"] else slow
            return tex((target - rear) / (fast - other)) + "\\text{ seconds}"
        case "catching":
            return tex(_caught(data))
        case "bird":
            return tex(m_plus_n(_flown(data)))
    return tex(m_plus_n(_level(data)) % 1000)


def _buyable(sizes: list[int], least: list[int]) -> str:
    base = sum(size * number for size, number in zip(sizes, least, strict=True))
    limit = base + sizes[0] * sizes[2] * 2
    good = np.zeros(limit, dtype=bool)
    good[base] = True
    for size in sizes:
        for start in range(size):
            np.logical_or.accumulate(good[start::size], out=good[start::size])
    assert good[-sizes[0] :].all()
    bad = np.flatnonzero(~good)[1:]
    return tex(int(bad[-1]) + len(bad))


def allocation(data: Data) -> str:
    match data["ask"]:
        case "eggs":
            broken, cakes, each = data["lost"]
            left = sum(data["daily"] for _ in range(data["days"])) - broken - cakes * each
            return tex(sum(data["price"] for _ in range(data["pack"], left + 1, data["pack"])))
        case "seats":
            small, large, extra = data["sizes"]
            seats = data["seats"] - data["known"] * extra
            tables = data["total"] - data["known"]
            found = [x for x in range(tables + 1) if x * small + (tables - x) * large == seats]
            assert len(found) == 1
            return f"({found[0]}, {tables - found[0]})"
        case "ways":
            (p, q, r), (u, v, w), amount = data["prices"], data["least"], data["amount"]
            found_ways = 0
            for x in range(u, amount // p + 1):
                for y in range(v, (amount - p * x) // q + 1):
                    rest = amount - p * x - q * y
                    found_ways += rest % r == 0 and rest // r >= w
            return tex(found_ways)
        case "plan":
            (a, b, wood), (c, d, work), (p, q) = data["first"], data["second"], data["gain"]
            x, y = np.meshgrid(np.arange(wood // a + 1), np.arange(wood // b + 1))
            allowed = (a * x + b * y <= wood) & (c * x + d * y <= work)
            return tex(int((p * x + q * y)[allowed].max()))
    return _buyable(data["sizes"], data["least"])


SECOND: dict[str, Callable[[Data], str]] = {
    "work-rates": work_rates,
    "mixtures": mixtures,
    "money": money,
    "ages-and-clocks": ages_and_clocks,
    "schedules": schedules,
    "trains": trains,
    "allocation": allocation,
}
