"""The tables of the issue tracker, and the words that its columns may hold."""

from __future__ import annotations

KINDS = ("bug", "feature", "task")
STATUSES = ("new", "triaged", "in progress", "in review", "resolved", "closed")
FINISHED = ("resolved", "closed")
PRIORITIES = ("critical", "high", "medium", "low")
ESTIMATES = (1, 2, 3, 5, 8, 13)
RESOLUTIONS = ("fixed", "duplicate", "won't fix", "cannot reproduce")
LINKS = ("blocks", "duplicates", "relates to")
ROLES = ("reporter", "developer", "maintainer")

SCHEMA = """
CREATE TABLE users (
    id INTEGER PRIMARY KEY, username TEXT NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL,
    password TEXT NOT NULL, team TEXT NOT NULL, active INTEGER NOT NULL DEFAULT 1, joined TEXT NOT NULL
);
CREATE TABLE projects (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, description TEXT NOT NULL,
    lead_id INTEGER NOT NULL REFERENCES users(id)
);
CREATE TABLE components (
    id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES projects(id), name TEXT NOT NULL,
    owner_id INTEGER NOT NULL REFERENCES users(id), description TEXT NOT NULL
);
CREATE TABLE labels (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, description TEXT NOT NULL);
CREATE TABLE milestones (
    id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES projects(id), name TEXT NOT NULL,
    due TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'open', description TEXT NOT NULL DEFAULT ''
);
CREATE TABLE issues (
    id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES projects(id), ref TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL, body TEXT NOT NULL DEFAULT '', kind TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'new',
    priority TEXT NOT NULL DEFAULT '', component_id INTEGER REFERENCES components(id),
    milestone_id INTEGER REFERENCES milestones(id), assignee_id INTEGER REFERENCES users(id),
    reporter_id INTEGER NOT NULL REFERENCES users(id), estimate INTEGER, version TEXT NOT NULL DEFAULT '',
    resolution TEXT NOT NULL DEFAULT '', created_at TEXT NOT NULL, updated_at TEXT NOT NULL, closed_at TEXT
);
CREATE INDEX issues_of_milestones ON issues (milestone_id);
CREATE TABLE issue_labels (
    id INTEGER PRIMARY KEY, issue_id INTEGER NOT NULL REFERENCES issues(id),
    label_id INTEGER NOT NULL REFERENCES labels(id), UNIQUE (issue_id, label_id)
);
CREATE TABLE comments (
    id INTEGER PRIMARY KEY, issue_id INTEGER NOT NULL REFERENCES issues(id),
    author_id INTEGER NOT NULL REFERENCES users(id), body TEXT NOT NULL, created_at TEXT NOT NULL
);
CREATE INDEX comments_of_issues ON comments (issue_id);
CREATE TABLE links (
    id INTEGER PRIMARY KEY, issue_id INTEGER NOT NULL REFERENCES issues(id), kind TEXT NOT NULL,
    other_id INTEGER NOT NULL REFERENCES issues(id), UNIQUE (issue_id, kind, other_id)
);
CREATE INDEX links_to_issues ON links (other_id);
CREATE TABLE watchers (
    id INTEGER PRIMARY KEY, issue_id INTEGER NOT NULL REFERENCES issues(id),
    user_id INTEGER NOT NULL REFERENCES users(id), UNIQUE (issue_id, user_id)
);
CREATE TABLE activity (
    id INTEGER PRIMARY KEY, issue_id INTEGER NOT NULL REFERENCES issues(id), user_id INTEGER NOT NULL,
    what TEXT NOT NULL, before TEXT NOT NULL DEFAULT '', after TEXT NOT NULL DEFAULT '', created_at TEXT NOT NULL
);
CREATE INDEX activity_of_issues ON activity (issue_id);
CREATE TABLE saved_queries (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users(id), name TEXT NOT NULL, query TEXT NOT NULL
);
CREATE TABLE releases (
    id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES projects(id), version TEXT NOT NULL,
    milestone_id INTEGER REFERENCES milestones(id), state TEXT NOT NULL DEFAULT 'draft', released_on TEXT,
    notes TEXT NOT NULL DEFAULT ''
);
CREATE TABLE release_checks (
    id INTEGER PRIMARY KEY, release_id INTEGER NOT NULL REFERENCES releases(id), position INTEGER NOT NULL,
    text TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE guide (
    id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES projects(id), section TEXT NOT NULL,
    position INTEGER NOT NULL, text TEXT NOT NULL
);
"""
