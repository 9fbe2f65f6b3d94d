"""The shop: who may see what, its forms and rules, and its bills."""

from __future__ import annotations

import functools
import io
import re
import sqlite3
from decimal import ROUND_DOWN, Decimal
from typing import Any

import numpy as np
import pytest
from werkzeug.test import Client, TestResponse

from selftrain.envs.browser.sites import serve
from selftrain.envs.browser.sites.database import hashed, open_database
from selftrain.envs.browser.sites.shop.pricing import bill, refusal
from selftrain.envs.browser.world import World


class Visitor:
    """Somebody with a browser that sends forms with the token of the last page."""

    def __init__(self, database: sqlite3.Connection, username: str = "") -> None:
        self.client = Client(functools.partial(serve, {"shop": database}, False))
        self.token = ""
        if username:
            self.get("/login")
            assert self.post("/login", username=username, password="pw").status_code == 303

    def get(self, path: str) -> TestResponse:
        answer = self.client.get(path, base_url="http://shop.test")
        if found := re.search(r'name="csrf_token" value="(\w+)"', answer.text):
            self.token = found[1]
        return answer

    def post(self, path: str, **form: Any) -> TestResponse:
        data = {"csrf_token": self.token, **form}
        answer = self.client.post(path, base_url="http://shop.test", data=data)
        if answer.status_code == 303:
            self.get("/help" if path != "/login" else "/")
        return answer


@pytest.fixture
def shop() -> sqlite3.Connection:
    world = World(("shop",), "train", 3)
    world.write("shop", "UPDATE users SET password = ?", hashed("pw"))
    return open_database(world.databases()["shop"])


def one(database: sqlite3.Connection, sql: str, *values: Any) -> Any:
    return database.execute(sql, values).fetchone()[0]


def customer(database: sqlite3.Connection) -> Visitor:
    return Visitor(database, one(database, "SELECT username FROM users WHERE id = 1"))


def staff(database: sqlite3.Connection) -> Visitor:
    return Visitor(database, "desk.reed")


@pytest.mark.parametrize(
    "path", ["/cart", "/checkout", "/orders", "/returns", "/addresses", "/messages", "/wishes", "/desk", "/desk/stock"]
)
def test_what_is_private_asks_for_a_login(shop: sqlite3.Connection, path: str) -> None:
    answer = Visitor(shop).get(path)
    assert answer.status_code == 303
    assert answer.location.startswith("/login?next=")


@pytest.mark.parametrize(
    "path", ["/desk", "/desk/orders.csv", "/desk/handbook", "/desk/orders/41001", "/desk/returns", "/desk/stock/import"]
)
def test_the_desk_is_for_staff(shop: sqlite3.Connection, path: str) -> None:
    assert customer(shop).get(path).status_code == 403
    assert staff(shop).get(path).status_code == 200


@pytest.mark.parametrize("path", ["/products/99999", "/orders/99999", "/help/nothing", "/addresses/99999", "/nothing"])
def test_what_is_not_there_is_404(shop: sqlite3.Connection, path: str) -> None:
    assert customer(shop).get(path).status_code == 404


def test_nobody_sees_or_changes_what_belongs_to_others(shop: sqlite3.Connection) -> None:
    visitor = customer(shop)
    order = one(shop, "SELECT id FROM orders WHERE user_id != 1 AND status = 'placed'")
    home = one(shop, "SELECT id FROM addresses WHERE user_id != 1")
    for path in (f"/orders/{order}", f"/orders/{order}/return", f"/addresses/{home}"):
        assert visitor.get(path).status_code == 404
    visitor.get("/")
    for path in (f"/orders/{order}/cancel", f"/orders/{order}/reorder", f"/addresses/{home}/main"):
        assert visitor.post(path).status_code == 404
    assert one(shop, "SELECT status FROM orders WHERE id = ?", order) == "placed"


def test_a_form_without_its_token_is_refused(shop: sqlite3.Connection) -> None:
    visitor = customer(shop)
    visitor.token = "guessed"
    assert visitor.post("/wishes/1").status_code == 400


def test_facets_sorting_and_pages_of_the_catalogue(shop: sqlite3.Connection) -> None:
    visitor = Visitor(shop)
    text = visitor.get("/products?category=tents&sort=cheap&stock=1&least=150&most=400").text
    prices = [Decimal(price.replace(",", "")) for price in re.findall(r"\$ ([\d,]+\.\d\d)", text)]
    assert prices
    assert prices == sorted(prices)
    assert 150 <= prices[0] <= prices[-1] <= 400
    assert "Sold out" not in text
    assert "Page 3 of" in visitor.get("/products?page=3").text
    assert "Nothing fits" in visitor.get("/products?q=%25&brand=Skarv").text
    assert visitor.get("/products?least=x&stars=&page=zzz").status_code == 200


def fill_cart(shop: sqlite3.Connection, visitor: Visitor, quantity: int = 2) -> Any:
    variant = shop.execute("SELECT * FROM variants WHERE stock > 10 ORDER BY id").fetchone()
    visitor.get(f"/products/{variant['product_id']}")
    assert visitor.post("/cart", variant_id=variant["id"], quantity=quantity).location == "/cart"
    return variant


def test_a_checkout_says_what_is_wrong_and_then_takes_goods_out_of_stock(shop: sqlite3.Connection) -> None:
    visitor = customer(shop)
    variant = fill_cart(shop, visitor)
    visitor.get("/checkout")
    home = one(shop, "SELECT id FROM addresses WHERE user_id = 1 AND main = 1")
    foreign = one(shop, "SELECT id FROM addresses WHERE user_id != 1")
    form = {"address_id": home, "delivery": "express", "payment": "card", "terms": "1"}
    for wrong in ({"address_id": foreign}, {"delivery": "rocket"}, {"payment": "shells"}, {"terms": ""}):
        assert visitor.post("/checkout", **{**form, **wrong}).status_code == 422
    before = one(shop, "SELECT COUNT(*) FROM orders")
    assert visitor.post("/checkout", **form).status_code == 303
    assert one(shop, "SELECT COUNT(*) FROM orders") == before + 1
    assert one(shop, "SELECT stock FROM variants WHERE id = ?", variant["id"]) == variant["stock"] - 2
    assert one(shop, "SELECT COUNT(*) FROM cart_lines WHERE user_id = 1") == 0
    assert visitor.get("/checkout").status_code == 303


def test_a_cart_takes_no_more_than_there_is(shop: sqlite3.Connection) -> None:
    visitor = customer(shop)
    variant = fill_cart(shop, visitor, 5)
    answer = visitor.post("/cart", variant_id=variant["id"], quantity=50)
    assert answer.location == f"/products/{variant['product_id']}"
    line = one(shop, "SELECT id FROM cart_lines WHERE user_id = 1")
    assert visitor.post("/cart/quantities", **{f"quantity-{line}": "999"}).status_code == 422
    assert visitor.post("/cart/quantities", **{f"quantity-{line}": "0"}).status_code == 303
    assert "Your cart is empty" in visitor.get("/cart").text


def test_vouchers_that_do_not_count_say_why(shop: sqlite3.Connection) -> None:
    visitor = customer(shop)
    fill_cart(shop, visitor)
    for code, why in (("WINTER20", "expired"), ("SPRING15", "not valid before"), ("NOSUCH", "no voucher")):
        answer = visitor.post("/cart/voucher", code=code)
        assert answer.status_code == 422
        assert why in answer.text
    assert visitor.post("/cart/voucher", code="trail5").status_code == 303
    assert "TRAIL5 is applied" in visitor.get("/cart").text


def test_a_shipped_order_is_not_cancelled_and_a_placed_one_goes_back_into_stock(shop: sqlite3.Connection) -> None:
    visitor = customer(shop)
    variant = fill_cart(shop, visitor)
    home = one(shop, "SELECT id FROM addresses WHERE user_id = 1 AND main = 1")
    visitor.post("/checkout", address_id=home, delivery="standard", payment="card", terms="1")
    order = one(shop, "SELECT MAX(id) FROM orders")
    shop.execute("UPDATE orders SET status = 'shipped' WHERE id = ?", (order,))
    assert visitor.post(f"/orders/{order}/cancel").status_code == 422
    assert visitor.post(f"/orders/{order}/address", address_id=home).status_code == 422
    shop.execute("UPDATE orders SET status = 'packed' WHERE id = ?", (order,))
    assert visitor.post(f"/orders/{order}/cancel").status_code == 303
    assert one(shop, "SELECT stock FROM variants WHERE id = ?", variant["id"]) == variant["stock"]
    assert visitor.post(f"/orders/{order}/cancel").status_code == 422


def test_nobody_returns_more_than_was_bought(shop: sqlite3.Connection) -> None:
    line = shop.execute(
        "SELECT l.*, u.username FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN users u ON u.id = o.user_id "
        "WHERE o.status = 'delivered' AND l.id NOT IN (SELECT order_line_id FROM returns) ORDER BY l.id"
    ).fetchone()
    visitor, path = Visitor(shop, line["username"]), f"/orders/{line['order_id']}/return"
    visitor.get(path)
    form = {f"quantity-{line['id']}": line["quantity"], f"reason-{line['id']}": "size", "refund_to": "card"}
    for wrong in (
        {f"quantity-{line['id']}": line["quantity"] + 1},
        {f"reason-{line['id']}": ""},
        {"refund_to": "cash"},
        {f"quantity-{line['id']}": 0},
    ):
        assert visitor.post(path, **{**form, **wrong}).status_code == 422
    assert visitor.post(path, **form).status_code == 303
    assert visitor.post(path, **form).status_code == 422


def test_a_refund_is_at_most_what_was_paid(shop: sqlite3.Connection) -> None:
    visitor = staff(shop)
    order = shop.execute("SELECT * FROM orders WHERE status = 'delivered' ORDER BY id").fetchone()
    path, total = f"/desk/orders/{order['id']}/refunds", order["total_cents"]
    form = {"refund_to": "card", "reason": "late delivery"}
    assert visitor.post(path, amount=f"{(total + 1) / 100:.2f}", **form).status_code == 422
    assert visitor.post(path, amount="0.50", **form).status_code == 303
    assert visitor.post(path, amount=f"{total / 100:.2f}", **form).status_code == 422
    assert visitor.post(path, amount="1.234", **form).status_code == 422
    assert visitor.post(path, amount="1.00", refund_to="card", reason="").status_code == 422
    assert visitor.post(f"/desk/orders/{order['id']}/notes", body="").status_code == 422


def test_a_return_is_decided_once(shop: sqlite3.Connection) -> None:
    visitor = staff(shop)
    number = one(shop, "SELECT id FROM returns WHERE status = 'approved'")
    assert visitor.post(f"/desk/returns/{number}", status="refused", verdict="opened").status_code == 409
    shop.execute("UPDATE returns SET status = 'requested' WHERE id = ?", (number,))
    assert visitor.post(f"/desk/returns/{number}", status="refused", verdict="").status_code == 422
    assert visitor.post(f"/desk/returns/{number}", status="refused", verdict="opened").status_code == 303


def test_corrections_from_a_file_are_all_or_none(shop: sqlite3.Connection) -> None:
    visitor = staff(shop)
    item = shop.execute("SELECT * FROM variants WHERE stock = 0 ORDER BY id").fetchone()

    def send(text: str) -> TestResponse:
        return visitor.post("/desk/stock/import", file=(io.BytesIO(text.encode()), "stock.csv"))

    head = "sku,change,reason,reference\n"
    for wrong in ("", "sku;change\n", head, f"{head}{item['sku']},3,delivery,LN-1\n{item['sku']},-4,damaged,LN-1\n"):
        assert send(wrong).status_code == 422
    assert one(shop, "SELECT stock FROM variants WHERE id = ?", item["id"]) == 0
    assert send(f"{head}{item['sku']},3,delivery,LN-1\n{item['sku'].lower()},-1,damaged,LN-1\n").status_code == 303
    assert one(shop, "SELECT stock FROM variants WHERE id = ?", item["id"]) == 2


@pytest.mark.parametrize("wrong", [{"change": "0"}, {"change": "x"}, {"reason": "lost"}, {"reference": ""}])
def test_a_correction_that_cannot_be_is_refused(shop: sqlite3.Connection, wrong: dict[str, str]) -> None:
    form = {"change": "4", "reason": "delivery", "reference": "LN-7"}
    assert staff(shop).post("/desk/stock/1", **{**form, **wrong}).status_code == 422


def test_addresses_are_checked_and_the_main_one_stays(shop: sqlite3.Connection) -> None:
    visitor = customer(shop)
    form = {"label": "Cabin", "recipient": "A", "street": "1 Lane", "postcode": "12345", "city": "B"}
    for wrong in ({"postcode": "1234"}, {"label": "Home"}, {"phone": "call me"}, {"city": " "}):
        assert visitor.post("/addresses/new", **{**form, **wrong}).status_code == 422
    assert visitor.post("/addresses/new", **form).status_code == 303
    main = one(shop, "SELECT id FROM addresses WHERE user_id = 1 AND main = 1")
    visitor.post(f"/addresses/{main}/delete")
    assert one(shop, "SELECT COUNT(*) FROM addresses WHERE id = ?", main) == 1


def test_orders_can_be_saved_as_csv(shop: sqlite3.Connection) -> None:
    lines = staff(shop).get("/desk/orders.csv?status=cancelled").text.splitlines()
    assert lines[0].startswith("order,created_at,username")
    assert len(lines) - 1 == one(shop, "SELECT COUNT(*) FROM orders WHERE status = 'cancelled'")


def test_a_bill_is_what_exact_decimals_make_of_it() -> None:
    rng = np.random.default_rng(7)
    for _ in range(300):
        lines = [
            {"cents": int(rng.integers(900, 40000)), "quantity": int(rng.integers(1, 4)), "category_id": int(c)}
            for c in rng.integers(1, 4, 3)
        ]
        voucher = {
            "kind": str(rng.choice(["percent", "amount", "delivery"])), "worth": int(rng.integers(5, 2500)),
            "category_id": [None, 1, 2][int(rng.integers(3))],
        }  # fmt: skip
        if voucher["kind"] == "percent":
            voucher["worth"] %= 60
        way = {"code": "standard", "cents": 590, "free_from_cents": 10000}
        covered = [
            Decimal(line["cents"]) / 100 * line["quantity"]
            for line in lines
            if voucher["category_id"] in (None, line["category_id"])
        ]
        goods = sum(Decimal(line["cents"]) / 100 * line["quantity"] for line in lines)
        off = Decimal(0)
        if voucher["kind"] == "percent":
            off = (sum(covered, Decimal(0)) * voucher["worth"] / 100).quantize(Decimal("0.01"), ROUND_DOWN)
        elif voucher["kind"] == "amount":
            off = min(Decimal(voucher["worth"]) / 100, sum(covered, Decimal(0)))
        sent = Decimal(0) if goods - off >= 100 or voucher["kind"] == "delivery" else Decimal("5.90")
        assert Decimal(bill(lines, voucher, way).total) / 100 == goods - off + sent


def test_a_voucher_is_good_on_its_first_and_last_day() -> None:
    voucher = {
        "code": "X", "kind": "percent", "worth": 10, "minimum_cents": 5000, "category_id": None,
        "starts_on": "2026-03-01", "ends_on": "2026-03-02", "once": 1,
    }  # fmt: skip
    lines = [{"cents": 2500, "quantity": 2, "category_id": 1}]
    assert [bool(refusal(voucher, lines, f"2026-03-0{day}", False)) for day in (1, 2, 3)] == [False, False, True]
    assert refusal(voucher, lines, "2026-03-01", True)
    assert refusal(voucher, [{**lines[0], "cents": 2499}], "2026-03-01", False)
