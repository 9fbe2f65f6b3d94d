"""Ages, wrong clocks, and the hands of clocks on other planets."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.asking import ask_fraction, ask_sum, sum_of_terms
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, pick, several


def _family_ages(rng: np.random.Generator) -> Problem:
    while True:
        first, times = between(rng, 3, 25), between(rng, 2, 6)
        older, younger, extra, later = (between(rng, 2, 30) for _ in range(4))
        ages = [first, first + older, times * (first + older)]
        ages.append(ages[2] - younger)
        if ages[3] > 0 and ages[2] < 100:
            break
    ages.append(ages[0] + ages[3] + extra)
    a, b, c, d, e = several(rng, NAMES, 5)
    value = sum(ages) + 5 * later
    many = {2: "twice", 3: "three times", 4: "four times", 5: "five times", 6: "six times"}[times]
    statements = (
        f"{a} is ${first}$ years old. {b} is ${older}$ years older than {a}, {c} is {many} as old as {b}, and {d} is "
        f"${younger}$ years younger than {c}. A tree in their garden is ${extra}$ years older than {a} and {d} "
        f"together. What will be the sum of the ages of the four people and the tree in ${later}$ years?",
        f"On a farm, the mill is {many} as old as the barn, and the barn is ${older}$ years older than the shed, "
        f"which was built ${first}$ years ago. The house is ${younger}$ years younger than the mill. The well is as "
        f"old as the shed and the house together, plus ${extra}$ years. Find the sum of the ages of all five in "
        f"${later}$ years.",
        f"{e}'s age is ${extra}$ more than the sum of the ages of {a} and {d}. {d} is ${younger}$ years younger than "
        f"{c}, who is {many} as old as {b}. {b} is ${older}$ years older than {a}, and {a} is ${first}$. If all five "
        f"are alive in ${later}$ years, what will their ages add up to then?",
    )
    data = {"ask": "family", "first": first, "older": older, "times": times, "younger": younger}
    data |= {"extra": extra, "later": later}
    return posed(rng, statements, value, data, (sum(ages), sum(ages) + later, value - ages[4] - later))


def _third_age(rng: np.random.Generator) -> Problem:
    while True:
        ages, ago, later = [between(rng, 16, 95) for _ in range(3)], between(rng, 2, 15), between(rng, 2, 30)
        if ages[0] != ages[1]:
            break
    past = Fraction(ages[0] - ago, ages[1] - ago)
    future = Fraction(ages[0] + later, ages[1] + later)
    a, b, c = several(rng, NAMES, 3)
    total = sum(ages)
    p, q, r, s = past.numerator, past.denominator, future.numerator, future.denominator
    statements = (
        f"${ago}$ years ago the ages of {a} and {b} were in the ratio ${p} : {q}$. In ${later}$ years they will be in "
        f"the ratio ${r} : {s}$. At present the ages of {a}, {b} and {c} add up to ${total}$. How old is {c} now?",
        f"The ratio of {a}'s age to {b}'s age was ${p} : {q}$ when both were ${ago}$ years younger than today, and it "
        f"will be ${r} : {s}$ when both are ${later}$ years older than today. Together with {c} they are ${total}$ "
        f"years old today. Find {c}'s age today.",
        f"Three bridges in a town were built at different times. Today their ages add up to ${total}$ years. The ages "
        f"of the first two had the ratio ${p} : {q}$ exactly ${ago}$ years ago, and will have the ratio ${r} : {s}$ "
        f"exactly ${later}$ years from now. How many years old is the third bridge today?",
    )
    data = {"ask": "third", "past": [p, q, ago], "future": [r, s, later], "total": total}
    return posed(rng, statements, ages[2], data, (ages[0], ages[1], ages[2] + later, ages[0] + ages[1]))


def _angle(rng: np.random.Generator) -> Problem:
    hours, minutes = between(rng, 8, 60), between(rng, 40, 400)
    hour, minute = between(rng, 1, hours - 1), between(rng, 1, minutes - 1)
    turn = abs(Fraction(minute, minutes) - Fraction(hour * minutes + minute, hours * minutes))
    value = 360 * min(turn, 1 - turn)
    question = ask_fraction(rng, "the smaller angle between the two hands, in degrees")
    statements = (
        f"On the planet Zog an hour has ${minutes}$ minutes, and the face of a clock is divided into ${hours}$ hours: "
        f"the hour hand makes one turn in ${hours}$ hours, the minute hand one turn an hour, in the same direction. "
        f"At $0$ hours both point straight up. Look at such a clock ${hour}$ {'hour' if hour == 1 else 'hours'} and "
        f"${minute}$ {'minute' if minute == 1 else 'minutes'} after that. {question}",
        f"A clockmaker builds a toy clock whose minute hand goes round once in ${minutes}$ minutes and whose hour "
        f"hand moves, steadily and in the same direction, through $\\frac{{1}}{{{hours}}}$ of a turn in that time. "
        f"Both hands start at the top. After ${hour}$ full {'turn' if hour == 1 else 'turns'} of the minute hand and "
        f"another ${minute}$ {'minute' if minute == 1 else 'minutes'}, it stops. {question}",
    )
    stiff = abs(Fraction(minute, minutes) - Fraction(hour, hours))
    data = {"ask": "angle", "dial": [hours, minutes], "time": [hour, minute]}
    return posed(rng, statements, value, data, (360 * min(stiff, 1 - stiff), 360 * max(turn, 1 - turn)))


def _wrong_clocks(rng: np.random.Generator) -> Problem:
    while True:
        gain, loss = between(rng, 5, 90), between(rng, 5, 90)
        u, v, shown = between(rng, 1, 12), between(rng, 1, 12), between(rng, 120, 4000)
        if gcd(gain, u) == 1 and gcd(loss, v) == 1:
            break
    true = shown / (1 + Fraction(gain, 3600 * u))
    value = true * (1 - Fraction(loss, 3600 * v))
    question = ask_sum(rng, "the number of minutes that clock $B$ has then counted since noon")

    def per(count: int) -> str:
        return "every hour" if count == 1 else f"every ${count}$ hours"

    statements = (
        f"Clock $A$ gains ${gain}$ seconds {per(u)}, and clock $B$ loses ${loss}$ seconds {per(v)} (hours of true "
        f"time). Both are set to the correct time at noon. Some time later, clock $A$ shows that exactly ${shown}$ "
        f"minutes have passed since noon. {question}",
        f"Two clocks run steadily but wrongly: in each span of ${u}$ true {'hour' if u == 1 else 'hours'} clock $A$ "
        f"gets ${gain}$ seconds ahead, and in each span of ${v}$ true {'hour' if v == 1 else 'hours'} clock $B$ falls "
        f"${loss}$ seconds behind. At noon both were right. Consider the moment when clock $A$ has counted exactly "
        f"${shown}$ minutes since noon. {question}",
    )
    data = {"ask": "clocks", "gain": [gain, u], "loss": [loss, v], "shown": shown}
    rough = shown * (1 - Fraction(gain, 3600 * u)) * (1 - Fraction(loss, 3600 * v))
    return posed(rng, statements, sum_of_terms(value), data, (sum_of_terms(rough), sum_of_terms(true)))


def _nth_angle(rng: np.random.Generator) -> Problem:
    while True:
        hours, minutes, hour = between(rng, 8, 40), between(rng, 30, 150), between(rng, 1, 39)
        part = Fraction(between(rng, 1, 11), between(rng, 5, 24))
        shown, true = between(rng, 41, 99), between(rng, 41, 99)
        if hour < hours and part < Fraction(1, 2) and gcd(shown, true) == 1 and (360 * part).denominator == 1:
            break
    count = between(rng, 5, 40)
    lead = Fraction(hour, hours)
    # in every lap of one hand around the other the angle comes up twice; a lap that begins at 0 counts at its end
    first, second = sorted((lead + side * part) % 1 or Fraction(1) for side in (-1, 1))
    lap = (count - 1) // 2 + (first if count % 2 else second)
    moment = lap * hours * minutes / (hours - 1)
    value = moment * shown / true
    angle = 360 * part
    last = {1: "st", 2: "nd", 3: "rd"}.get(count % 10 if count // 10 != 1 else 0, "th")
    question = ask_sum(rng, "the number of minutes that the stopwatch shows at that moment", 1000)
    place = pick(rng, ("an asteroid", "a distant planet", "a space station"))
    statements = (
        f"On {place}, an hour has ${minutes}$ minutes, and a clock has a dial of ${hours}$ hours: its hour hand goes "
        f"round once in ${hours}$ hours and its minute hand once an hour, both steadily and in the same direction; at "
        f"$0$ hours both point straight up. At exactly ${hour}$ {'hour' if hour == 1 else 'hours'} a stopwatch is "
        f"started. It is inaccurate: it counts ${shown}$ minutes while ${true}$ minutes pass. It is stopped at the "
        f"{count}{last} moment after its start at which the smaller angle between the hands is exactly "
        f"${angle}^\\circ$. {question}",
        f"A clock on {place} has a minute hand that makes a turn in ${minutes}$ minutes and an hour hand that makes a "
        f"turn, in the same direction, in ${hours * minutes}$ minutes; both start from the top of the dial together. "
        f"When the minute hand has made exactly ${hour}$ {'turn' if hour == 1 else 'turns'}, a stopwatch is set going "
        f"that counts ${shown}$ minutes in every ${true}$ minutes of true time. Consider all later moments when the "
        f"two hands form an angle of ${angle}^\\circ$, and stop the watch at the {count}{last} of them. {question}",
    )
    data = {"ask": "nth", "dial": [hours, minutes], "hour": hour, "angle": int(angle), "count": count}
    data["watch"] = [shown, true]
    once = (count - 1 + part + lead) * hours * minutes / (hours - 1) * shown / true
    traps = (sum_of_terms(moment) % 1000, sum_of_terms(moment * true / shown) % 1000, sum_of_terms(once) % 1000)
    return posed(rng, statements, sum_of_terms(value) % 1000, data, traps)


FAMILY = ProblemFamily(
    name="ages-and-clocks",
    area="word problems",
    summary="ages from sums and ratios, wrong clocks, and angles between the hands of unusual clocks",
    chance=0.01,
    make=by_level(_family_ages, _third_age, _angle, _wrong_clocks, _nth_angle),
)
