"""What of a view is shown: tabs, dialog, and as much of the page as fits, from the line on where the window stands."""

from __future__ import annotations

from selftrain.envs.browser.engine import View
from selftrain.envs.observations import visible

SCREEN_PIXELS = 600.0
"""What one window of lines counts when it is scrolled."""
# room for what stands around the lines of a page
HEAD_CHARS = 4_096
_URL_CHARS, _TITLE_CHARS, _TAB_CHARS, _DIALOG_CHARS = 500, 200, 60, 500


class Screen:
    """A window over the lines of a page, which moves by `scroll` and goes back to the top on another page.

    Args:
        chars: of a page's lines that are shown at once.
    """

    def __init__(self, chars: int) -> None:
        self._chars = chars
        self._top, self._shown = 0, 0
        self._url = ""
        self._lines: list[str] = []

    def look(self, view: View) -> None:
        """Take in what is to be seen now; the window stays where it is if all above it is as it was."""
        url, lines = view.page.url.partition("#")[0], visible(view.page.text).split("\n")
        if url != self._url or lines[: self._top] != self._lines[: self._top] or self._top >= len(lines):
            self._top = 0
        self._url, self._lines = url, lines
        self._shown = self._count()

    def scroll(self, dy: float) -> None:
        """Move the window by `dy` pixels, `SCREEN_PIXELS` for as many lines as it shows."""
        moved = round(dy / SCREEN_PIXELS * self._shown) or (dy > 0) - (dy < 0)
        last = self._last_top()
        self._top = min(max(0, self._top + moved), last)
        self._shown = self._count()

    def text(self, view: View) -> str:
        """The head of the page, and the lines in the window."""
        lines = self._lines[self._top : self._top + self._shown]
        shown = "\n".join(lines)
        if len(shown) > self._chars:  # one line that is longer than the window
            shown = f"{shown[: self._chars]} [... {len(shown) - self._chars} characters of this line not shown]"
        return "\n".join([head(view), *filter(None, [shown, self._where()])])

    def _where(self) -> str:
        end, total = self._top + self._shown, len(self._lines)
        if self._shown >= total:
            return ""
        hints = [f"scroll(0, {SCREEN_PIXELS:.0f}) shows more"] if end < total else []
        hints += [f"scroll(0, {-SCREEN_PIXELS:.0f}) goes back up"] if self._top else []
        return f"[lines {self._top + 1}-{end} of {total}; {', '.join(hints)}]"

    def _count(self) -> int:
        """How many lines fit from the top of the window on, at least one."""
        size = 0
        for number, line in enumerate(self._lines[self._top :]):
            size += len(line) + 1
            if size > self._chars + 1:
                return max(1, number)
        return len(self._lines) - self._top

    def _last_top(self) -> int:
        """The top from which on the rest of the page fits."""
        size = 0
        for back, line in enumerate(reversed(self._lines)):
            size += len(line) + 1
            if size > self._chars + 1:
                return len(self._lines) - max(1, back)
        return 0


def head(view: View) -> str:
    """Title, URL, tabs and dialog, one a line."""
    lines = [f"[page] {_cut(view.page.title, _TITLE_CHARS)}   {_cut(view.page.url, _URL_CHARS)}"]
    if len(view.tabs) > 1:
        tabs = [
            f"{number}: {_cut(title or url, _TAB_CHARS)}{' (active)' if number == view.active else ''}"
            for number, (url, title) in enumerate(view.tabs)
        ]
        lines.append(f"[tabs] {' | '.join(tabs)}")
    if view.dialog:
        lines.append(f"[dialog] {_cut(view.dialog, _DIALOG_CHARS)} | accept_dialog() or dismiss_dialog()")
    return "\n".join(lines)


def _cut(text: str, most: int) -> str:
    text = visible(text.replace("\n", " "))
    return text if len(text) <= most else f"{text[:most]}..."
