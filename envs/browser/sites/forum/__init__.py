"""The forum: threads in categories, votes and accepted answers, and moderators who go by a guide."""

from __future__ import annotations

from ..base import Site
from .moderation import moderation_routes
from .routes import routes

SCHEMA = """
CREATE TABLE users (
    id INTEGER PRIMARY KEY, username TEXT NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL,
    password TEXT NOT NULL, joined TEXT NOT NULL, city TEXT NOT NULL, about TEXT NOT NULL DEFAULT ''
);
CREATE TABLE categories (id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, name TEXT NOT NULL, about TEXT NOT NULL);
CREATE TABLE threads (
    id INTEGER PRIMARY KEY, category_id INTEGER NOT NULL REFERENCES categories,
    author_id INTEGER NOT NULL REFERENCES users,
    title TEXT NOT NULL, created TEXT NOT NULL, pinned INTEGER NOT NULL DEFAULT 0, locked INTEGER NOT NULL DEFAULT 0,
    answer_id INTEGER REFERENCES posts
);
CREATE TABLE posts (
    id INTEGER PRIMARY KEY, thread_id INTEGER NOT NULL REFERENCES threads, author_id INTEGER NOT NULL REFERENCES users,
    body TEXT NOT NULL, created TEXT NOT NULL, hidden TEXT NOT NULL DEFAULT ''
);
CREATE INDEX posts_of_thread ON posts (thread_id, id);
CREATE INDEX posts_of_author ON posts (author_id, id);
CREATE TABLE votes (
    id INTEGER PRIMARY KEY, post_id INTEGER NOT NULL REFERENCES posts, user_id INTEGER NOT NULL REFERENCES users,
    UNIQUE (post_id, user_id)
);
CREATE TABLE reports (
    id INTEGER PRIMARY KEY, post_id INTEGER NOT NULL REFERENCES posts, reporter_id INTEGER NOT NULL REFERENCES users,
    reason TEXT NOT NULL, created TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'open', note TEXT NOT NULL DEFAULT ''
);
CREATE TABLE warnings (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users, post_id INTEGER REFERENCES posts,
    offence TEXT NOT NULL, points INTEGER NOT NULL, created TEXT NOT NULL
);
CREATE TABLE bans (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users, days INTEGER NOT NULL, reason TEXT NOT NULL,
    created TEXT NOT NULL
);
CREATE TABLE guide (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value INTEGER NOT NULL);
"""

routes.register_blueprint(moderation_routes, name="moderation")

SITE = Site(
    name="forum",
    title="Trailhead Forum",
    schema=SCHEMA,
    routes=routes,
    nav=(
        ("Categories", "home"),
        ("Search", "search"),
        ("Members", "members"),
        ("Guide", "guide"),
        ("Reports", "moderation.reports", "moderator"),
        ("Sanctions", "moderation.sanctions", "moderator"),
    ),
    generated=frozenset({"id", "created"}),
)
