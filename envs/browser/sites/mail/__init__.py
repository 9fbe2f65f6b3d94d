"""Mail and calendar of a company: mailboxes, contacts, rules, meetings, rooms, guides and a list of things to do."""

from __future__ import annotations

from ..base import Site
from . import calendar, compose, contacts, desk, events, mailbox, people
from .common import routes

_SCHEMA = """
CREATE TABLE users (
    id INTEGER PRIMARY KEY, username TEXT NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL,
    password TEXT NOT NULL, address TEXT NOT NULL UNIQUE, department TEXT NOT NULL, title TEXT NOT NULL,
    manager TEXT NOT NULL DEFAULT '', phone TEXT NOT NULL, office TEXT NOT NULL,
    day_starts TEXT NOT NULL DEFAULT '09:00', day_ends TEXT NOT NULL DEFAULT '17:00', off_days TEXT NOT NULL DEFAULT ''
);
CREATE TABLE files (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, name TEXT NOT NULL, content TEXT NOT NULL);
CREATE TABLE messages (
    id INTEGER PRIMARY KEY, owner_id INTEGER NOT NULL REFERENCES users, folder TEXT NOT NULL, thread TEXT NOT NULL,
    sender_name TEXT NOT NULL, sender TEXT NOT NULL, recipients TEXT NOT NULL, copies TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL, body TEXT NOT NULL, files TEXT NOT NULL DEFAULT '', sent_at TEXT NOT NULL,
    starred INTEGER NOT NULL DEFAULT 0, reply_to INTEGER, forward_of INTEGER, signature TEXT NOT NULL DEFAULT ''
);
CREATE INDEX messages_by_folder ON messages (owner_id, folder, sent_at);
CREATE INDEX messages_by_thread ON messages (owner_id, thread);
CREATE TABLE opened (id INTEGER PRIMARY KEY, message_id INTEGER NOT NULL UNIQUE REFERENCES messages ON DELETE CASCADE);
CREATE TABLE labels (
    id INTEGER PRIMARY KEY, owner_id INTEGER NOT NULL REFERENCES users, name TEXT NOT NULL, UNIQUE (owner_id, name)
);
CREATE TABLE message_labels (
    id INTEGER PRIMARY KEY, message_id INTEGER NOT NULL REFERENCES messages ON DELETE CASCADE,
    label_id INTEGER NOT NULL REFERENCES labels ON DELETE CASCADE, UNIQUE (message_id, label_id)
);
CREATE TABLE contacts (
    id INTEGER PRIMARY KEY, owner_id INTEGER NOT NULL REFERENCES users, name TEXT NOT NULL, address TEXT NOT NULL,
    company TEXT NOT NULL DEFAULT '', phone TEXT NOT NULL DEFAULT '', notes TEXT NOT NULL DEFAULT '',
    UNIQUE (owner_id, address)
);
CREATE TABLE contact_groups (
    id INTEGER PRIMARY KEY, owner_id INTEGER NOT NULL REFERENCES users, name TEXT NOT NULL, UNIQUE (owner_id, name)
);
CREATE TABLE group_members (
    id INTEGER PRIMARY KEY, group_id INTEGER NOT NULL REFERENCES contact_groups ON DELETE CASCADE,
    contact_id INTEGER NOT NULL REFERENCES contacts ON DELETE CASCADE, UNIQUE (group_id, contact_id)
);
CREATE TABLE rules (
    id INTEGER PRIMARY KEY, owner_id INTEGER NOT NULL REFERENCES users, field TEXT NOT NULL, needle TEXT NOT NULL,
    action TEXT NOT NULL, target TEXT NOT NULL DEFAULT ''
);
CREATE TABLE settings (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL UNIQUE REFERENCES users, signature TEXT NOT NULL DEFAULT '',
    away INTEGER NOT NULL DEFAULT 0, away_from TEXT NOT NULL DEFAULT '', away_until TEXT NOT NULL DEFAULT '',
    away_contact TEXT NOT NULL DEFAULT '', away_text TEXT NOT NULL DEFAULT ''
);
CREATE TABLE rooms (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, floor INTEGER NOT NULL, capacity INTEGER NOT NULL,
    equipment TEXT NOT NULL DEFAULT '', notes TEXT NOT NULL DEFAULT '', closed INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE events (
    id INTEGER PRIMARY KEY, organizer TEXT NOT NULL REFERENCES users (username), title TEXT NOT NULL,
    starts TEXT NOT NULL, ends TEXT NOT NULL, room_id INTEGER REFERENCES rooms, attendees TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL DEFAULT 'internal', notes TEXT NOT NULL DEFAULT '', repeats TEXT NOT NULL DEFAULT '',
    repeats_until TEXT NOT NULL DEFAULT '', skipped TEXT NOT NULL DEFAULT '', cancelled INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX events_by_start ON events (starts);
CREATE TABLE answers (
    id INTEGER PRIMARY KEY, event_id INTEGER NOT NULL REFERENCES events, user_id INTEGER NOT NULL REFERENCES users,
    answer TEXT NOT NULL, note TEXT NOT NULL DEFAULT '', proposed TEXT NOT NULL DEFAULT '', UNIQUE (event_id, user_id)
);
CREATE TABLE todos (
    id INTEGER PRIMARY KEY, owner_id INTEGER NOT NULL REFERENCES users, title TEXT NOT NULL,
    due TEXT NOT NULL DEFAULT '', notes TEXT NOT NULL DEFAULT '', done INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE guides (
    id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, title TEXT NOT NULL, body TEXT NOT NULL, updated_at TEXT NOT NULL
);
"""

for _pages in (mailbox, compose, contacts, desk, calendar, events, people):
    _pages.add_to(routes)

SITE = Site(
    name="mail",
    title="Corvid Mail",
    schema=_SCHEMA,
    routes=routes,
    nav=(
        ("Mail", "start"),
        ("Calendar", "this_week"),
        ("Invitations", "invitations"),
        ("Contacts", "contacts"),
        ("People", "people"),
        ("Rooms", "rooms"),
        ("Tasks", "todos"),
        ("Guides", "guides"),
        ("Settings", "settings"),
    ),
    incidental=frozenset({"opened"}),
    generated=frozenset(
        {"id", "created_at", "updated_at", "messages.sent_at", "messages.thread", "messages.signature"}
    ),
)
