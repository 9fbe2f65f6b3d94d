"""The family `till-prices`: a Python function that reckons a bill by a shop's rules, judged on hidden baskets.

The agent leaves a program, so it has to be run. `TrialVerifier` runs each case in a fresh sandbox that knows neither
what is expected nor the verdict: it only maps a basket to a bill, and the bill is compared on the host.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from selftrain.envs.verifiers import TrialVerifier, function_case
from selftrain.tasks import Limits, Task, TaskFamily

PROGRAM = "/workspace/till.py"
GOODS = ("apple", "bread", "candle", "dates", "eggs", "flour", "ginger", "honey", "ink", "jam")

Basket = list[list[object]]


@dataclass(frozen=True)
class Rules:
    """What a shop of this level does; a rule that its level does not have changes nothing.

    Attributes:
        level: rules up to this one hold.
        deal: names of goods of which `pieces` cost what `paid` do.
        kinds: how many different goods make the cheapest piece free.
        limit, percent: from this many cents on, so much is taken off.
    """

    level: int
    deal: tuple[str, ...]
    pieces: int
    paid: int
    kinds: int
    limit: int
    percent: int

    def bill(self, basket: Basket, people: int) -> list[int]:
        """What each of `people` pays, in cents."""
        quantity: dict[str, int] = {}
        price: dict[str, int] = {}
        for name, count, cents in basket:
            quantity[str(name)] = quantity.get(str(name), 0) + int(str(count))
            price[str(name)] = int(str(cents))
        bought = {name: count for name, count in quantity.items() if count > 0}
        total = 0
        for name, count in bought.items():
            packs, single = divmod(count, self.pieces) if self.level >= 2 and name in self.deal else (0, count)
            total += (packs * self.paid + single) * price[name]
        if self.level >= 5 and len(bought) >= self.kinds:
            total -= min(price[name] for name in bought)
        if self.level >= 4 and total >= self.limit:
            total -= total * self.percent // 100
        return [total // people + (turn < total % people) for turn in range(people)]


def build(rng: np.random.Generator, level: int) -> Task:
    """One shop and its hidden baskets. All randomness comes from `rng`."""
    pieces = int(rng.integers(3, 6))
    deal = tuple(GOODS[index] for index in sorted(rng.permutation(len(GOODS))[:4]))
    rules = Rules(
        level,
        deal,
        pieces,
        pieces - 1,
        int(rng.integers(3, 6)),
        100 * int(rng.integers(20, 60)),
        int(rng.integers(3, 15)),
    )
    prices = {name: int(rng.integers(20, 900)) for name in GOODS}
    drawn = [_basket(rng, prices, rules, level) for _ in range(7 + level)]
    example, *hidden = [(basket, int(rng.integers(1, 5))) for basket in drawn]
    cases = [
        function_case(f"basket {number}", PROGRAM, "bill", [basket, people], rules.bill(basket, people))
        for number, (basket, people) in enumerate([([], 2), *hidden], 1)
    ]
    answer = rules.bill(*example)
    return Task(
        instruction=_instruction(rules, *example, answer),
        verifier=TrialVerifier((PROGRAM,), tuple(cases)),
        tools=("python3",),
        oracle=(_put(_solution(rules)),),
        cheats={
            "knows the example alone": (_put(f"def bill(basket, people):\n    return {answer}\n"),),
            "ends at once": (_put("import os\nos._exit(0)\n"),),
            "forges the result": (_put(_FORGED),),
            "equals everything": (_put(_EQUAL),),
        },
        limits=Limits(steps=30, seconds=600.0),
    )


def _basket(rng: np.random.Generator, prices: dict[str, int], rules: Rules, level: int) -> Basket:
    names = [GOODS[index] for index in rng.permutation(len(GOODS))[: int(rng.integers(2, 7))]]
    basket: Basket = [[name, int(rng.integers(1, 2 * rules.pieces)), prices[name]] for name in names]
    if rng.random() < 0.5:
        basket.append(list(basket[0]))
    if level >= 3:
        name, count, cents = basket[int(rng.integers(len(basket)))]
        basket.append([name, -int(rng.integers(1, int(str(count)) + 1)), cents])
    return basket


def _instruction(rules: Rules, basket: Basket, people: int, answer: list[int]) -> str:
    parts = [
        f"Write a Python module {PROGRAM} with a function `bill(basket, people)`. A basket is a list of "
        "[name, quantity, price of a piece in cents]; the same name may come several times, always at the same price. "
        "The function returns the list of what each of `people` pays, in cents: the total in equal parts, and where it "
        "does not divide, the first ones pay a cent more.",
        "The total is the sum of the prices of all pieces, by these rules, in this order:",
    ]
    if rules.level >= 3:
        parts.append(
            "- A negative quantity gives pieces of that name back. What counts is the sum of its quantities; where "
            "that is not above 0, the name does not count at all."
        )
    if rules.level >= 2:
        parts.append(
            f"- Of {', '.join(rules.deal)}, each full {rules.pieces} pieces of one name cost what {rules.paid} do."
        )
    if rules.level >= 5:
        parts.append(f"- Where at least {rules.kinds} different names count, one piece of the cheapest is free.")
    if rules.level >= 4:
        parts.append(
            f"- A total of {rules.limit} cents or more becomes {rules.percent} percent less; what is taken off is "
            "rounded down to whole cents."
        )
    if rules.level == 1:
        parts.append("- There are no others: every piece costs its price.")
    parts.append(f"For example, bill({json.dumps(basket)}, {people}) is {answer}. It is judged on other baskets.")
    return "\n\n".join(parts)


def _put(program: str) -> str:
    return f"cat > {PROGRAM} <<'END'\n{program}END"


def _solution(rules: Rules) -> str:
    """A program that knows the rules as the instruction says them."""
    lines = ["def bill(basket, people):", "    prices = {name: cents for name, _, cents in basket}", "    count = {}"]
    lines += ["    for name, quantity, _ in basket:", "        count[name] = count.get(name, 0) + quantity"]
    lines += ["    count = {name: n for name, n in count.items() if n > 0}"]
    lines += ["    def paid(name, n):"]
    if rules.level >= 2:
        lines += [f"        if name in {sorted(rules.deal)}:"]
        lines += [f"            n -= n // {rules.pieces} * {rules.pieces - rules.paid}"]
    lines += ["        return n * prices[name]", "    total = sum(paid(name, n) for name, n in count.items())"]
    if rules.level >= 5:
        lines += [f"    if len(count) >= {rules.kinds}:", "        total -= min(prices[name] for name in count)"]
    if rules.level >= 4:
        lines += [f"    if total >= {rules.limit}:", f"        total -= total * {rules.percent} // 100"]
    lines += ["    each, more = divmod(total, people)", "    return [each + 1] * more + [each] * (people - more)"]
    return "\n".join(lines) + "\n"


_FORGED = """\
import json, os
for name in ("/tmp/.case/result.json", "/logs/verifier/reward.txt"):
    try:
        with open(name, "w") as out:
            out.write(json.dumps({"value": True, "passed": True}))
    except OSError:
        pass
os._exit(0)
"""
_EQUAL = """\
class Equal(list):
    def __eq__(self, other):
        return True
    __hash__ = None

def bill(basket, people):
    return Equal()
"""

FAMILY = TaskFamily(
    "till-prices", "Writes the function that reckons a bill by a shop's rules.", ("python", "rules"), 0.0, build
)
