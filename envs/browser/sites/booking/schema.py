"""The tables of the booking site. Times of day are minutes after midnight, dates "2026-03-02", money cents."""

SCHEMA = """
CREATE TABLE users (
    id INTEGER PRIMARY KEY, username TEXT NOT NULL UNIQUE, name TEXT NOT NULL, email TEXT NOT NULL, role TEXT NOT NULL,
    tier TEXT NOT NULL DEFAULT 'Basic', company TEXT NOT NULL DEFAULT '', password TEXT NOT NULL
);
CREATE TABLE stations (
    id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL, city TEXT NOT NULL,
    transfer_minutes INTEGER NOT NULL, facilities TEXT NOT NULL
);
CREATE TABLE operators (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, slug TEXT NOT NULL UNIQUE, rate INTEGER NOT NULL,
    bag_cents INTEGER NOT NULL
);
CREATE TABLE lines (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, operator_id INTEGER NOT NULL REFERENCES operators, demand TEXT NOT NULL
);
CREATE TABLE trains (
    id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, line_id INTEGER NOT NULL REFERENCES lines,
    days TEXT NOT NULL, quiet_row INTEGER NOT NULL
);
CREATE TABLE stops (
    id INTEGER PRIMARY KEY, train_id INTEGER NOT NULL REFERENCES trains, seq INTEGER NOT NULL,
    station_id INTEGER NOT NULL REFERENCES stations, arrives INTEGER NOT NULL, departs INTEGER NOT NULL
);
CREATE INDEX stops_of_train ON stops (train_id, seq);
CREATE INDEX stops_of_station ON stops (station_id);
CREATE TABLE fare_rules (
    id INTEGER PRIMARY KEY, operator_id INTEGER NOT NULL REFERENCES operators, fare TEXT NOT NULL,
    min_days INTEGER NOT NULL, refund_percent INTEGER NOT NULL, change_cents INTEGER NOT NULL
);
CREATE TABLE terms (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, value TEXT NOT NULL);
CREATE TABLE bookings (
    id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, user_id INTEGER NOT NULL REFERENCES users,
    placed_on TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'confirmed', email TEXT NOT NULL,
    cost_centre TEXT NOT NULL DEFAULT '', paid_cents INTEGER NOT NULL, fees_cents INTEGER NOT NULL DEFAULT 0,
    refunded_cents INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX bookings_of_user ON bookings (user_id);
CREATE TABLE tickets (
    id INTEGER PRIMARY KEY, booking_id INTEGER NOT NULL REFERENCES bookings, leg INTEGER NOT NULL DEFAULT 1,
    passenger TEXT NOT NULL, kind TEXT NOT NULL, bags INTEGER NOT NULL DEFAULT 0,
    assistance INTEGER NOT NULL DEFAULT 0, train_id INTEGER NOT NULL REFERENCES trains, date TEXT NOT NULL,
    origin_id INTEGER NOT NULL REFERENCES stations, destination_id INTEGER NOT NULL REFERENCES stations,
    fare TEXT NOT NULL, seat TEXT NOT NULL DEFAULT '', price_cents INTEGER NOT NULL
);
CREATE INDEX tickets_of_booking ON tickets (booking_id);
CREATE INDEX tickets_of_train ON tickets (train_id, date);
CREATE TABLE vouchers (
    id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, user_id INTEGER NOT NULL REFERENCES users,
    amount_cents INTEGER NOT NULL, min_cents INTEGER NOT NULL, fare TEXT NOT NULL, valid_until TEXT NOT NULL,
    booking_id INTEGER REFERENCES bookings
);
CREATE TABLE disruptions (
    id INTEGER PRIMARY KEY, train_id INTEGER NOT NULL REFERENCES trains, date TEXT NOT NULL, kind TEXT NOT NULL,
    minutes INTEGER NOT NULL DEFAULT 0, cause TEXT NOT NULL, created_at TEXT NOT NULL DEFAULT ''
);
CREATE INDEX disruptions_of_train ON disruptions (train_id, date);
CREATE TABLE seat_blocks (
    id INTEGER PRIMARY KEY, train_id INTEGER NOT NULL REFERENCES trains, date TEXT NOT NULL, seat TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE TABLE claims (
    id INTEGER PRIMARY KEY, booking_id INTEGER NOT NULL REFERENCES bookings, leg INTEGER NOT NULL,
    minutes INTEGER NOT NULL, cause TEXT NOT NULL, amount_cents INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT 'submitted', created_at TEXT NOT NULL DEFAULT ''
);
CREATE TABLE policies (
    id INTEGER PRIMARY KEY, company TEXT NOT NULL UNIQUE, notice_days INTEGER NOT NULL, notice_exempt TEXT NOT NULL,
    first_minutes INTEGER NOT NULL, first_grade TEXT NOT NULL, cap_cents INTEGER NOT NULL,
    long_minutes INTEGER NOT NULL, long_cap_cents INTEGER NOT NULL,
    barred_operator_id INTEGER NOT NULL REFERENCES operators, weekend_purpose TEXT NOT NULL
);
CREATE TABLE trip_requests (
    id INTEGER PRIMARY KEY, company TEXT NOT NULL, employee TEXT NOT NULL, grade TEXT NOT NULL,
    train_id INTEGER NOT NULL REFERENCES trains, date TEXT NOT NULL, origin_id INTEGER NOT NULL REFERENCES stations,
    destination_id INTEGER NOT NULL REFERENCES stations, fare TEXT NOT NULL, price_cents INTEGER NOT NULL,
    purpose TEXT NOT NULL, requested_on TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'pending',
    reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX requests_of_company ON trip_requests (company);
CREATE TABLE drafts (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL UNIQUE, data TEXT NOT NULL);
"""
