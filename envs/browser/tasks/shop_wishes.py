"""Wish lists in the shop: surveys whose result is a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Deleted, Goal, Inserted
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.tasks.parts import one_of, some_of
from selftrain.envs.browser.tasks.shop_common import SHOP, SITE, Account, Product, catalogue, customer, look_at
from selftrain.envs.browser.tasks.shop_find import Branded, Condition, conditions, in_category, in_stock, listed
from selftrain.envs.browser.world import World


def _wishes(rng: np.random.Generator, level: int, world: World) -> Draft:
    products, account = catalogue(world), customer(rng, world)
    world.write(SITE, "DELETE FROM wishes WHERE user_id = ?", account.id)
    while True:
        pool = in_category(rng, products)
        wanted = [Condition("in stock in at least one variant", in_stock)] if level > 1 else []
        if level <= 2:
            brand = one_of(rng, pool).brand
            wanted.append(Condition(f"brand {brand}", Branded(brand)))
        wanted += conditions(rng, pool, *{1: (0, 0), 2: (0, 0), 3: (0, 2), 4: (1, 2), 5: (3, 1)}[level])
        fits = [p for p in pool if all(c.holds(p) for c in wanted)]
        if level == 1 and fits:
            fits = [one_of(rng, fits)]
        if (level == 1 and fits) or 2 <= len(fits) <= 7:
            break
    outside = [p for p in products if p not in fits]
    old = some_of(rng, [p for p in outside if p.category != pool[0].category], 2 + level)
    gone: list[Product] = []
    if level >= 4:
        old += [p for p in some_of(rng, [p for p in outside if not p.stock], 2) if p not in old]
        gone = [p for p in old if not p.stock]
    for product in old:
        world.write(SITE, "INSERT INTO wishes (user_id, product_id) VALUES (?, ?)", account.id, product.id)
    return _wish_draft(rng, world, account, pool, wanted, fits, gone, level)


def _wish_draft(
    rng: np.random.Generator, world: World, account: Account, pool: Sequence[Product], wanted: Sequence[Condition],
    fits: Sequence[Product], gone: Sequence[Product], level: int,
) -> Draft:  # fmt: skip
    what = (
        f"the {fits[0].name}"
        if level == 1
        else f"every one of the {pool[0].category.lower()} that fulfils all of this ({listed(wanted)})"
    )
    told = one_of(rng, (
        "Please put {what} on my wish list at Larkfield Outdoor. {gone}My {account}.",
        "I am collecting ideas for a trip. Save {what} to my wish list in the shop, and nothing else. {gone}You sign "
        "in with {account}.",
        "Add {what} to my wish list. {gone}What is on it besides stays. My {account}.",
    )).format(
        what=what,
        account=account.told,
        gone="Take everything off it that is sold out in all variants. " if gone else "",
    )  # fmt: skip
    ids = {p.id: _wish_id(world, account, p) for p in gone}
    goal = Goal(
        [
            *(Inserted(SITE, "wishes", {"user_id": account.id, "product_id": p.id}) for p in fits),
            *(Deleted(SITE, "wishes", number) for number in ids.values()),
        ],
        {SITE: account.username},
    )
    survey = look_at([p.id for p in pool]) if level >= 3 else ()
    wrong = one_of(rng, [p for p in pool if p not in fits])
    script = (*account.sign_in, *survey, *_save(fits), *_unsave(gone))
    cheats = {
        "one too many": (*account.sign_in, *_save([*fits, wrong]), *_unsave(gone), Do("submit()")),
        "another one": (*account.sign_in, *_save([*fits[:-1], wrong]), *_unsave(gone), Do("submit()")),
    }
    return Draft(told, world, goal, (*script, Do("submit()")), cheats, steps=80 + 3 * len(survey))


def _wish_id(world: World, account: Account, product: Product) -> int:
    found: Any = world.row(SITE, "SELECT id FROM wishes WHERE user_id = ? AND product_id = ?", account.id, product.id)
    return int(found["id"])


def _save(products: Sequence[Product]) -> tuple[Do, ...]:
    return tuple(do for p in products for do in (*look_at([p.id]), Do("click", "button", "Save to wish list")))


def _unsave(products: Sequence[Product]) -> tuple[Do, ...]:
    if not products:
        return ()
    return (Do(f"goto('{SHOP}/wishes')"), *(Do("click", "button", f"Remove {p.name}") for p in products))


FAMILIES = (
    BrowserFamily(
        "shop-wish-list", "put exactly the products that fulfil conditions on the wish list",
        ("survey of specifications", "exactness"), 0.0, (SITE,), _wishes,
    ),
)  # fmt: skip
