"""Rates of work: a day's output, pipes, machines of two kinds, workers who take turns."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.asking import ask_fraction, ask_sum, sum_of_terms
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, fraction, several


def _bakery(rng: np.random.Generator) -> Problem:
    a, b, h, k = between(rng, 20, 90), between(rng, 20, 90), between(rng, 3, 9), between(rng, 3, 9)
    lost, pack = between(rng, 10, 60), between(rng, 7, 24)
    left = a * h + b * k - lost
    one, other = several(rng, NAMES, 2)
    statements = (
        f"One oven of a bakery makes ${a}$ rolls an hour and runs for ${h}$ hours; another makes ${b}$ rolls an hour "
        f"and runs for ${k}$ hours. The bakers eat ${lost}$ rolls and pack the others in bags of ${pack}$. How many "
        "full bags are there?",
        f"{one} folds ${a}$ paper cranes an hour and works for ${h}$ hours. {other} folds ${b}$ an hour and works for "
        f"${k}$ hours. They throw away ${lost}$ cranes that are torn, and put the good ones on strings of ${pack}$ "
        "cranes each. How many complete strings can they make?",
        f"In a bottling plant the first line fills ${a}$ bottles a minute for ${h}$ minutes, and the second line "
        f"fills ${b}$ a minute for ${k}$ minutes. After ${lost}$ bottles have failed inspection, the rest is put into "
        f"crates that hold ${pack}$ bottles. How many crates become full?",
    )
    data = {"ask": "bakery", "rates": [a, b], "hours": [h, k], "lost": lost, "pack": pack}
    traps = (-(-left // pack), (left + lost) // pack, (left + 2 * lost) // pack, (a + b) * (h + k) // pack)
    return posed(rng, statements, left // pack, data, traps)


def _pipes(rng: np.random.Generator) -> Problem:
    while True:
        a, b, c, alone = between(rng, 8, 90), between(rng, 8, 90), between(rng, 20, 150), between(rng, 1, 6)
        full = Fraction(between(rng, 1, 6), between(rng, 7, 13))
        rest, rate = 1 - full - Fraction(alone, a), Fraction(1, a) + Fraction(1, b) - Fraction(1, c)
        if rest > Fraction(1, 10) and rate > Fraction(1, 80):
            break
    value = alone + rest / rate
    start = fraction(full)
    hours = "hour" if alone == 1 else "hours"
    question = ask_fraction(rng, "the number of hours from the opening of the first pipe until the tank is full")
    statements = (
        f"A pipe fills an empty tank in ${a}$ hours, a second pipe fills it in ${b}$ hours, and a drain empties the "
        f"full tank in ${c}$ hours. When the tank is ${start}$ full, the first pipe is opened. After ${alone}$ "
        f"{hours} the second pipe and the drain are opened, too. {question}",
        f"Two pipes lead into a tank and a drain leads out of it. Alone, the first pipe would fill the tank in ${a}$ "
        f"hours and the second in ${b}$ hours; the drain would empty it in ${c}$ hours. At the beginning ${start}$ of "
        f"the tank is full of water. For ${alone}$ {hours} only the first pipe runs, then both pipes and the drain "
        f"run. {question}",
        f"The water tank of a ship is ${start}$ full. Pump $A$ needs ${a}$ hours for a whole tank, pump $B$ needs "
        f"${b}$ hours, and the crew would use up a full tank in ${c}$ hours. Pump $A$ works alone for ${alone}$ "
        f"{hours} while the crew sleeps; then pump $B$ joins it and the crew begins to use water at its steady rate. "
        f"{ask_fraction(rng, 'the number of hours from the start of pump $A$ until the tank is full')}",
    )
    data = {"ask": "pipes", "hours": [a, b, c], "alone": alone, "full": [full.numerator, full.denominator]}
    return posed(rng, statements, value, data, (rest / rate, (1 - full) / rate, alone + (1 - full) / rate))


def _two_kinds(rng: np.random.Generator) -> Problem:
    while True:
        old, young = between(rng, 3, 25), between(rng, 3, 25)
        (a, b), (c, d), (p, q) = ([between(rng, 1, 9), between(rng, 1, 9)] for _ in range(3))
        s, t, wanted = between(rng, 2, 9), between(rng, 2, 9), between(rng, 200, 2000)
        if a * d != b * c and old != young and a * q != b * p and c * q != d * p and min(a, b, c, d, p, q) > 1:
            break
    first, second = s * (a * old + b * young), t * (c * old + d * young)
    value = Fraction(wanted, p * old + q * young)
    statements = (
        f"In ${s}$ hours, ${a}$ old and ${b}$ modern presses print ${first}$ posters. In ${t}$ hours, ${c}$ old and "
        f"${d}$ modern presses print ${second}$ posters. All old presses are equally fast, and so are all modern "
        f"ones. {ask_fraction(rng, f'the number of hours for ${wanted}$ posters on ${p}$ old and ${q}$ modern ones')}",
        f"A group of ${a}$ masters and ${b}$ apprentices lays ${first}$ tiles in ${s}$ hours; ${c}$ masters and ${d}$ "
        f"apprentices lay ${second}$ tiles in ${t}$ hours. Masters all work at one rate and apprentices at another. "
        f"{ask_fraction(rng, f'the time in hours for ${wanted}$ tiles if ${p}$ masters and ${q}$ apprentices work')}",
        f"Robots of type X and of type Y pick apples, each type at its own constant rate: ${a}$ X and ${b}$ Y pick "
        f"${first}$ apples in ${s}$ hours, and ${c}$ X and ${d}$ Y pick ${second}$ apples in ${t}$ hours. "
        f"{ask_fraction(rng, f'the number of hours in which ${p}$ X and ${q}$ Y pick ${wanted}$ apples')}",
    )
    data = {
        "ask": "two kinds", "first": [a, b, s, first], "second": [c, d, t, second], "third": [p, q], "wanted": wanted,
    }  # fmt: skip
    swapped = Fraction(wanted, q * old + p * young)
    return posed(rng, statements, value, data, (swapped, 1 / value, Fraction(wanted, old + young)))


def _in_turns(rng: np.random.Generator) -> Problem:
    hours, turns = [between(rng, 12, 120) for _ in range(3)], [between(rng, 1, 5) for _ in range(3)]
    (a, b, c), (u, v, w) = hours, turns
    each = [Fraction(turn, hour) for turn, hour in zip(turns, hours, strict=True)]
    rounds = 1 // sum(each, Fraction(0))
    left, value = 1 - rounds * sum(each, Fraction(0)), Fraction(rounds * sum(turns))
    for share, turn, hour in zip(each, turns, hours, strict=True):
        if left <= share:
            value += left * hour
            break
        left -= share
        value += turn
    one, two, three = several(rng, NAMES, 3)
    question = ask_fraction(rng, "the number of hours of work until the job is done")

    def unit(count: int) -> str:
        return f"${count}$ hour{'' if count == 1 else 's'}"

    statements = (
        f"Alone, {one} would need ${a}$ hours for a job, {two} ${b}$ hours and {three} ${c}$ hours. They work in "
        f"turns, never two at a time: {one} for {unit(u)}, then {two} for {unit(v)}, then {three} for {unit(w)}, then "
        f"{one} again, and so on. {question}",
        f"Three machines, $A$, $B$ and $C$, can do a job in ${a}$, ${b}$ and ${c}$ hours, respectively. As there is "
        f"only one power line, they run one after another in a cycle: $A$ for {unit(u)}, $B$ for {unit(v)}, $C$ for "
        f"{unit(w)}, and again from the beginning, until the job is finished. {question}",
        f"{one}, {two} and {three} share one typewriter to copy a long book, which would take them ${a}$, ${b}$ and "
        f"${c}$ hours by themselves. {one} starts and types for {unit(u)}, {two} follows for {unit(v)}, {three} for "
        f"{unit(w)}; then the same order begins again. "
        f"{ask_fraction(rng, 'the number of hours until the book is copied')}",
    )
    together = 1 / (Fraction(1, a) + Fraction(1, b) + Fraction(1, c))
    average = sum(turns) / sum(each, Fraction(0))
    return posed(rng, statements, value, {"ask": "turns", "hours": hours, "turns": turns}, (together, average))


def _pairs(rng: np.random.Generator) -> Problem:
    while True:
        (p, q, r), (d, e, f) = jobs, days = [[between(rng, *span) for _ in range(3)] for span in ((3, 14), (7, 30))]
        sizes = (p * e * f, q * d * f, r * d * e)
        if 2 * max(sizes) < sum(sizes) and gcd(p, d) == gcd(q, e) == gcd(r, f) == 1:
            break
    x, y, z = Fraction(p, d), Fraction(q, e), Fraction(r, f)
    a, c = (x + z - y) / 2, (y + z - x) / 2
    alone, orders = between(rng, 1, 9), between(rng, 25, 60)
    rest = orders - alone * a
    cycles = rest // (x + y + z)
    rest -= cycles * (x + y + z)
    done = cycles * 2 * c
    for pair, third in ((x, Fraction(0)), (y, c), (z, c)):
        part = min(Fraction(1), rest / pair)
        rest -= part * pair
        done += part * third
    value = done / orders
    one, two, three = several(rng, NAMES, 3)
    question = ask_sum(rng, f"the part of the whole work that {three} has done", 1000)
    when = f"${alone}$ day{'' if alone == 1 else 's'}"
    statements = (
        f"{one} and {two} together make ${p}$ carpets in ${d}$ days, {two} and {three} make ${q}$ carpets in ${e}$ "
        f"days, and {three} and {one} make ${r}$ carpets in ${f}$ days. They get an order for ${orders}$ carpets. For "
        f"{when} {one} works alone. After that they work in pairs, a day each: {one} and {two}, then {two} and "
        f"{three}, then {three} and {one}, then {one} and {two} again, and so on, until the order is finished. "
        f"Everyone works at a constant rate. {question}",
        f"Three painters paint walls at constant rates: {one} and {two} need ${d}$ days for ${p}$ walls, {two} and "
        f"{three} need ${e}$ days for ${q}$ walls, {three} and {one} need ${f}$ days for ${r}$ walls. There are "
        f"${orders}$ walls to paint. {one} begins alone and paints for {when}. From then on, two of them paint each "
        f"day and the third has the day off; {three} is off first, then {one}, then {two}, and so on in this order. "
        f"They stop when all walls are painted. {question}",
    )
    data = {"ask": "pairs", "jobs": jobs, "days": days, "alone": alone, "orders": orders}
    traps = (sum_of_terms(2 * c / (x + y + z)) % 1000, sum_of_terms(c / (x + y + z)) % 1000, sum_of_terms(done) % 1000)
    return posed(rng, statements, sum_of_terms(value) % 1000, data, traps)


FAMILY = ProblemFamily(
    name="work-rates",
    area="word problems",
    summary="output, pipes, machines of two kinds, and workers who take turns",
    chance=0.01,
    make=by_level(_bakery, _pipes, _two_kinds, _in_turns, _pairs),
)
