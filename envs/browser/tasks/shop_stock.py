"""Stock in the shop: booking deliveries from the note that came with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Goal, Inserted, Updated
from selftrain.envs.browser.script import Do, Script
from selftrain.envs.browser.tasks.parts import one_of, some_of
from selftrain.envs.browser.tasks.shop_common import SHOP, SITE, Product, Variant, catalogue, colleague, setting
from selftrain.envs.browser.world import World

_SUPPLIERS = ("Holloway Freight", "Brisk & Sons", "Northern Textile Works", "Alder Wholesale")


@dataclass(frozen=True)
class Position:
    """A line of a delivery note.

    Attributes:
        variant, name: what was announced.
        announced, received: packs.
        pack: pieces in a pack.
        damaged: pieces that are broken.
        recount: pieces more or fewer that a remark below the table tells of.
    """

    variant: Variant
    name: str
    announced: int
    received: int
    pack: int = 1
    damaged: int = 0
    recount: int = 0

    @property
    def pieces(self) -> int:
        """What really came, broken or not."""
        return self.received * self.pack + self.recount


def _positions(rng: np.random.Generator, level: int, products: Sequence[Product]) -> list[Position]:
    count = {1: 1, 2: 3, 3: 7, 4: 11, 5: 24}[level]
    found = []
    for product in some_of(rng, products, count):
        announced = int(rng.integers(3, 20))
        line = Position(one_of(rng, product.variants), product.name, announced, announced)
        if level >= 3 and rng.random() < 0.4:
            line = replace(line, pack=one_of(rng, (4, 6, 12)))
        if level >= 3 and rng.random() < 0.35:
            line = replace(line, received=int(rng.integers(1, announced)))
        if level >= 4 and rng.random() < 0.4:
            line = replace(line, damaged=int(rng.integers(1, min(4, line.pieces) + 1)) if line.pieces > 4 else 0)
        if level >= 4 and rng.random() < 0.12:
            line = replace(line, received=0, damaged=0)
        found.append(line)
    if level == 5:
        again = replace(found[3], announced=5, received=4, pack=1, damaged=1)
        found = [replace(found[0], received=max(found[0].received, 2), recount=-1, damaged=0), *found[1:], again]
    if level >= 3:
        found[-2] = replace(found[-2], received=max(found[-2].received, 1), pack=6)
    return found


def _note(number: str, supplier: str, positions: Sequence[Position]) -> bytes:
    lines = [
        f"{supplier}", f"DELIVERY NOTE {number}", "To: Larkfield Outdoor, receiving dock", "Date: 2026-03-02", "",
        f"{'Pos':>3}  {'SKU':<8}  {'Article':<44}  {'Unit':<10}  {'Announced':>9}  {'Received':>8}  Damaged pieces",
    ]  # fmt: skip
    for at, line in enumerate(positions, 1):
        unit = "piece" if line.pack == 1 else f"pack of {line.pack}"
        name = f"{line.name}, {line.variant.name}"
        lines.append(
            f"{at:>3}  {line.variant.sku:<8}  {name:<44}  {unit:<10}  {line.announced:>9}  {line.received:>8}  "
            f"{line.damaged or '-'}"
        )
    remarks = [
        f"Pos {at}: counted again at the dock, {-line.recount} piece fewer than written above."
        for at, line in enumerate(positions, 1)
        if line.recount
    ]
    return "\n".join([*lines, "", "Received in units as stated, counted by the driver.", *remarks, ""]).encode()


Booking = tuple[Variant, int, str]
"""What a correction is: of which variant, by how much, and why."""


def _bookings(positions: Sequence[Position], damaged_apart: bool) -> list[Booking]:
    """What the handbook wants to be booked."""
    variants = {line.variant.sku: line.variant for line in positions}
    booked: list[Booking] = []
    for sku, variant in variants.items():
        mine = [line for line in positions if line.variant.sku == sku]
        pieces, damaged = sum(line.pieces for line in mine), sum(line.damaged for line in mine)
        if damaged_apart:
            booked += [(variant, pieces, "delivery")] * (pieces > 0) + [(variant, -damaged, "damaged")] * (damaged > 0)
        elif pieces > damaged:
            booked.append((variant, pieces - damaged, "delivery"))
    return booked


def _stock(rng: np.random.Generator, level: int, world: World) -> Draft:
    staff, apart = colleague(rng, world), bool(setting(world, "damaged_apart"))
    number, supplier = f"LN-{rng.integers(20000, 99999)}", one_of(rng, _SUPPLIERS)
    while True:
        positions = _positions(rng, level, catalogue(world))
        bookings = _bookings(positions, apart)
        net: dict[Variant, int] = {}
        for variant, amount, _ in bookings:
            net[variant] = net.get(variant, 0) + amount
        if all(net.values()):
            break
    changes: list[Inserted | Updated] = [
        *(Updated(SITE, "variants", variant.id, {"stock": variant.stock + amount}) for variant, amount in net.items()),
        *(
            Inserted(
                SITE, "stock_changes", {"variant_id": v.id, "change": amount, "reason": reason, "reference": number}
            )
            for v, amount, reason in bookings
        ),
    ]
    name = f"delivery-{number.lower()}.txt"
    files = {name: _note(number, supplier, positions)} if level > 1 else {}
    oracle = (
        *staff.sign_in,
        Do(f"goto('{SHOP}/desk/handbook')"),
        *_booked(bookings, number, by_file=level > 2),
        Do("submit()"),
    )
    told = _told(rng, level, positions, number, name, staff.told)
    cheats = {
        title: (*staff.sign_in, *_booked(wrong, number, by_file=level > 2), Do("submit()"))
        for title, wrong in _wrong(level, catalogue(world), positions, bookings, apart).items()
    }
    cheats["without its number"] = (*staff.sign_in, *_booked(bookings, "delivery", by_file=level > 2), Do("submit()"))
    return Draft(
        told, world, Goal(changes, {SITE: staff.username}), oracle, cheats, files=files, steps=60 + 8 * len(bookings)
    )


def _wrong(
    level: int, products: Sequence[Product], positions: Sequence[Position], bookings: Sequence[Booking], apart: bool
) -> dict[str, list[Booking]]:
    """Bookings that are nearly right."""
    first = bookings[0][0]
    twin = next(v for p in products for v in p.variants if v.product_id > first.product_id)
    wrong = {
        "the wrong article": [(twin, *bookings[0][1:]), *bookings[1:]],
        "one piece too many": [(first, bookings[0][1] + 1, bookings[0][2]), *bookings[1:]],
    }
    if level > 1:
        wrong["one line too few"] = list(bookings[:-1])
    naive = _bookings(
        [replace(line, received=line.announced, damaged=0, pack=1, recount=0) for line in positions], apart
    )
    if naive != list(bookings):
        wrong["what was announced"] = naive
    return wrong


def _booked(bookings: Sequence[Booking], reference: str, *, by_file: bool) -> Script:
    if by_file:
        text = "sku,change,reason,reference\n"
        text += "".join(f"{v.sku},{amount},{reason},{reference}\n" for v, amount, reason in bookings)
        return (
            Do(f"write_file('corrections.csv', {text!r})"),
            Do(f"goto('{SHOP}/desk/stock/import')"),
            Do("upload", "file", "File", "corrections.csv"),
            Do("click", "button", "Book corrections"),
        )
    labels = {"delivery": "Delivery received", "damaged": "Damaged"}
    script: list[Do] = []
    for variant, amount, reason in bookings:
        script += [
            Do(f"goto('{SHOP}/desk/stock/{variant.id}')"),
            Do("fill", "textbox", "Change", str(amount)),
            Do("select", "combobox", "Reason", labels[reason]),
            Do("fill", "textbox", "Reference", reference),
            Do("click", "button", "Book"),
        ]
    return tuple(script)


def _told(
    rng: np.random.Generator, level: int, positions: Sequence[Position], number: str, name: str, account: str
) -> str:
    if level == 1:
        line = positions[0]
        what = (
            f"With delivery note {number} came {line.pieces} sound pieces of {line.variant.sku} ({line.name}, "
            f"{line.variant.name}). Book them into stock."
        )
    else:
        what = (
            f"A delivery has arrived; the note that came with it is the file {name}. Book what came into stock, SKU "
            "by SKU, as the desk handbook says under Stock. The reference is the number of the note."
        )
        if level == 5:
            what += (
                " If the note has a SKU twice, add its pieces up and book them together. The remarks at its end count."
            )
    return one_of(rng, (
        "Please update the stock of Larkfield Outdoor. {what} Your {account}.",
        "{what} You are in charge of the stock at Larkfield Outdoor; sign in with {account}.",
        "Goods came in at Larkfield Outdoor. {what} Book nothing else. Login: {account}.",
    )).format(what=what, account=account)  # fmt: skip


FAMILIES = (
    BrowserFamily(
        "shop-book-delivery", "book a delivery from its note: packs, damaged and missing pieces as the handbook says",
        ("reading a document", "counting", "bulk entry by form or file"), 0.0, (SITE,), _stock,
    ),
)  # fmt: skip
