"""Strange dice: which one wins, sums, loaded faces, remainders, and products that are squares."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.asking import ask_probability, ask_sum, sum_of_terms
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import between, by_level, listing, pick, several


def _faces(rng: np.random.Generator, high: int, count: int = 6) -> list[int]:
    return sorted(between(rng, 1, high) for _ in range(count))


def _shown(numbers: list[int]) -> str:
    return listing([f"${number}$" for number in numbers])


def _duel(rng: np.random.Generator) -> Problem:
    first, second = _faces(rng, 14), _faces(rng, 14)
    wins = sum(a > b for a, b in product(first, second))
    ties = sum(a == b for a, b in product(first, second))
    statements = (
        f"The faces of one fair six-sided die show {_shown(first)}, those of another show {_shown(second)}. Both are "
        f"rolled once. {ask_probability(rng, 'the first die shows a larger number than the second')}",
        f"Two players roll one fair die each. The die of the first has the faces {_shown(first)}; the die of the "
        f"second has {_shown(second)}. The larger number wins, and equal numbers are a draw. "
        f"{ask_probability(rng, 'the first player wins')}",
        f"Six cards carry {_shown(first)}; six others carry {_shown(second)}. A card is drawn at random from each "
        f"six. {ask_probability(rng, 'the card from the first six carries the larger number')}",
    )
    data = {"ask": "duel", "first": first, "second": second}
    value = Fraction(wins, 36)
    return posed(rng, statements, value, data, (value + Fraction(ties, 36), 1 - value, Fraction(1, 2)))


def _sum_of_two(rng: np.random.Generator) -> Problem:
    first, second, divisor = _faces(rng, 15), _faces(rng, 15), pick(rng, (3, 4, 5, 6, 7))
    while True:
        good = sum((a + b) % divisor == 0 for a, b in product(first, second))
        if 0 < good < 36:
            break
        first = _faces(rng, 15)
    question = ask_probability(rng, f"the sum of the two numbers is divisible by ${divisor}$")
    statements = (
        f"A fair die with the faces {_shown(first)} and a fair die with the faces {_shown(second)} are rolled. "
        f"{question}",
        f"The six equal sectors of a spinner are numbered {_shown(first)}, those of a second one {_shown(second)}. "
        f"Both are spun once. {question}",
        f"One number is chosen at random from each of two lists with six entries. One list consists of "
        f"{_shown(first)}, the other of {_shown(second)} (repeated entries count separately). {question}",
    )
    data = {"ask": "sum of two", "first": first, "second": second, "divisor": divisor}
    value = Fraction(good, 36)
    return posed(rng, statements, value, data, (Fraction(1, divisor), 1 - value))


def _loaded(rng: np.random.Generator) -> Problem:
    weights, total = [between(rng, 1, 30) for _ in range(6)], between(rng, 4, 10)
    whole = sum(weights)
    good = sum(weights[a - 1] * weights[total - a - 1] for a in range(1, 7) if 1 <= total - a <= 6)
    value = Fraction(good, whole**2)
    odds = " : ".join(str(weight) for weight in weights)
    question = ask_probability(rng, f"the two numbers add up to ${total}$")
    statements = (
        f"A loaded die shows $1, 2, 3, 4, 5, 6$ with probabilities in the ratio ${odds}$. It is rolled twice. "
        f"{question}",
        f"A box contains ${whole}$ tickets: "
        f"{listing([f'${w}$ with the number ${i}$' for i, w in enumerate(weights, 1)])}. A ticket is drawn at random, "
        f"put back, and a ticket is drawn again. {question}",
        f"The sectors $1$ to $6$ of a wheel have central angles in the ratio ${odds}$, and the probability of a "
        f"sector is proportional to its angle. The wheel is spun twice. {question}",
    )
    fair = Fraction(6 - abs(7 - total), 36)
    data = {"ask": "loaded", "weights": weights, "total": total}
    return posed(rng, statements, value, data, (fair, value / 2, value * 2))


def _remainder(rng: np.random.Generator) -> Problem:
    weights, rolls, divisor = [between(rng, 1, 20) for _ in range(6)], between(rng, 3, 4), pick(rng, (3, 4, 5))
    rest = between(rng, 0, divisor - 1)
    ways = [1] + [0] * (divisor - 1)
    for _ in range(rolls):
        ways = [
            sum(ways[(r - face) % divisor] * weight for face, weight in enumerate(weights, 1)) for r in range(divisor)
        ]
    value = Fraction(ways[rest], sum(weights) ** rolls)
    odds = " : ".join(str(weight) for weight in weights)
    number = {3: "three", 4: "four"}[rolls]
    event = (
        f"the sum of the {number} numbers is divisible by ${divisor}$"
        if rest == 0
        else f"the sum of the {number} numbers leaves the remainder ${rest}$ when divided by ${divisor}$"
    )
    question = ask_sum(rng, f"the probability that {event}")
    statements = (
        f"A biased die shows $1, 2, 3, 4, 5, 6$ with probabilities proportional to {_shown(weights)}, in this order. "
        f"It is rolled {number} times. {question}",
        f"The chance that a machine prints the digit $1, 2, 3, 4, 5$ or $6$ is in the ratio ${odds}$. The machine "
        f"prints {number} digits, each independently of the others. {question}",
    )
    data = {"ask": "remainder", "weights": weights, "rolls": rolls, "divisor": divisor, "rest": rest}
    traps = (divisor + 1, sum_of_terms(Fraction(ways[(rest + 1) % divisor], sum(weights) ** rolls)))
    return posed(rng, statements, sum_of_terms(value), data, traps)


# numbers without prime factors above 7
_SMOOTH = (2, 3, 5, 6, 7, 10, 12, 14, 15, 18, 20, 21, 24, 27, 28, 30, 35, 40, 42, 45, 50, 54, 60, 63, 70)


def _odd_exponents(number: int) -> int:
    """Bits for 2, 3, 5 and 7: which of them the number holds an odd number of times."""
    bits = 0
    for index, prime in enumerate((2, 3, 5, 7)):
        while number % prime == 0:
            number //= prime
            bits ^= 1 << index
    return bits


def _square_product(rng: np.random.Generator) -> Problem:
    while True:
        numbers = sorted(several(rng, _SMOOTH, 6))
        kinds = [_odd_exponents(number) for number in numbers]
        if len(set(kinds)) > 4:
            break
    weights, draws = [between(rng, 1, 9) for _ in range(6)], between(rng, 4, 6)
    whole = sum(weights)
    # the average over the sixteen sign patterns of the primes picks out the products without an odd exponent
    signs = [[(-1) ** (kind & mask).bit_count() for kind in kinds] for mask in range(16)]
    signed = [sum(w * sign for w, sign in zip(weights, row, strict=True)) for row in signs]
    value = Fraction(sum(total**draws for total in signed), 16 * whole**draws)
    if value == 0:
        return _square_product(rng)
    tickets = listing(
        [
            f"${w}$ {'ticket' if w == 1 else 'tickets'} with the number ${n}$"
            for n, w in zip(numbers, weights, strict=True)
        ]
    )
    times = {4: "four", 5: "five", 6: "six"}[draws]
    question = ask_sum(rng, f"the probability that the product of the {times} numbers is a perfect square", 1000)
    statements = (
        f"A box holds {tickets}. Somebody draws a ticket at random, notes its number and puts it back, and does so "
        f"{times} times in all. {question}",
        f"The faces of a loaded die show {_shown(numbers)}. They come up with probabilities proportional to "
        f"{_shown(weights)}, in this order. The die is rolled {times} times. {question}",
        f"Each of {times} people chooses one of the numbers {_shown(numbers)}, independently of the others, with "
        f"probabilities in the ratio ${' : '.join(map(str, weights))}$. {question}",
    )
    data = {"ask": "square", "numbers": numbers, "weights": weights, "draws": draws}
    even = Fraction(sum(total**draws for total in signed[:8]), 8 * whole**draws)
    traps = (sum_of_terms(even) % 1000, 17, sum_of_terms(1 - value) % 1000)
    return posed(rng, statements, sum_of_terms(value) % 1000, data, traps)


FAMILY = ProblemFamily(
    name="strange-dice",
    area="probability",
    summary="duels, sums, remainders and products of dice with strange or loaded faces",
    chance=0.01,
    make=by_level(_duel, _sum_of_two, _loaded, _remainder, _square_product),
)
