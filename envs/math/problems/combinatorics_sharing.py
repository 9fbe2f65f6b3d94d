"""sharing: different books and identical fruits handed out so that nobody, or somebody in particular, goes short."""

from __future__ import annotations

import math

import numpy as np

from selftrain.envs.math.problem import Problem, ProblemFamily
from selftrain.envs.math.problems.number_theory_arithmetic import MODULI, remainder_asked
from selftrain.envs.math.problems.posing import posed
from selftrain.envs.math.wording import NAMES, between, by_level, listing, pick, several

FRUITS = ("apples", "pears", "plums", "figs", "dates", "lemons", "kiwis", "mangos")
COUNTS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}


def _bars(amount: int, people: int) -> int:
    """Ways to hand out equal things."""
    return math.comb(amount + people - 1, people - 1)


def _heap(amounts: list[int], kinds: list[str]) -> str:
    return listing([f"${amount}$ {kind}" for amount, kind in zip(amounts, kinds, strict=True)])


def _fruits(rng: np.random.Generator) -> Problem:
    kinds, amounts, people = several(rng, FRUITS, 6), [between(rng, 2, 21) for _ in range(6)], between(rng, 2, 5)
    names, host = listing(several(rng, NAMES, people)), pick(rng, NAMES)
    statements = (
        f"{names} share {_heap(amounts, kinds)}. Fruits of the same kind are indistinguishable, every fruit is given "
        "to somebody, and some of the people may go without fruit. In how many ways can the fruits be shared?",
        f"{host} fills ${people}$ numbered crates with {_heap(amounts, kinds)}, all of them. The crates are so large "
        "that any of them could hold everything, and a crate may stay empty. Two fillings are the same if each crate "
        "holds the same number of fruits of each kind. How many different fillings are there?",
        f"How many tables of non-negative integers with six rows and {COUNTS[people]} columns have the row sums "
        f"{listing([f'${amount}$' for amount in amounts])}, in this order?",
    )
    answer = math.prod(_bars(amount, people) for amount in amounts)
    data = {"level": 1, "amounts": amounts, "people": people}
    traps = [_bars(sum(amounts), people), math.prod(people**amount for amount in amounts)]
    return posed(rng, statements, answer, data, [*traps, math.prod(math.comb(a - 1, people - 1) for a in amounts)])


def _books_and_fruits(rng: np.random.Generator) -> Problem:
    people = between(rng, 3, 4)
    kinds, amounts = several(rng, FRUITS, 5), [between(rng, 2, 13) for _ in range(5)]
    books = [between(rng, 1, 5) for _ in range(people)]
    names, host = several(rng, NAMES, people), pick(rng, NAMES)
    numbers = listing([f"${number}$" for number in books])
    statements = (
        f"{listing(names)} share ${sum(books)}$ different books and {_heap(amounts, kinds)}. The numbers of books that "
        f"they get are fixed, in this order: {numbers}. Fruits of one kind are all alike and can be shared in any way, "
        "even so that somebody gets none. How many outcomes are possible?",
        f"{host} puts ${sum(books)}$ different keys and five sorts of coins, {listing([f'${a}$' for a in amounts])} of "
        f"them, into ${people}$ numbered drawers. Coins of the same sort cannot be told apart. The numbers of keys in "
        f"the drawers have to be {numbers}, in this order, and there is no rule for the coins. In how many ways can "
        "this be done?",
        f"A class of ${sum(books)}$ pupils is divided among ${people}$ rooms so that the rooms get {numbers} pupils, "
        f"in this order. Then {_heap(amounts, kinds)} are distributed among the rooms arbitrarily, where only the "
        "number of fruits of each kind in each room matters. How many results can this have?",
    )
    orders = math.factorial(sum(books)) // math.prod(math.factorial(number) for number in books)
    shares = math.prod(_bars(amount, people) for amount in amounts)
    data = {"level": 2, "amounts": amounts, "books": books}
    traps = [shares, orders + shares, math.factorial(sum(books)) * shares, people ** sum(books) * shares]
    return posed(rng, statements, orders * shares, data, traps)


def _nobody_empty(amounts: list[int], books: int, people: int) -> int:
    """Ways to hand out fruits and books so that everybody gets something."""
    return sum(
        (-1) ** (people - able) * math.comb(people, able) * able**books * math.prod(_bars(a, able) for a in amounts)
        for able in range(1, people + 1)
    )


def _everybody_something(rng: np.random.Generator) -> Problem:
    people, books = between(rng, 3, 5), between(rng, 1, 6)
    kinds, amounts, modulus = several(rng, FRUITS, 5), [between(rng, 2, 15) for _ in range(5)], pick(rng, MODULI)
    names, host, closing = several(rng, NAMES, people), pick(rng, NAMES), remainder_asked(rng, "$T$", modulus)
    a_book = f"${books}$ different books" if books > 1 else "one book"
    a_letter = f"${books}$ different letters" if books > 1 else "one letter"
    sorts = listing([f"${amount}$" for amount in amounts])
    statements = (
        f"{listing(names)} share {a_book} and {_heap(amounts, kinds)}. Fruits of one kind are all alike. Everything is "
        f"handed out, and each of the {COUNTS[people]} people gets at least one thing. Let $T$ be the number of ways "
        f"in which this can happen. {closing}",
        f"{host} drops {a_letter} and five sorts of identical cards ({sorts} cards of the sorts, in this order) into "
        f"${people}$ different letter boxes. Let $T$ be the number of ways to do so that leave no box empty, where it "
        f"matters only which letters and how many cards of each sort each box holds. {closing}",
        f"A pirate hides {a_book} and {_heap(amounts, kinds)} in caves numbered from $1$ to ${people}$; fruits of one "
        f"kind cannot be told apart. Let $T$ be the number of ways to hide everything so that no cave remains empty. "
        + closing,
    )
    answer = _nobody_empty(amounts, books, people)
    data = {"level": 3, "amounts": amounts, "books": books, "people": people, "modulus": modulus}
    free = people**books * math.prod(_bars(amount, people) for amount in amounts)
    one = free - people * (people - 1) ** books * math.prod(_bars(amount, people - 1) for amount in amounts)
    return posed(rng, statements, answer % modulus, data, [free % modulus, one % modulus])


def _onto(books: int, people: int) -> int:
    """Ways to hand out different books so that everybody gets one."""
    return sum((-1) ** (people - able) * math.comb(people, able) * able**books for able in range(people + 1))


def _favoured(rng: np.random.Generator) -> Problem:
    people, books = between(rng, 3, 5), between(rng, 6, 9)
    kinds, amounts, modulus = several(rng, FRUITS, 4), [between(rng, 6, 20) for _ in range(4)], pick(rng, MODULI)
    least = [between(rng, 2, 6) for _ in range(4)]
    names, closing = several(rng, NAMES, people), remainder_asked(rng, "$T$", modulus)
    wanted = listing([f"at least ${low}$ {kind}" for low, kind in zip(least, kinds, strict=True)])
    statements = (
        f"{listing(names)} share ${books}$ different books and {_heap(amounts, kinds)}; fruits of one kind are all "
        f"alike. Each of them gets at least one book, and {names[0]} also gets {wanted}. Let $T$ be the number of ways "
        f"to hand out everything. {closing}",
        f"There are ${people}$ numbered chests, ${books}$ different jewels and, of four metals, "
        f"{listing([f'${amount}$' for amount in amounts])} equal coins. Everything is put into the chests so that no "
        f"chest is without a jewel and chest $1$ holds at least {listing([f'${low}$' for low in least])} coins of the "
        f"four metals, in this order. Let $T$ be the number of ways to do this. {closing}",
        f"The ${people}$ teams of a relay race, among them team {names[0]}, divide ${books}$ runners among themselves, "
        f"at least one for each team, and {_heap(amounts, kinds)} as food. Team {names[0]} insists on {wanted}; the "
        f"other teams may get any amount of food. Only the numbers of fruits of each kind matter. Let $T$ be the "
        f"number of possible divisions of all runners and all food. {closing}",
    )
    pairs = list(zip(amounts, least, strict=True))
    answer = _onto(books, people) * math.prod(_bars(amount - low, people) for amount, low in pairs)
    data = {"level": 4, "amounts": amounts, "least": least, "books": books, "people": people, "modulus": modulus}
    loose = people**books * math.prod(_bars(amount - low, people) for amount, low in pairs)
    all_free = _onto(books, people) * math.prod(_bars(amount, people) for amount in amounts)
    return posed(rng, statements, answer % modulus, data, [loose % modulus, all_free % modulus])


def _both_kinds(rng: np.random.Generator) -> Problem:
    people, books = between(rng, 3, 5), between(rng, 7, 10)
    own = between(rng, 2, books - people)
    kinds, amounts, modulus = several(rng, FRUITS, 5), [between(rng, 2, 15) for _ in range(5)], pick(rng, MODULI)
    names, host, closing = several(rng, NAMES, people), pick(rng, NAMES), remainder_asked(rng, "$T$", modulus)
    statements = (
        f"{listing(names)} share ${books}$ different books and {_heap(amounts, kinds)}; fruits of one kind are all "
        f"alike. Everybody gets at least one book and at least one fruit, and {names[0]} gets exactly ${own}$ books. "
        f"Let $T$ be the number of ways to hand out everything. {closing}",
        f"A warehouse has ${people}$ numbered shelves, ${books}$ different machines and "
        f"{listing([f'${amount}$' for amount in amounts])} screws of five types, in this order; screws of one type are "
        f"indistinguishable. {host} stores everything such that every shelf holds at least one machine and at least "
        f"one screw, and shelf $1$ holds exactly ${own}$ machines. Let $T$ be the number of ways to do it. {closing}",
        f"A group of ${books}$ hikers, with {_heap(amounts, kinds)} in their baskets, spreads over ${people}$ huts, "
        f"named {listing(names)}. Exactly ${own}$ hikers sleep in hut {names[0]}, no hut stays without hikers, and no "
        f"hut stays without fruit. All fruits are stored in the huts, and only their numbers, kind by kind, matter. "
        f"Let $T$ be the number of possibilities. {closing}",
    )
    books_ways = math.comb(books, own) * _onto(books - own, people - 1)
    answer = books_ways * _nobody_empty(amounts, 0, people)
    data = {"level": 5, "amounts": amounts, "books": books, "own": own, "people": people, "modulus": modulus}
    free = math.prod(_bars(amount, people) for amount in amounts)
    loose = math.comb(books, own) * (people - 1) ** (books - own) * _nobody_empty(amounts, 0, people)
    traps = [books_ways * free % modulus, loose % modulus, _onto(books, people) * answer // books_ways % modulus]
    return posed(rng, statements, answer % modulus, data, traps)


FAMILY = ProblemFamily(
    name="sharing",
    area="combinatorics",
    summary="hand out different books and identical fruits so that everybody gets something of what is asked",
    chance=0.01,
    make=by_level(_fruits, _books_and_fruits, _everybody_something, _favoured, _both_kinds),
)
