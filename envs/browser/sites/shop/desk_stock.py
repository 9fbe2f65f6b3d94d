"""The staff's stock pages: search, single corrections, and corrections from a file."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask import request

from ..base import change, flash, go, needs_role, now, page, paged, row, row_or_404, rows, sent
from .blueprint import routes

REASONS = (("delivery", "Delivery received"), ("damaged", "Damaged"), ("lost", "Lost"), ("count", "Stock count"))
_VARIANTS = """
SELECT v.*, p.name AS product, p.brand, c.name AS category
FROM variants v JOIN products p ON p.id = v.product_id JOIN categories c ON c.id = p.category_id
"""


@routes.get("/desk/stock")
@needs_role("staff")
def stock() -> Any:
    """All variants with what lies on the shelf."""
    query, low = request.args.get("q", "").strip(), bool(request.args.get("low"))
    found = paged(
        f"{_VARIANTS} WHERE (?1 = '' OR instr(lower(p.name), lower(?1)) OR v.sku = upper(?1)) "
        "AND (NOT ?2 OR v.stock < 3) ORDER BY v.sku",
        query,
        low,
        per_page=30,
    )
    return page("shop/stock.html", found=found, query=query, low=low)


@routes.get("/desk/stock/<int:variant_id>")
@needs_role("staff")
def stock_item(variant_id: int) -> Any:
    """One variant, and what changed its stock."""
    return _item_page(variant_id, 200, {})


def _item_page(variant_id: int, status: int, errors: dict[str, str]) -> Any:
    return page(
        "shop/stock_item.html",
        status,
        item=row_or_404(f"{_VARIANTS} WHERE v.id = ?", variant_id),
        changes=rows("SELECT * FROM stock_changes WHERE variant_id = ? ORDER BY id DESC", variant_id),
        prices=rows("SELECT * FROM price_changes WHERE variant_id = ? ORDER BY changed_on DESC, id DESC", variant_id),
        reasons=REASONS,
        errors=errors,
        form=request.form,
    )


@routes.post("/desk/stock/<int:variant_id>")
@needs_role("staff")
def correct_stock(variant_id: int) -> Any:
    """Add to or take from the stock of a variant, with reason and reference."""
    item, form = row_or_404("SELECT * FROM variants WHERE id = ?", variant_id), sent()
    amount = form.number("change", "Change", -999, 999)
    reason = form.choice("reason", "Reason", [key for key, _ in REASONS])
    reference = form.text("reference", "Reference", most=40)
    if "change" not in form.errors and (wrong := _wrong(amount, reason, item["stock"])):
        form.errors["change"] = wrong
    if form.errors:
        return _item_page(variant_id, 422, form.errors)
    _correct(variant_id, amount, reason, reference)
    flash(f"The stock of {item['sku']} is {item['stock'] + amount} now.")
    return go("stock_item", variant_id=variant_id)


def _wrong(amount: int, reason: str, stock: int) -> str:
    """What is wrong with a correction, or ""."""
    if amount == 0:
        return "A change of 0 changes nothing."
    if reason in ("damaged", "lost") and amount > 0:
        return "What is damaged or lost is taken off the stock; give a negative number."
    if reason == "delivery" and amount < 0:
        return "A delivery adds to the stock; give a positive number."
    return f"There are only {stock} in stock." if stock + amount < 0 else ""


def _correct(variant_id: int, amount: int, reason: str, reference: str) -> None:
    change("UPDATE variants SET stock = stock + ? WHERE id = ?", amount, variant_id)
    change(
        "INSERT INTO stock_changes (variant_id, change, reason, reference, created_at) VALUES (?, ?, ?, ?, ?)",
        variant_id, amount, reason, reference, now(),
    )  # fmt: skip


@routes.get("/desk/stock/import")
@needs_role("staff")
def ask_import() -> Any:
    """How a file of corrections looks, and where to send one."""
    return page("shop/stock_import.html", problems=[], errors={}, reasons=REASONS)


@routes.post("/desk/stock/import")
@needs_role("staff")
def import_stock() -> Any:
    """Carry out a file of corrections: all of it, or nothing if a line is wrong."""
    given = request.files.get("file")
    data = given.read() if given else b""
    if not data:
        return page("shop/stock_import.html", 422, problems=[], errors={"file": "Choose a file."}, reasons=REASONS)
    corrections, problems = _read(data)
    if problems:
        return page("shop/stock_import.html", 422, problems=problems, errors={}, reasons=REASONS)
    for variant_id, amount, reason, reference in corrections:
        _correct(variant_id, amount, reason, reference)
    flash(f"{len(corrections)} corrections are carried out.")
    return go("stock")


def _read(data: bytes) -> tuple[list[tuple[int, int, str, str]], list[str]]:
    """The corrections of a CSV file with the columns sku, change, reason and reference, and what is wrong with it."""
    try:
        lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig", "replace"))))
    except csv.Error as error:
        return [], [f"The file is not CSV: {error}."]
    lines = [[cell.strip() for cell in line] for line in lines if any(cell.strip() for cell in line)]
    if not lines or [cell.lower() for cell in lines[0]] != ["sku", "change", "reason", "reference"]:
        return [], ["The first line must read sku,change,reason,reference."]
    corrections: list[tuple[int, int, str, str]] = []
    problems: list[str] = []
    stocks: dict[int, int] = {}
    for number, line in enumerate(lines[1:], 2):
        item = row("SELECT * FROM variants WHERE sku = ?", line[0].upper())
        whole = len(line) == 4 and line[1].removeprefix("-").isdecimal() and line[1].isascii() and len(line[1]) < 5
        if item is None or not whole or line[2] not in dict(REASONS) or not 1 <= len(line[3]) <= 40:
            problems.append(
                f"Line {number}: {', '.join(line)[:80]} is not a known SKU, a number, a reason, a reference."
            )
            continue
        before = stocks.get(item["id"], item["stock"])
        if wrong := _wrong(int(line[1]), line[2], before):
            problems.append(f"Line {number}: {wrong}")
            continue
        stocks[item["id"]] = before + int(line[1])
        corrections.append((item["id"], int(line[1]), line[2], line[3]))
    if not corrections and not problems:
        problems.append("There is no correction in this file.")
    return corrections, problems
