"""One tab: its documents, and the way back and forward through them."""

from __future__ import annotations

from dataclasses import dataclass, field

from selftrain.envs.browser.dom.document import Document

BLANK = "about:blank"
MOST_ENTRIES = 50
"""How far a history goes back, as Chromium's."""


@dataclass
class Entry:
    """A place in the history: the URL, and the document as it was left."""

    url: str
    document: Document


@dataclass
class Tab:
    """The history of a tab, and where it stands in it."""

    entries: list[Entry] = field(default_factory=lambda: [Entry(BLANK, Document())])
    at: int = 0

    @property
    def now(self) -> Entry:
        """What the tab shows."""
        return self.entries[self.at]

    def show(self, url: str, document: Document, *, replace: bool = False) -> None:
        """Show another document; what lay ahead in the history is gone."""
        fresh = len(self.entries) == 1 and self.now.url == BLANK
        kept = self.entries[: self.at + (0 if replace or fresh else 1)]
        self.entries = [*kept, Entry(url, document)][-MOST_ENTRIES:]
        self.at = len(self.entries) - 1
