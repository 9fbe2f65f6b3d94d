"""The search language of the mailbox: words, and operators such as from:, subject:, has:attachment and before:."""

from __future__ import annotations

import re
from datetime import date

_TERM = re.compile(r'(-?)(?:([a-z]+):)?(?:"([^"]*)"|(\S+))', re.IGNORECASE)
_LIKE = {
    "from": "(m.sender_name || ' ' || m.sender) LIKE ? ESCAPE '\\'",
    "to": "(m.recipients || ', ' || m.copies) LIKE ? ESCAPE '\\'",
    "subject": "m.subject LIKE ? ESCAPE '\\'",
    "filename": "EXISTS (SELECT 1 FROM files f WHERE instr(m.files, f.digest) AND f.name LIKE ? ESCAPE '\\')",
    "": "(m.subject || ' ' || m.body) LIKE ? ESCAPE '\\'",
}
_FLAGS = {
    "has:attachment": "m.files <> ''",
    "is:starred": "m.starred = 1",
    "is:unread": "NOT EXISTS (SELECT 1 FROM opened o WHERE o.message_id = m.id)",
    "is:read": "EXISTS (SELECT 1 FROM opened o WHERE o.message_id = m.id)",
}
_LABEL = (
    "EXISTS (SELECT 1 FROM message_labels x JOIN labels l ON l.id = x.label_id"
    " WHERE x.message_id = m.id AND l.name = ? COLLATE NOCASE)"
)
OPERATORS = (
    ("from:anna", "the sender's name or address holds this"),
    ("to:sales", "a recipient's address holds this"),
    ('subject:"annual review"', "the subject holds this"),
    ("filename:csv", "an attachment's name holds this"),
    ("has:attachment", "with attachments"),
    ("before:2026-02-01", "sent before that day"),
    ("after:2026-02-01", "sent on that day or later"),
    ("label:legal", "with that label"),
    ("in:archive", "in that folder"),
    ("is:starred, is:unread, is:read", "what it says"),
    ("-word", "a minus leaves out what fits"),
)


class QueryError(Exception):
    """A query that cannot be understood; the message is for the reader."""


def condition(query: str) -> tuple[str, list[str]]:
    """The SQL condition on `messages m` that a query stands for, and its values.

    Raises:
        QueryError: an operator that there is not, or a date that is none.
    """
    tests, values = ["1"], []
    for minus, operator, quoted, bare in _TERM.findall(query):
        test, given = _term(operator.lower(), quoted or bare)
        tests.append(f"NOT ({test})" if minus else test)
        values += given
    return " AND ".join(tests), values


def _term(operator: str, text: str) -> tuple[str, list[str]]:
    if operator in _LIKE:
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return _LIKE[operator], [f"%{escaped}%"]
    if f"{operator}:{text.lower()}" in _FLAGS:
        return _FLAGS[f"{operator}:{text.lower()}"], []
    if operator == "label":
        return _LABEL, [text]
    if operator == "in":
        return "m.folder = ?", [text.lower()]
    if operator in ("before", "after"):
        try:
            day = date.fromisoformat(text).isoformat()
        except ValueError:
            raise QueryError(f"{operator}: takes a day such as 2026-02-01, not '{text}'.") from None
        return ("m.sent_at < ?" if operator == "before" else "m.sent_at >= ?"), [day]
    raise QueryError(f"There is no operator '{operator}:{text}'. See the search help below.")
