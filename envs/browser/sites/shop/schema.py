"""The tables of the shop."""

from __future__ import annotations

SCHEMA = """
CREATE TABLE users (
    id INTEGER PRIMARY KEY, username TEXT NOT NULL UNIQUE, name TEXT NOT NULL, email TEXT NOT NULL,
    role TEXT NOT NULL DEFAULT 'customer', password TEXT NOT NULL
);
CREATE TABLE settings (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, value INTEGER NOT NULL);
CREATE TABLE categories (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, slug TEXT NOT NULL UNIQUE,
    return_days INTEGER NOT NULL, opened_ok INTEGER NOT NULL
);
CREATE TABLE products (
    id INTEGER PRIMARY KEY, category_id INTEGER NOT NULL REFERENCES categories, brand TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE, description TEXT NOT NULL, specs TEXT NOT NULL, clearance INTEGER NOT NULL DEFAULT 0,
    listed_on TEXT NOT NULL
);
CREATE INDEX products_of_category ON products (category_id);
CREATE TABLE variants (
    id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL REFERENCES products, name TEXT NOT NULL,
    sku TEXT NOT NULL UNIQUE, cents INTEGER NOT NULL, stock INTEGER NOT NULL CHECK (stock >= 0)
);
CREATE INDEX variants_of_product ON variants (product_id);
CREATE TABLE price_changes (
    id INTEGER PRIMARY KEY, variant_id INTEGER NOT NULL REFERENCES variants, changed_on TEXT NOT NULL,
    old_cents INTEGER NOT NULL, new_cents INTEGER NOT NULL
);
CREATE TABLE reviews (
    id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL REFERENCES products, user_id INTEGER NOT NULL REFERENCES users,
    stars INTEGER NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, created_at TEXT NOT NULL
);
CREATE INDEX reviews_of_product ON reviews (product_id, stars);
CREATE TABLE vouchers (
    id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, worth INTEGER NOT NULL,
    minimum_cents INTEGER NOT NULL DEFAULT 0, category_id INTEGER REFERENCES categories,
    starts_on TEXT NOT NULL, ends_on TEXT NOT NULL, once INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL, cents INTEGER NOT NULL,
    free_from_cents INTEGER, days INTEGER NOT NULL
);
CREATE TABLE addresses (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users, label TEXT NOT NULL, recipient TEXT NOT NULL,
    street TEXT NOT NULL, postcode TEXT NOT NULL, city TEXT NOT NULL, phone TEXT NOT NULL DEFAULT '',
    main INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE cart_lines (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users, variant_id INTEGER NOT NULL REFERENCES variants,
    quantity INTEGER NOT NULL, UNIQUE (user_id, variant_id)
);
CREATE TABLE cart_vouchers (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL UNIQUE REFERENCES users,
    voucher_id INTEGER NOT NULL REFERENCES vouchers
);
CREATE TABLE wishes (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users, product_id INTEGER NOT NULL REFERENCES products,
    UNIQUE (user_id, product_id)
);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users, status TEXT NOT NULL, created_at TEXT NOT NULL,
    recipient TEXT NOT NULL, street TEXT NOT NULL, postcode TEXT NOT NULL, city TEXT NOT NULL,
    delivery TEXT NOT NULL, payment TEXT NOT NULL, voucher_id INTEGER REFERENCES vouchers,
    discount_cents INTEGER NOT NULL DEFAULT 0, delivery_cents INTEGER NOT NULL DEFAULT 0, total_cents INTEGER NOT NULL,
    note TEXT NOT NULL DEFAULT '', shipped_on TEXT, delivered_on TEXT
);
CREATE INDEX orders_of_user ON orders (user_id);
CREATE TABLE order_lines (
    id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders,
    variant_id INTEGER NOT NULL REFERENCES variants, quantity INTEGER NOT NULL, cents INTEGER NOT NULL
);
CREATE INDEX lines_of_order ON order_lines (order_id);
CREATE TABLE returns (
    id INTEGER PRIMARY KEY, order_line_id INTEGER NOT NULL REFERENCES order_lines, quantity INTEGER NOT NULL,
    reason TEXT NOT NULL, opened INTEGER NOT NULL DEFAULT 0, refund_to TEXT NOT NULL, comment TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'requested', verdict TEXT NOT NULL DEFAULT '', created_at TEXT NOT NULL
);
CREATE INDEX returns_of_line ON returns (order_line_id);
CREATE TABLE refunds (
    id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders, cents INTEGER NOT NULL,
    refund_to TEXT NOT NULL, reason TEXT NOT NULL, created_at TEXT NOT NULL
);
CREATE INDEX refunds_of_order ON refunds (order_id);
CREATE TABLE order_notes (
    id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders, user_id INTEGER NOT NULL REFERENCES users,
    body TEXT NOT NULL, created_at TEXT NOT NULL
);
CREATE INDEX notes_of_order ON order_notes (order_id);
CREATE TABLE stock_changes (
    id INTEGER PRIMARY KEY, variant_id INTEGER NOT NULL REFERENCES variants, change INTEGER NOT NULL,
    reason TEXT NOT NULL, reference TEXT NOT NULL, created_at TEXT NOT NULL
);
CREATE TABLE messages (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users, topic TEXT NOT NULL,
    order_id INTEGER REFERENCES orders, subject TEXT NOT NULL, body TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'open',
    created_at TEXT NOT NULL
);
CREATE TABLE replies (
    id INTEGER PRIMARY KEY, message_id INTEGER NOT NULL REFERENCES messages, user_id INTEGER NOT NULL REFERENCES users,
    body TEXT NOT NULL, created_at TEXT NOT NULL
);
"""
