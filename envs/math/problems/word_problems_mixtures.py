"""Mixtures: solutions poured together, evaporation, replacement, alloys, and two tanks that exchange liquid."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.asking import ask_fraction, ask_sum, decimal, sum_of_terms
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import article, between, by_level, fraction, pick


def _liters(amount: int) -> str:
    return f"${amount}$ {'liter' if amount == 1 else 'liters'}"


def _poured_together(rng: np.random.Generator) -> Problem:
    total = pick(rng, (50, 80, 100, 125, 200, 250))
    while True:
        a, b = between(rng, 5, total - 10), between(rng, 5, total - 10)
        c = total - a - b
        if c >= 5:
            break
    p, q, r = (between(rng, 3, 97) for _ in range(3))
    value = Fraction(a * p + b * q + c * r, total)
    statements = (
        f"A chemist pours ${a}$ liters of {article(p)} ${p}\\%$ acid, ${b}$ liters of {article(q)} ${q}\\%$ acid and "
        f"${c}$ liters of {article(r)} ${r}\\%$ acid into one vessel. What percentage of the mixture is acid? Answer "
        "with the exact percentage, such as $1.25\\%$.",
        f"A juice maker mixes three drinks: ${a}$ liters with ${p}\\%$ fruit, ${b}$ liters with ${q}\\%$ fruit and "
        f"${c}$ liters with ${r}\\%$ fruit. What percentage of the blend is fruit? Answer with the exact percentage, "
        "such as $1.25\\%$.",
        f"Three sacks of birdseed, of ${a}$ kg, ${b}$ kg and ${c}$ kg, consist of sunflower seeds to ${p}\\%$, "
        f"${q}\\%$ and ${r}\\%$ of their mass, in this order. They are emptied into one bin and mixed. What "
        "percentage of the mass in the bin is sunflower seeds? Answer with the exact percentage, such as $1.25\\%$.",
    )
    data = {"ask": "poured", "amounts": [a, b, c], "percentages": [p, q, r]}
    traps = (f"{decimal(100 - value)}\\%", f"{decimal(value / 100)}\\%", f"{p + q + r}\\%")
    return posed(rng, statements, f"{decimal(value)}\\%", data, traps)


def _evaporation(rng: np.random.Generator) -> Problem:
    while True:
        q, r, p = between(rng, 2, 40), between(rng, 10, 60), between(rng, 20, 95)
        amount, lost = between(rng, 20, 200), between(rng, 2, 15)
        salt = Fraction(amount * q, 100)
        if q < r < p and r * (amount - lost) > amount * q and salt * 100 < 90 * (amount - lost):
            break
    value = Fraction(r * (amount - lost) - amount * q, p - r)
    statements = (
        f"From ${amount}$ liters of {article(q)} ${q}\\%$ salt solution, ${lost}$ liters of pure water evaporate. How "
        f"many liters of {article(p)} ${p}\\%$ solution must then be added to get {article(r)} ${r}\\%$ solution? "
        "(Percentages are by volume, and volumes add up.) Give an exact answer in liters.",
        f"A pan holds ${amount}$ liters of a syrup with ${q}\\%$ sugar. It is boiled until ${lost}$ liters of water "
        f"have evaporated. Then syrup with ${p}\\%$ sugar is poured in until the sugar content is ${r}\\%$. All "
        "percentages are by volume, and volumes simply add. How much syrup, in liters, is poured in? Give the exact "
        "value.",
        f"A basin contains ${amount}$ liters of water with ${q}\\%$ dye by volume. In the sun ${lost}$ liters of "
        f"water evaporate, but no dye. What volume of a liquid with ${p}\\%$ dye makes the content of the basin "
        f"{article(r)} ${r}\\%$ mixture? Volumes add up. Answer exactly, in liters.",
    )
    data = {"ask": "evaporation", "amount": amount, "percentages": [q, p, r], "lost": lost}
    unit = "\\text{ liters}"
    traps = [f"{fraction(wrong)}{unit}" for wrong in (Fraction(amount * (r - q), p - r), Fraction(r * amount - q, p))]
    return posed(rng, statements, f"{fraction(value)}{unit}", data, traps)


def _replaced(rng: np.random.Generator) -> Problem:
    volume, share = between(rng, 20, 150), between(rng, 20, 100)
    parts = [between(rng, 1, volume // 2) for _ in range(3)]
    value = Fraction(share, 100)
    for part in parts:
        value *= Fraction(volume - part, volume)
    x, y, z = parts
    statements = (
        f"From a barrel that holds ${volume}$ liters of a drink with ${share}\\%$ juice, somebody draws off "
        f"{_liters(x)} and adds as much water; after stirring, somebody draws off {_liters(y)} of the mixture and adds "
        f"as much water; after stirring again, the same is done with {_liters(z)}. "
        f"{ask_fraction(rng, 'the part of the final drink that is juice')}",
        f"The radiator of a truck takes ${volume}$ liters. It is full of a fluid with ${share}\\%$ antifreeze. A "
        f"mechanic drains {_liters(x)} and fills up with water, lets the engine mix the fluid, drains {_liters(y)} "
        f"and fills up with water, lets it mix, and drains {_liters(z)} and fills up with water once more. "
        f"{ask_fraction(rng, 'the part of the fluid in the radiator that is then antifreeze')}",
        f"Three times a part of a well-stirred mixture in {article(volume)} ${volume}$-liter tank is taken out and "
        f"replaced by the same amount of water: first {_liters(x)}, then {_liters(y)}, then {_liters(z)}. At first the "
        f"tank was full, and ${share}\\%$ of the mixture was alcohol. "
        f"{ask_fraction(rng, 'the ratio of alcohol to the whole mixture in the end')}",
    )
    linear = Fraction(share, 100) * (1 - Fraction(sum(parts), volume))
    data = {"ask": "replaced", "volume": volume, "share": share, "parts": parts}
    return posed(rng, statements, value, data, (max(linear, Fraction(0)), value * 100 / share, 1 - value))


def _alloys(rng: np.random.Generator) -> Problem:
    while True:
        kinds = [[10 * between(rng, 1, 7), 10 * between(rng, 1, 7)] for _ in range(3)]
        kinds = [[copper, tin, 100 - copper - tin] for copper, tin in kinds]
        (a, b, c), (d, e, f), (g, h, i) = kinds
        if a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g) and min(c, f, i) >= 10:
            break
    amounts = [between(rng, 4, 60) for _ in range(3)]
    copper, tin, zinc = (
        decimal(Fraction(sum(kind[metal] * amount for kind, amount in zip(kinds, amounts, strict=True)), 100))
        for metal in range(3)
    )
    rows = "; ".join(
        f"alloy ${name}$ is ${kind[0]}\\%$ copper, ${kind[1]}\\%$ tin and ${kind[2]}\\%$ zinc"
        for name, kind in zip("XYZ", kinds, strict=True)
    )
    form = "Answer with the ordered triple of the masses of $X$, $Y$ and $Z$ in kilograms."
    statements = (
        f"A foundry stocks three alloys (percentages by mass): {rows}. A bell is cast from these three alloys alone. "
        f"It contains ${copper}$ kg of copper, ${tin}$ kg of tin and ${zinc}$ kg of zinc. How much of each alloy was "
        f"used? {form}",
        f"By mass, {rows}. How many kilograms of each must be melted together to get exactly ${copper}$ kg of copper, "
        f"${tin}$ kg of tin and ${zinc}$ kg of zinc? {form}",
    )
    data = {"ask": "alloys", "kinds": kinds, "amounts": [copper, tin, zinc]}
    x, y, z = amounts
    return posed(rng, statements, f"({x}, {y}, {z})", data, (f"({y}, {x}, {z})", f"({z}, {y}, {x})"))


def _exchange(rng: np.random.Generator) -> Problem:
    while True:
        a, b, p, q = between(rng, 6, 40), between(rng, 6, 40), between(rng, 5, 95), between(rng, 5, 95)
        if abs(p - q) > 10:
            break
    poured, rounds = between(rng, 2, min(a, b) - 2), between(rng, 3, 7)
    factor = Fraction((a - poured) * b, a * (b + poured))
    value = (a * p + b * q + b * factor**rounds * (p - q)) / (a + b)
    question = ask_sum(rng, "the percentage of acid in tank $A$ at the end", 1000)
    times = {3: "three", 4: "four", 5: "five", 6: "six", 7: "seven"}[rounds]
    statements = (
        f"Tank $A$ holds ${a}$ liters of {article(p)} ${p}\\%$ acid and tank $B$ holds ${b}$ liters of {article(q)} "
        f"${q}\\%$ acid. In one round, ${poured}$ liters are pumped from $A$ to $B$; when the liquid in $B$ is mixed, "
        f"${poured}$ liters are pumped from $B$ back to $A$, and the liquid in $A$ is mixed. Altogether there are "
        f"{times} rounds. {question}",
        f"There are ${a}$ liters of ${p}\\%$ acid in tank $A$ and ${b}$ liters of ${q}\\%$ acid in tank $B$. "
        f"{times.capitalize()} times in succession somebody carries ${poured}$ liters from $A$ to $B$, stirs, and "
        f"then carries ${poured}$ liters from $B$ to $A$, and stirs again. {question}",
    )
    data = {"ask": "exchange", "tanks": [[a, p], [b, q]], "poured": poured, "rounds": rounds}
    other = (a * p + b * q - a * factor**rounds * (p - q)) / (a + b)
    traps = (sum_of_terms(other) % 1000, sum_of_terms(Fraction(a * p + b * q, a + b)) % 1000)
    return posed(rng, statements, sum_of_terms(value) % 1000, data, traps)


FAMILY = ProblemFamily(
    name="mixtures",
    area="word problems",
    summary="solutions, evaporation, replacement, alloys, and tanks that exchange liquid",
    chance=0.01,
    make=by_level(_poured_together, _evaporation, _replaced, _alloys, _exchange),
)
