"""The catalogue: start page, lists with facets, product pages with variants, specifications and reviews."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from flask import abort, g, jsonify, request

from ..base import change, flash, go, needs_login, now, page, paged, row, row_or_404, rows, sent, value
from .blueprint import routes

_CENTS = "(SELECT MIN(cents) FROM variants WHERE product_id = p.id)"
_STOCK = "(SELECT SUM(stock) FROM variants WHERE product_id = p.id)"
_STARS = "(SELECT AVG(stars) FROM reviews WHERE product_id = p.id)"
_LISTED = f"""
SELECT p.id, p.name, p.brand, p.clearance, p.listed_on, c.name AS category, {_CENTS} AS cents, {_STOCK} AS stock,
    (SELECT COUNT(*) FROM variants WHERE product_id = p.id) AS variants, {_STARS} AS stars,
    (SELECT COUNT(*) FROM reviews WHERE product_id = p.id) AS reviews
FROM products p JOIN categories c ON c.id = p.category_id
"""
_SORTED = {
    "name": ("Name", "p.name"),
    "cheap": ("Price, low to high", f"{_CENTS}, p.name"),
    "dear": ("Price, high to low", f"{_CENTS} DESC, p.name"),
    "rated": ("Best rated", f"{_STARS} DESC, p.name"),
    "new": ("Newest", "p.listed_on DESC, p.name"),
}
PER_PAGE = 24
REVIEWS_PER_PAGE = 8


@routes.get("/")
def home() -> Any:
    """Categories and what came in last."""
    categories = rows(
        "SELECT c.*, COUNT(*) AS products FROM categories c JOIN products p ON p.category_id = c.id "
        "GROUP BY c.id ORDER BY c.name"
    )
    newest = rows(f"{_LISTED} ORDER BY p.listed_on DESC, p.name LIMIT 6")
    return page("shop/home.html", categories=categories, newest=newest)


@routes.get("/products")
def products() -> Any:
    """All products, by what was searched for and which facets were chosen."""
    asked = request.args
    where, values = _facets()
    order = _SORTED.get(asked.get("sort", ""), _SORTED["name"])[1]
    # what the cards show is looked up for the products of this page alone, which is what makes it quick
    found = paged(
        "SELECT p.id FROM products p JOIN categories c ON c.id = p.category_id "
        f"WHERE {' AND '.join(where)} ORDER BY {order}",
        *values,
        per_page=PER_PAGE,
    )
    ids = [item["id"] for item in found.items]
    listed = {
        item["id"]: item for item in rows(f"{_LISTED} WHERE p.id IN (SELECT value FROM json_each(?))", json.dumps(ids))
    }
    return page(
        "shop/products.html",
        found=replace(found, items=[listed[number] for number in ids]),
        categories=[
            ("", "All categories"),
            *((c["slug"], c["name"]) for c in rows("SELECT * FROM categories ORDER BY name")),
        ],
        brands=[("", "All brands"), *(b["brand"] for b in rows("SELECT DISTINCT brand FROM products ORDER BY brand"))],
        sorts=[(key, label) for key, (label, _) in _SORTED.items()],
        asked=asked,
    )


def _facets() -> tuple[list[str], list[Any]]:
    """Conditions and their values."""
    asked = request.args
    where, values = ["1"], list[Any]()
    for word in asked.get("q", "").split()[:8]:
        where.append("(p.name LIKE ? ESCAPE '\\' OR p.id IN (SELECT product_id FROM variants WHERE sku = ?))")
        values += ["%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%", word.upper()]
    for key, column in (("category", "c.slug"), ("brand", "p.brand")):
        if asked.get(key):
            where.append(f"{column} = ?")
            values.append(asked[key])
    for key, condition, scale in (
        ("least", f"{_CENTS} >=", 100),
        ("most", f"{_CENTS} <=", 100),
        ("stars", f"{_STARS} >=", 1),
    ):
        amount = _amount(asked.get(key, ""))
        if amount is not None:
            where.append(f"{condition} ?")
            values.append(round(amount * scale, 2))
    if asked.get("stock"):
        where.append(f"{_STOCK} > 0")
    return where, values


def _amount(given: str) -> float | None:
    given = given.strip()
    return float(given) if given.isascii() and given.replace(".", "", 1).isdecimal() and len(given) < 10 else None


@routes.get("/suggest")
def suggest() -> Any:
    """Names of products that hold what was typed so far."""
    typed = request.args.get("q", "").strip()
    found = rows("SELECT name FROM products WHERE instr(lower(name), lower(?)) ORDER BY name LIMIT 8", typed)
    return jsonify([product["name"] for product in found] if typed else [])


@routes.get("/products/<int:product_id>")
def product(product_id: int) -> Any:
    """One product with its variants, specifications and reviews."""
    return _product_page(product_id)


def _product_page(product_id: int, status: int = 200, errors: dict[str, str] | None = None) -> Any:
    item = row_or_404(
        "SELECT p.*, c.name AS category, c.slug FROM products p JOIN categories c ON c.id = p.category_id "
        "WHERE p.id = ?",
        product_id,
    )
    user_id = g.user["id"] if g.user else 0
    return page(
        "shop/product.html",
        status,
        item=item,
        specs=json.loads(item["specs"]),
        variants=rows("SELECT * FROM variants WHERE product_id = ? ORDER BY id", product_id),
        lowered=rows(
            "SELECT ch.*, v.name FROM price_changes ch JOIN variants v ON v.id = ch.variant_id WHERE v.product_id = ? "
            "ORDER BY ch.changed_on DESC, ch.id DESC",
            product_id,
        ),
        rating=row("SELECT AVG(stars) AS stars, COUNT(*) AS reviews FROM reviews WHERE product_id = ?", product_id),
        reviews=paged(
            "SELECT r.*, u.name AS author FROM reviews r JOIN users u ON u.id = r.user_id WHERE r.product_id = ? "
            "ORDER BY r.created_at DESC, r.id DESC",
            product_id,
            per_page=REVIEWS_PER_PAGE,
        ),
        wished=value("SELECT id FROM wishes WHERE user_id = ? AND product_id = ?", user_id, product_id),
        bought=_may_review(user_id, product_id),
        errors=errors or {},
        form=request.form,
    )


def _may_review(user_id: int, product_id: int) -> bool:
    got_it = value(
        "SELECT 1 FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN variants v ON v.id = l.variant_id "
        "WHERE o.user_id = ? AND v.product_id = ? AND o.status = 'delivered'",
        user_id,
        product_id,
    )
    told = value("SELECT 1 FROM reviews WHERE user_id = ? AND product_id = ?", user_id, product_id)
    return bool(got_it) and not told


@routes.post("/products/<int:product_id>/reviews")
@needs_login
def add_review(product_id: int) -> Any:
    """A review by somebody who got the product and has not reviewed it yet."""
    row_or_404("SELECT id FROM products WHERE id = ?", product_id)
    if not _may_review(g.user["id"], product_id):
        abort(422, "Only who received this product can review it, and once.")
    form = sent()
    stars = form.number("stars", "Stars", 1, 5)
    title = form.text("title", "Headline", most=80)
    body = form.text("body", "Review", least=10, most=1000)
    if form.errors:
        return _product_page(product_id, 422, form.errors)
    change(
        "INSERT INTO reviews (product_id, user_id, stars, title, body, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        product_id, g.user["id"], stars, title, body, now(),
    )  # fmt: skip
    flash("Thank you for your review.")
    return go("product", product_id=product_id)


@routes.get("/wishes")
@needs_login
def wishes() -> Any:
    """What the customer saved for later."""
    found = rows(f"{_LISTED} JOIN wishes w ON w.product_id = p.id WHERE w.user_id = ? ORDER BY w.id", g.user["id"])
    return page("shop/wishes.html", found=found)


@routes.post("/wishes/<int:product_id>")
@needs_login
def add_wish(product_id: int) -> Any:
    """Save a product; saving twice is fine."""
    row_or_404("SELECT id FROM products WHERE id = ?", product_id)
    if not value("SELECT id FROM wishes WHERE user_id = ? AND product_id = ?", g.user["id"], product_id):
        change("INSERT INTO wishes (user_id, product_id) VALUES (?, ?)", g.user["id"], product_id)
    flash("Saved to your wish list.")
    return go("product", product_id=product_id)


@routes.post("/wishes/<int:product_id>/remove")
@needs_login
def remove_wish(product_id: int) -> Any:
    """Take a product off the list."""
    wish = row_or_404("SELECT id FROM wishes WHERE user_id = ? AND product_id = ?", g.user["id"], product_id)
    change("DELETE FROM wishes WHERE id = ?", wish["id"])
    flash("Removed from your wish list.")
    return go("wishes")
