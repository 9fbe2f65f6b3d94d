"""The tables of the back office."""

SCHEMA = """
CREATE TABLE departments (
    id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL, office TEXT NOT NULL, head_id INTEGER
);
CREATE TABLE users (
    id INTEGER PRIMARY KEY, username TEXT NOT NULL UNIQUE, name TEXT NOT NULL, email TEXT NOT NULL,
    role TEXT NOT NULL DEFAULT 'employee', password TEXT NOT NULL DEFAULT '!',
    department_id INTEGER NOT NULL REFERENCES departments (id), manager_id INTEGER REFERENCES users (id),
    title TEXT NOT NULL, kind TEXT NOT NULL DEFAULT 'employee', status TEXT NOT NULL DEFAULT 'active',
    started_on TEXT NOT NULL, ends_on TEXT NOT NULL DEFAULT '', leave_reason TEXT NOT NULL DEFAULT '',
    last_login TEXT NOT NULL DEFAULT '', approval_limit INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX users_by_manager ON users (manager_id);
CREATE TABLE groups (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, system TEXT NOT NULL, sensitivity TEXT NOT NULL,
    owner_id INTEGER NOT NULL REFERENCES users (id), description TEXT NOT NULL DEFAULT ''
);
CREATE TABLE memberships (
    id INTEGER PRIMARY KEY, group_id INTEGER NOT NULL REFERENCES groups (id),
    user_id INTEGER NOT NULL REFERENCES users (id), granted_on TEXT NOT NULL, granted_by TEXT NOT NULL,
    last_used TEXT NOT NULL DEFAULT '', UNIQUE (group_id, user_id)
);
CREATE INDEX memberships_by_user ON memberships (user_id);
CREATE TABLE access_requests (
    id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, user_id INTEGER NOT NULL REFERENCES users (id),
    group_id INTEGER NOT NULL REFERENCES groups (id), reason TEXT NOT NULL, ticket TEXT NOT NULL DEFAULT '',
    submitted_on TEXT NOT NULL, until TEXT NOT NULL DEFAULT '', status TEXT NOT NULL DEFAULT 'pending',
    decided_by TEXT NOT NULL DEFAULT '', code TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT ''
);
CREATE TABLE reviews (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, due_on TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'open'
);
CREATE TABLE review_items (
    id INTEGER PRIMARY KEY, review_id INTEGER NOT NULL REFERENCES reviews (id),
    user_id INTEGER NOT NULL REFERENCES users (id), group_id INTEGER NOT NULL REFERENCES groups (id),
    decision TEXT NOT NULL DEFAULT '', code TEXT NOT NULL DEFAULT '', decided_by TEXT NOT NULL DEFAULT ''
);
CREATE TABLE suppliers (
    id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, name TEXT NOT NULL, tax_number TEXT NOT NULL,
    iban TEXT NOT NULL, email TEXT NOT NULL, city TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'active',
    merged_into INTEGER REFERENCES suppliers (id), code TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '',
    created_on TEXT NOT NULL, created_by TEXT NOT NULL
);
CREATE TABLE invoices (
    id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, supplier_id INTEGER NOT NULL REFERENCES suppliers (id),
    reference TEXT NOT NULL, purchase_order TEXT NOT NULL, amount INTEGER NOT NULL,
    department_id INTEGER NOT NULL REFERENCES departments (id), issued_on TEXT NOT NULL, due_on TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'received', entered_by TEXT NOT NULL, decided_by TEXT NOT NULL DEFAULT '',
    code TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT ''
);
CREATE INDEX invoices_by_supplier ON invoices (supplier_id);
CREATE TABLE expense_reports (
    id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, user_id INTEGER NOT NULL REFERENCES users (id),
    purpose TEXT NOT NULL, submitted_on TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'submitted',
    decided_by TEXT NOT NULL DEFAULT '', code TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT ''
);
CREATE TABLE expense_lines (
    id INTEGER PRIMARY KEY, report_id INTEGER NOT NULL REFERENCES expense_reports (id), spent_on TEXT NOT NULL,
    category TEXT NOT NULL, description TEXT NOT NULL, people INTEGER NOT NULL DEFAULT 1, amount INTEGER NOT NULL,
    receipt TEXT NOT NULL DEFAULT ''
);
CREATE INDEX lines_by_report ON expense_lines (report_id);
CREATE TABLE assets (
    id INTEGER PRIMARY KEY, tag TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, model TEXT NOT NULL, serial TEXT NOT NULL,
    user_id INTEGER REFERENCES users (id), status TEXT NOT NULL, bought_on TEXT NOT NULL,
    expires_on TEXT NOT NULL DEFAULT ''
);
CREATE INDEX assets_by_user ON assets (user_id);
CREATE TABLE settings (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, section TEXT NOT NULL, label TEXT NOT NULL, value TEXT NOT NULL,
    kind TEXT NOT NULL, allowed TEXT NOT NULL
);
CREATE TABLE policies (
    id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, title TEXT NOT NULL, valid_from TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, title TEXT NOT NULL,
    sender TEXT NOT NULL, received_on TEXT NOT NULL, body TEXT NOT NULL
);
CREATE TABLE events (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, object TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '', address TEXT NOT NULL DEFAULT ''
);
CREATE INDEX events_by_object ON events (object);
CREATE INDEX events_by_action ON events (action);
"""
