"""Money: change, profit in percent, income tax, a loan in parts, and prices that stay whole through discounts."""

from __future__ import annotations

from fractions import Fraction
from math import lcm

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.asking import ask_sum, decimal, sum_of_terms
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, pick, several


def _change(rng: np.random.Generator) -> Problem:
    counts, prices = [between(rng, 2, 12) for _ in range(3)], [between(rng, 3, 40) for _ in range(3)]
    cost = sum(count * price for count, price in zip(counts, prices, strict=True))
    voucher = between(rng, 2, 25)
    notes = -(-(cost - voucher) // 50) + between(rng, 0, 1)
    value = notes * 50 - (cost - voucher)
    if not value > 0:
        notes, value = notes + 1, value + 50
    (a, b, c), (p, q, r) = counts, prices
    name = pick(rng, NAMES)
    bills = "a $50$-dollar bill" if notes == 1 else f"${notes}$ bills of $50$ dollars"
    statements = (
        f"{name} buys ${a}$ basketballs at ${p}$ dollars each, ${b}$ jerseys at ${q}$ dollars each and ${c}$ caps at "
        f"${r}$ dollars each for a school team. A voucher takes ${voucher}$ dollars off the total. {name} pays with "
        f"{bills}. How many dollars are given back?",
        f"For a party {name} orders ${a}$ pizzas, ${b}$ salads and ${c}$ bottles of juice, which cost ${p}$, ${q}$ "
        f"and ${r}$ dollars apiece. A coupon lowers the bill by ${voucher}$ dollars. How many dollars of change does "
        f"{name} get from {bills}?",
        f"At a garden center a rose costs ${p}$ dollars, a shrub ${q}$ dollars and a bag of soil ${r}$ dollars. "
        f"{name} takes ${a}$ roses, ${b}$ shrubs and ${c}$ bags of soil, gets ${voucher}$ dollars off as a member, "
        f"and hands over {bills}. How much change, in dollars, is due?",
    )
    data = {"ask": "change", "counts": counts, "prices": prices, "voucher": voucher, "notes": notes}
    return posed(rng, statements, value, data, (value - voucher, value - 2 * voucher, cost - voucher))


def _profit(rng: np.random.Generator) -> Problem:
    total = pick(rng, (50, 80, 100, 125, 160, 200, 250, 400))
    while True:
        sold, reduced = between(rng, total // 4, total - 4), between(rng, 2, total // 2)
        spoiled = total - sold - reduced
        markup, cut = between(rng, 20, 150), between(rng, 5, 60)
        value = Fraction(sold * markup - reduced * cut - spoiled * 100, total)
        if spoiled > 0 and value > 0:
            break
    statements = (
        f"A merchant buys ${total}$ equal vases. ${sold}$ of them are sold at ${markup}\\%$ above what they cost, "
        f"${reduced}$ at ${cut}\\%$ below what they cost, and the others break. By what percentage of the cost of all "
        "vases is the merchant's income above that cost? Answer with the exact percentage, such as $1.25\\%$.",
        f"A stall buys ${total}$ melons, all at the same price. It sells ${sold}$ of them with a profit of "
        f"${markup}\\%$ and ${reduced}$ with a loss of ${cut}\\%$ on each; the remaining ones rot. What is the "
        "overall profit as a percentage of the amount paid for all the melons? Answer with the exact percentage, "
        "such as $1.25\\%$.",
        f"An artist has ${total}$ copies of a print made, at the same cost each. ${sold}$ copies go for ${markup}\\%$ "
        f"more than they cost, ${reduced}$ for ${cut}\\%$ less than they cost, and the rest is given away. Find the "
        "total profit as a percentage of the total cost. Answer with the exact percentage, such as $1.25\\%$.",
    )
    data = {"ask": "profit", "total": total, "sold": sold, "reduced": reduced, "markup": markup, "cut": cut}
    ignored = Fraction(sold * markup - reduced * cut, total)
    traps = [f"{decimal(wrong)}\\%" for wrong in (ignored, Fraction(markup - cut), value + 100)]
    return posed(rng, statements, f"{decimal(value)}\\%", data, traps)


def _tax(rng: np.random.Generator) -> Problem:
    first = 1000 * between(rng, 4, 20)
    second = first + 1000 * between(rng, 5, 30)
    low, middle = between(rng, 3, 15), between(rng, 16, 27)
    high = middle + between(rng, 3, 20)
    income = second + 10 * between(rng, 50, 4000)
    paid = Fraction(first * low + (second - first) * middle + (income - second) * high, 100)
    name, duty = pick(rng, NAMES), f"{int(100 * paid) // 100}.{int(100 * paid) % 100:02d}"
    statements = (
        f"In a certain country the first ${first}$ dollars of a yearly income are taxed at ${low}\\%$, the part from "
        f"${first}$ to ${second}$ dollars at ${middle}\\%$, and the part above ${second}$ dollars at ${high}\\%$. "
        f"{name} paid ${duty}$ dollars of income tax. What was the income, in dollars?",
        f"An income tax has three brackets: ${low}\\%$ on income up to ${first}$ crowns, ${middle}\\%$ on the part "
        f"between ${first}$ and ${second}$ crowns, ${high}\\%$ on whatever exceeds ${second}$ crowns. For which "
        f"income, in crowns, is the tax exactly ${duty}$ crowns?",
        f"A seller gets a commission of ${low}\\%$ on the first ${first}$ dollars of sales in a month, of "
        f"${middle}\\%$ on the next ${second - first}$ dollars, and of ${high}\\%$ on everything beyond. Last month "
        f"{name} earned a commission of ${duty}$ dollars. How many dollars were the sales?",
    )
    data = {"ask": "tax", "limits": [first, second], "rates": [low, middle, high], "paid": str(paid)}
    return posed(rng, statements, income, data, (paid * 100 / high, income - second, paid * 100 / middle))


def _loan(rng: np.random.Generator) -> Problem:
    while True:
        borrowed, rate, first = 10 * between(rng, 100, 2000), between(rng, 2, 25), between(rng, 100, 1500)
        count = between(rng, 2, 3)
        growth = Fraction(100 + rate, 100)
        left = borrowed * growth - first
        if left > borrowed / 2:
            break
    value = left * growth**count / sum(growth**k for k in range(count))
    number = {2: "two", 3: "three"}[count]
    name = pick(rng, NAMES)
    statements = (
        f"{name} borrows ${borrowed}$ dollars. At the end of each year, ${rate}\\%$ of what is owed is added as "
        f"interest, and a payment is made right after that. The first payment is ${first}$ dollars. The following "
        f"{number} payments are equal and pay off the debt completely. "
        + ask_sum(rng, "the size in dollars of one of these equal payments (not rounded)", 1000),
        f"A loan of ${borrowed}$ dollars bears interest at ${rate}\\%$ a year, compounded yearly. After one year "
        f"${first}$ dollars are paid back, and after each of the next {number} years $X$ dollars, whereupon nothing "
        f"is owed any more. Suppose that amounts are not rounded. {ask_sum(rng, 'the value of $X$', 1000)}",
    )
    data = {"ask": "loan", "borrowed": borrowed, "rate": rate, "first": first, "count": count}
    plain = (borrowed * (1 + (count + 1) * Fraction(rate, 100)) - first) / count
    traps = (sum_of_terms(plain) % 1000, sum_of_terms(left / count) % 1000)
    return posed(rng, statements, sum_of_terms(value) % 1000, data, traps)


_STEPS = (4, 5, 8, 10, 12, 15, 16, 20, 24, 25, 28, 30, 32, 35, 36, 40)


def _whole_cents(rng: np.random.Generator) -> Problem:
    first, second, tax = several(rng, _STEPS, 3)
    tax = tax // 2 if tax > 20 and tax % 2 == 0 else tax
    shares = [Fraction(100 - first, 100), Fraction((100 - first) * (100 - second), 10**4)]
    shares.append(shares[1] * Fraction(100 + tax, 100))
    step = lcm(*(share.denominator for share in shares))
    friends, floor = between(rng, 7, 40), 100 * between(rng, 20, 3000) + between(rng, 1, 99)
    start = floor // step + 1
    multiples = range(start, start + friends)
    rests = [int(multiple * step * shares[2]) % friends for multiple in multiples]
    rest = pick(rng, rests)
    price = multiples[rests.index(rest)] * step
    paid = int(price * shares[2])
    left = f"leaves the remainder ${rest}$ when divided by ${friends}$" if rest else f"is divisible by ${friends}$"
    statements = (
        f"The price of a telescope is a whole number of cents. In a sale it is lowered by ${first}\\%$; with a coupon "
        f"the lowered price is lowered by another ${second}\\%$ of itself; finally a sales tax of ${tax}\\%$ is "
        "added. At each of the three stages the amount is exactly a whole number of cents, without any rounding. "
        f"${friends}$ friends buy the telescope together: when the final amount is divided as equally as possible, "
        "each pays the same whole number of cents and "
        f"{f'${rest}$ cents remain' if rest != 1 else '$1$ cent remains'} to be paid. The original price was more "
        f"than ${floor}$ cents. For the smallest such original price, find the sum of the original price and the "
        "final amount, in cents.",
        f"For a positive integer $x$, let $a$ be $x$ reduced by ${first}\\%$, let $b$ be $a$ reduced by "
        f"${second}\\%$, and let $c$ be $b$ increased by ${tax}\\%$. Let $x$ be the smallest integer greater than "
        f"${floor}$ for which $a$, $b$ and $c$ are integers and $c$ {left}. Find $x + c$.",
        f"A reservoir holds $x$ liters, a whole number greater than ${floor}$. It loses ${first}\\%$ of its water, "
        f"then ${second}\\%$ of what is left, and then gains ${tax}\\%$ of what is left after that. After each change "
        f"it holds a whole number of liters, and the last number {left}. Let $x$ be "
        "as small as possible. Find the sum of $x$ and the final number of liters.",
    )
    data = {"ask": "whole", "changes": [-first, -second, tax], "friends": friends, "rest": rest, "floor": floor}
    unshared = start * step
    traps = (price, paid, unshared + int(unshared * shares[2]))
    return posed(rng, statements, price + paid, data, traps)


FAMILY = ProblemFamily(
    name="money",
    area="word problems",
    summary="change, profit in percent, tax, loans, and prices that stay whole through discounts",
    chance=0.01,
    make=by_level(_change, _profit, _tax, _loan, _whole_cents),
)
