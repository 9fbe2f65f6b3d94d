"""Closing questions that say in which form a rational answer is wanted, and the numbers that answer them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from selftrain.envs.math.wording import pick


def decimal(value: Fraction | int) -> str:
    """A rational whose decimals end, with all of them: "12.5", "0.04", "-3".

    Raises:
        ValueError: its decimals do not end.
    """
    value, places = Fraction(value), 0
    while 10**places % value.denominator:
        places += 1
        if places > 30:
            raise ValueError(f"{value} has no finite decimal form; write it as a fraction.")
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{text}" if value < 0 else text


def sum_of_terms(value: Fraction) -> int:
    """Numerator plus denominator of a positive rational in lowest terms."""
    return value.numerator + value.denominator


def ask_fraction(rng: np.random.Generator, what: str) -> str:
    """A closing question that wants a rational number, `what` being a noun phrase."""
    return pick(
        rng,
        (
            f"Find {what}. Give your answer as an integer or a common fraction in lowest terms.",
            f"What is {what}? Express your answer as a common fraction in lowest terms (or as an integer).",
            f"Compute {what}, and write it as a fraction in lowest terms (or as an integer).",
        ),
    )


def ask_probability(rng: np.random.Generator, event: str) -> str:
    """A closing question that wants the probability that `event` happens, a clause."""
    return pick(
        rng,
        (
            f"What is the probability that {event}? Give your answer as a common fraction in lowest terms.",
            f"Find the probability that {event}. Express it as a common fraction in lowest terms.",
            f"Compute, as a fraction in lowest terms, the probability that {event}.",
        ),
    )


def ask_sum(rng: np.random.Generator, what: str, modulus: int = 0) -> str:
    """A closing question that wants m + n for a rational m/n, or its remainder by `modulus`."""
    goal = rf"ind the remainder when $m+n$ is divided by ${modulus}$." if modulus else "ind $m+n$."
    start = what[0].upper() + what[1:]
    return pick(
        rng,
        (
            rf"{start} can be written as $\frac{{m}}{{n}}$, where $m$ and $n$ are relatively prime positive integers. "
            f"F{goal}",
            rf"Given that {what} equals $\frac{{m}}{{n}}$ for relatively prime positive integers $m$ and $n$, f{goal}",
            rf"Write {what} as $\frac{{m}}{{n}}$ with relatively prime positive integers $m$ and $n$, and f{goal}",
        ),
    )
