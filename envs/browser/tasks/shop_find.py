"""Finding things out in the shop: prices under conditions, and what reviewers report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.shop.pricing import bill, refusal
from selftrain.envs.browser.sites.shop.words import KINDS
from selftrain.envs.browser.tasks.parts import answering, one_of, some_of
from selftrain.envs.browser.tasks.shop_common import SHOP, SITE, TODAY, Product, catalogue, days_ago, look_at, money
from selftrain.envs.browser.world import World


@dataclass(frozen=True)
class Condition:
    """What a product must be like: in words, and as a test."""

    said: str
    holds: Callable[[Product], bool]


def conditions(rng: np.random.Generator, products: Sequence[Product], numbers: int, choices: int) -> list[Condition]:
    """Conditions on specifications that a good part of `products`, all of one category, fulfil."""
    kind = next(kind for kind in KINDS if kind.name == products[0].category)
    found = []
    for name in some_of(rng, list(kind.numbers), numbers):
        unit = kind.numbers[name][3]
        values = sorted(product.number(name) for product in products)
        most = bool(rng.integers(2))
        bound = values[int(len(values) * (0.55 if most else 0.45))]
        found.append(
            Condition(f"{name}: {'at most' if most else 'at least'} {bound} {unit}".strip(), Bound(name, bound, most))
        )
    for name in some_of(rng, list(kind.choices), choices):
        value = one_of(rng, kind.choices[name])
        found.append(Condition(f"{name}: {value}", Chosen(name, value)))
    return found


@dataclass(frozen=True)
class Bound:
    """A number of the specifications is on the right side of a bound."""

    name: str
    bound: int
    most: bool

    def __call__(self, product: Product) -> bool:
        """Whether it is."""
        return product.number(self.name) <= self.bound if self.most else product.number(self.name) >= self.bound


@dataclass(frozen=True)
class Chosen:
    """A specification has this value."""

    name: str
    value: str

    def __call__(self, product: Product) -> bool:
        """Whether it has."""
        return product.specs[self.name] == self.value


def listed(wanted: Sequence[Condition]) -> str:
    """The conditions in words."""
    return "; ".join(condition.said for condition in wanted)


def in_category(rng: np.random.Generator, products: Sequence[Product]) -> list[Product]:
    """The products of one category."""
    kind = one_of(rng, KINDS)
    return [product for product in products if product.category == kind.name]


# prices


def _price(rng: np.random.Generator, level: int, world: World) -> Draft:
    products = catalogue(world)
    if level == 1:
        product = one_of(rng, products)
        variant = one_of(rng, product.variants)
        told = one_of(rng, (
            "What does the {name} cost in {variant} at Larkfield Outdoor? Answer with the price in dollars, such as "
            "12.50.",
            "I need today's price of the {name}, variant {variant}. There are products with nearly the same name, so "
            "look twice. Answer with the amount in dollars, such as 12.50.",
            "Look up the {name} ({variant}) in the shop and answer with its price in dollars, such as 12.50.",
        )).format(name=product.name, variant=variant.name)  # fmt: skip
        others = sorted({p.cents for p in products if p.category == product.category} - {variant.cents})
        cheats = {
            "price of another": answering(money(one_of(rng, others))),
            "a cent off": answering(money(variant.cents + 1)),
        }
        oracle = (*look_at([product.id]), *answering(money(variant.cents)))
        return Draft(told, world, Goal(answer=money(variant.cents), answer_kind="money"), oracle, cheats, steps=30)
    return _cheapest(rng, level, world, products)


def _cheapest(rng: np.random.Generator, level: int, world: World, products: Sequence[Product]) -> Draft:
    while True:
        pool = in_category(rng, products)
        wanted = [Condition("in stock in at least one variant", in_stock)]
        if level == 2:
            brand = one_of(rng, pool).brand
            wanted.append(Condition(f"brand {brand}", Branded(brand)))
        else:
            wanted += conditions(rng, pool, *{3: (0, 1), 4: (1, 1), 5: (2, 1)}[level])
        if level >= 4:
            wanted.append(Condition("rated 3.5 stars or better on average", _well_rated))
        fits = sorted((p for p in pool if all(c.holds(p) for c in wanted)), key=lambda p: (p.cents, p.id))
        dearer = sorted((p for p in pool if p not in fits), key=lambda p: (p.cents, p.id))
        # those that are cheaper must all be looked at before the right one is found
        if (
            len(fits) >= 2
            and fits[0].cents < fits[1].cents
            and dearer[(0, 0, 0, 3, 6, 11)[level]].cents < fits[0].cents
        ):
            break
    best, trap = fits[0], one_of(rng, [p for p in dearer if p.cents < fits[0].cents])
    if level == 5:
        return _total(rng, world, pool, best, trap, wanted)
    told = one_of(rng, (
        "Which of the {category} is the cheapest one with all of these properties: {wanted}? I only need its price "
        "(of its cheapest variant, sold out or not). Answer with the amount in dollars, such as 12.50.",
        "At Larkfield Outdoor, among the {category}, find the lowest price of a product that fulfils all of this: "
        "{wanted}. The price of a product is its 'from' price. Answer with the amount in dollars, such as 12.50.",
        "A customer asks for the cheapest of our {category} with these properties: {wanted}. What does it cost, going "
        "by the price that the product list shows? Answer with the amount in dollars, such as 12.50.",
    )).format(category=best.category.lower(), wanted=listed(wanted))  # fmt: skip
    cheaper = [p.id for p in pool if p.cents <= best.cents]
    oracle = (
        Do(f"goto('{SHOP}/products?category={best.slug}&stock=1&sort=cheap')"),
        *look_at(cheaper),
        *answering(money(best.cents)),
    )
    cheats = {
        "one that does not fit": answering(money(trap.cents)),
        "the second": answering(money(fits[1].cents)),
    }
    goal = Goal(answer=money(best.cents), answer_kind="money")
    return Draft(told, world, goal, oracle, cheats, steps=60 + 2 * len(cheaper))


def in_stock(product: Product) -> bool:
    """Whether there is one of it."""
    return product.stock > 0


def _well_rated(product: Product) -> bool:
    return product.stars is not None and product.stars >= 3.5


@dataclass(frozen=True)
class Branded:
    """A product of this brand."""

    brand: str

    def __call__(self, product: Product) -> bool:
        """Whether it is."""
        return product.brand == self.brand


def _total(
    rng: np.random.Generator,
    world: World,
    pool: Sequence[Product],
    best: Product,
    trap: Product,
    wanted: Sequence[Condition],
) -> Draft:
    """What two of the cheapest cost a new customer with the best voucher, delivered by express."""
    count = int(rng.integers(2, 4))
    told = one_of(rng, (
        "A new customer, who has never ordered here, wants {count} pieces of one product: the cheapest of our "
        "{category} (by its 'from' price) with all of these properties: {wanted}. They take the cheapest variant, "
        "express delivery and the one voucher that makes it cheapest. What do they pay in total today? How many "
        "pieces are in stock does not matter. Answer with the amount in dollars, such as 123.45.",
        "Work out an offer. Product: the cheapest of the {category} that fulfils all of this: {wanted}. Pieces: "
        "{count}, in the cheapest variant, in stock or not. Delivery: express. The customer has never ordered before "
        "and uses the best voucher that can be used today. Answer with the total in dollars, such as 123.45.",
        "How much are {count} pieces of the cheapest product among our {category} with these properties: {wanted}? "
        "They are all of its cheapest variant, even if there are fewer of it, sent by express, for somebody who "
        "orders for the first time today and picks the voucher that saves most. Answer with the total in dollars, "
        "such as 123.45.",
    )).format(count=count, category=best.category.lower(), wanted=listed(wanted))  # fmt: skip
    right, plain = _offer(world, best, count)
    cheats = {
        "without a voucher": answering(money(plain)),
        "one that does not fit": answering(money(_offer(world, trap, count)[0])),
    }
    cheats = {name: script for name, script in cheats.items() if script != answering(money(right))}
    cheats["a piece too few"] = answering(money(_offer(world, best, count - 1)[0]))
    cheaper = [p.id for p in pool if p.cents <= best.cents]
    oracle = (
        *look_at(cheaper), Do(f"goto('{SHOP}/offers')"), Do(f"goto('{SHOP}/help/delivery')"), *answering(money(right)),
    )  # fmt: skip
    goal = Goal(answer=money(right), answer_kind="money")
    return Draft(told, world, goal, oracle, cheats, steps=80 + 2 * len(cheaper))


def _offer(world: World, product: Product, count: int) -> tuple[int, int]:
    """The total with the best voucher, and with none, in cents, by express."""
    way = world.row(SITE, "SELECT * FROM deliveries WHERE code = 'express'")
    lines = [{"cents": product.cents, "quantity": count, "category_id": product.category_id}]
    usable = [v for v in world.rows(SITE, "SELECT * FROM vouchers") if not refusal(v, lines, str(TODAY), False)]
    plain = bill(lines, None, way).total
    return min([plain, *(bill(lines, voucher, way).total for voucher in usable)]), plain


# what reviewers report


@dataclass(frozen=True)
class Complaint:
    """Something that reviewers report, in words; and what others say who do not report it."""

    topic: str
    reports: Sequence[str]
    denials: Sequence[str]


_COMPLAINTS = (
    Complaint(
        "that it smelled strongly of chemicals when it was new",
        ("Out of the box it reeked of solvent for a week.", "I had to air it for days because of the chemical smell.",
         "It stank of glue when I unpacked it."),
        ("I had read about a chemical smell; mine had none.", "No smell of solvent at all, against what I feared."),
    ),
    Complaint(
        "that its colour faded in the sun",
        ("After one summer outdoors it is two shades paler.", "The sun bleached it within a month.",
         "What was dark when I bought it is washed out by sunlight now."),
        ("Three summers of sun and the colour is as on the first day.",
         "I was told that it fades in the sun. It does not."),
    ),
    Complaint(
        "that a part was missing when it arrived",
        ("One piece from the list in the manual was not in the box.",
         "It came incomplete, I had to ask for the missing part.",
         "Mine was short of a part that the picture shows."),
        ("Everything was in the box, nothing missing.", "I counted twice for missing parts: complete."),
    ),
    Complaint(
        "that it makes a rattling noise",
        ("Something in it rattles at every step.", "It clatters as soon as one moves it.",
         "There is a constant rattle that nobody could explain."),
        ("Others heard a rattle; mine is silent.", "Not a sound from it, no rattling whatever."),
    ),
)  # fmt: skip


def _survey(rng: np.random.Generator, level: int, world: World) -> Draft:
    products = catalogue(world)
    complaint = one_of(rng, _COMPLAINTS)
    reports, least_stars = (1, 1) if level == 1 else (2, 1) if level < 4 else (2, 3)
    pool, where, address = _candidates(rng, level, products)
    target, *others = some_of(rng, pool, min(len(pool), level + 4))
    _report(rng, world, target, complaint.reports, reports, least_stars)
    once, *rest = others
    if reports > 1:
        _report(rng, world, once, complaint.reports, 1, least_stars)
    if level >= 4:
        grumbled, *rest = rest
        _report(rng, world, grumbled, complaint.reports, 1, 3)
        _report(rng, world, grumbled, complaint.reports, 1, 1, most=2)
    for other in rest:
        _report(rng, world, other, complaint.denials, 2, 1)
    who = "a reviewer reports" if reports == 1 else f"at least {reports} different reviewers report"
    if least_stars > 1:
        who = f"at least two different reviewers who themselves gave it {least_stars} stars or more report"
    told = one_of(rng, (
        "Please read through the reviews of {where} at Larkfield Outdoor. There is exactly one product of which {who} "
        "{topic}. Which one? Answer with the full name of the product as its page shows it.",
        "We have a quality problem somewhere among {where}: for one product {who} {topic}. Reviews that say the "
        "opposite do not count. Find it and answer with the product's full name.",
        "Among {where}, find the one product about which {who} {topic}. The wording differs from review to review. "
        "Answer with the name of the product, written as in the shop.",
    )).format(where=where, who=who, topic=complaint.topic)  # fmt: skip
    oracle = (Do(f"goto('{address}')"), *look_at([p.id for p in pool]), *answering(target.name))
    cheats = {"reported too rarely": answering(once.name), "denied": answering(others[-1].name)}
    return Draft(told, world, Goal(answer=target.name), oracle, cheats, steps=60 + 3 * len(pool))


def _candidates(rng: np.random.Generator, level: int, products: Sequence[Product]) -> tuple[list[Product], str, str]:
    """The products to look through, how they are described, and the list that shows them."""
    while True:
        pool = in_category(rng, products)
        name, slug = pool[0].category.lower(), pool[0].slug
        if level <= 2:
            brand = one_of(rng, pool).brand
            found = [p for p in pool if p.brand == brand and (level == 2 or p.stock)]
            said = f"the {name} of {brand}" + (" that are in stock in some variant" if level == 1 else "")
        elif level <= 4:
            prices = sorted(p.cents for p in pool)
            most = prices[24 if level == 3 else 42] // 100 + 1
            found, said = (
                [p for p in pool if p.cents <= most * 100],
                f"the {name} that cost at most $ {most} (the 'from' price)",
            )
        else:
            found, said = pool, f"all the {name} (sold out ones too)"
        if len(found) >= 5:
            return found, said, f"{SHOP}/products?category={slug}"


def _report(
    rng: np.random.Generator,
    world: World,
    product: Product,
    texts: Sequence[str],
    count: int,
    least: int,
    most: int = 5,
) -> None:
    """Reviews of a product by `count` customers who have not reviewed it, with `least` to `most` stars."""
    free = world.rows(
        SITE,
        "SELECT id FROM users WHERE role = 'customer' AND id NOT IN (SELECT user_id FROM reviews WHERE product_id = "
        "?) ORDER BY id",
        product.id,
    )
    for author, text in zip(some_of(rng, free, count), some_of(rng, texts, count), strict=True):
        stars, before = int(rng.integers(least, most + 1)), int(rng.integers(5, 300))
        filler = one_of(
            rng, ("Bought it in the spring sale.", "Otherwise it does its work.", "Used it on five trips.", "A gift.")
        )
        title = {
            1: "Sent it back",
            2: "Expected more",
            3: "Does the job",
            4: "Solid piece of kit",
            5: "Worth every cent",
        }[stars]
        world.write(
            SITE,
            "INSERT INTO reviews (product_id, user_id, stars, title, body, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            product.id, author["id"], stars, title, f"{filler} {text}", f"{days_ago(before)} 17:00",
        )  # fmt: skip


FAMILIES = (
    BrowserFamily(
        "shop-find-price", "find a price in the shop: of one variant, or of the cheapest product that fulfils "
        "conditions",
        ("search with facets", "comparison over many pages", "price calculation"), 0.01, (SITE,), _price,
    ),
    BrowserFamily(
        "shop-survey-reviews", "read the reviews of up to 66 products and find the one with a certain complaint",
        ("reading at length", "telling reports from denials", "keeping track"), 0.1, (SITE,), _survey,
    ),
)  # fmt: skip
