"""What a person sees of an episode: its transcript, and a picture of its terminal."""

from __future__ import annotations

import contextlib
import functools
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyte
from PIL import Image, ImageColor, ImageDraw, ImageFont

from selftrain.envs.observations import visible

COLUMNS, ROWS = 100, 30
_CELL_WIDTH, _CELL_HEIGHT, _FONT_SIZE = 9, 20, 15
_MARGIN, _TITLE_HEIGHT = 14, 32
WIDTH = COLUMNS * _CELL_WIDTH + 2 * _MARGIN
HEIGHT = ROWS * _CELL_HEIGHT + 2 * _MARGIN + _TITLE_HEIGHT

_BACKGROUND, _TITLE_BACKGROUND, _FOREGROUND, _BOLD, _DIM = "#1e1e2e", "#313244", "#cdd6f4", "#ffffff", "#a6adc8"
_BUTTONS = ("#f38ba8", "#f9e2af", "#a6e3a1")
_COLOURS = {
    "black": "#45475a",
    "red": "#f38ba8",
    "green": "#a6e3a1",
    "brown": "#f9e2af",
    "blue": "#89b4fa",
    "magenta": "#f5c2e7",
    "cyan": "#94e2d5",
    "white": "#bac2de",
}
_NEAREST = str.maketrans("─━–—│┃├└┌┐┘┤┬┴┼‘’“”•×→←µ\u03bcßøæ€", "----||+++++++++''\"\"*x><uusoaE")
_KEPT_BYTES, _DRAWN_BYTES = 256 * 1024, 16 * 1024
# what output may have switched and must not reach the next prompt: colours, character set, wrapping
_SOFT_RESET = b"\x1b[0m\x0f\x1b(B\x1b[?7h"


@dataclass(frozen=True)
class Exchange:
    """One action and what came back; the opening of an episode has the action "".

    Attributes:
        action: what the agent sent.
        output: what the command printed, as it came.
        observation: what the agent was shown.
    """

    action: str
    output: bytes
    observation: str

    @property
    def size(self) -> int:
        """How much memory it takes, roughly."""
        return len(self.action) + len(self.output) + len(self.observation)


def remember(exchanges: Sequence[Exchange], latest: Exchange) -> tuple[Exchange, ...]:
    """The exchanges with one more, the oldest forgotten where together they pass a quarter of a megabyte."""
    return _last((*exchanges, latest), _KEPT_BYTES)


def _last(exchanges: Sequence[Exchange], most_bytes: int) -> tuple[Exchange, ...]:
    room, first = most_bytes, len(exchanges)
    while first > 0 and (room := room - exchanges[first - 1].size) >= 0:
        first -= 1
    return tuple(exchanges[min(first, len(exchanges) - 1) :])


def transcript(exchanges: Sequence[Exchange]) -> str:
    """Actions and observations as text, free of control characters."""
    parts = [f"$ {visible(e.action)}\n{e.observation}\n" if e.action else f"{e.observation}\n" for e in exchanges]
    return "\n".join(parts)


def picture(exchanges: Sequence[Exchange], title: str) -> npt.NDArray[np.uint8]:
    """The terminal as it stands after `exchanges`: colours and cursor movements in the output take effect."""
    screen = _Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    for exchange in _last(exchanges, _DRAWN_BYTES):
        stream.feed(_terminal_bytes(exchange)[-_DRAWN_BYTES:].replace(b"\n", b"\r\n"))
    return _draw(screen, title)


def _terminal_bytes(exchange: Exchange) -> bytes:
    if not exchange.action:
        return exchange.observation.encode("utf-8", "replace") + b"\n"
    action = visible(exchange.action).encode("utf-8", "replace")
    output = exchange.output + (b"" if exchange.output.endswith(b"\n") or not exchange.output else b"\n")
    status = exchange.observation.rpartition("\n")[2].encode("utf-8", "replace")
    return b"\x1b[32m$\x1b[0m \x1b[1m%b\x1b[0m\n%b%b\x1b[36m%b\x1b[0m\n" % (action, output, _SOFT_RESET, status)


class _Screen(pyte.Screen):
    """pyte's screen at one size, which ignores sequences in a form that it does not know, as terminals do."""

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Keep the size: the picture has one."""


def _tolerant(name: str) -> Callable[..., None]:
    known = getattr(pyte.Screen, name)

    def method(self: pyte.Screen, *numbers: int, **private: bool) -> None:
        with contextlib.suppress(TypeError, UnboundLocalError):  # how pyte 0.8 meets unknown numbers and marks
            known(self, *numbers, **private)

    return method


for _name in set(pyte.Stream.csi.values()):
    setattr(_Screen, _name, _tolerant(_name))


@functools.cache
def _font() -> Any:
    return ImageFont.load_default(_FONT_SIZE)


def _draw(screen: pyte.Screen, title: str) -> npt.NDArray[np.uint8]:
    image = Image.new("RGB", (WIDTH, HEIGHT), _BACKGROUND)
    brush = ImageDraw.Draw(image)
    brush.rectangle((0, 0, WIDTH, _TITLE_HEIGHT), _TITLE_BACKGROUND)
    for place, colour in enumerate(_BUTTONS):
        brush.circle((_MARGIN + 8 + 22 * place, _TITLE_HEIGHT / 2), 6, colour)
    brush.text((WIDTH / 2, _TITLE_HEIGHT / 2), title, _DIM, _font(), anchor="mm")
    for row in range(ROWS):
        for column, cell in screen.buffer[row].items():
            if column < COLUMNS:
                _draw_cell(brush, column, row, cell)
    _draw_cursor(brush, screen.cursor)
    return np.array(image, dtype=np.uint8)


def _corner(column: int, row: int) -> tuple[int, int]:
    return _MARGIN + column * _CELL_WIDTH, _TITLE_HEIGHT + _MARGIN + row * _CELL_HEIGHT


def _draw_cell(brush: ImageDraw.ImageDraw, column: int, row: int, cell: Any) -> None:
    left, top = _corner(column, row)
    foreground = _colour(cell.fg, _BOLD if cell.bold else _FOREGROUND)
    background = _colour(cell.bg, _BACKGROUND)
    if cell.reverse:
        foreground, background = background, foreground
    if background != _BACKGROUND:
        if _light(background):
            foreground = _BACKGROUND
        brush.rectangle((left, top, left + _CELL_WIDTH - 1, top + _CELL_HEIGHT - 1), background)
    if cell.data.strip():
        # the bundled font is proportional: each glyph stands in the middle of its cell
        middle = left + _CELL_WIDTH / 2, top + _CELL_HEIGHT - 5
        brush.text(middle, _glyph(cell.data), foreground, _font(), anchor="ms")


def _draw_cursor(brush: ImageDraw.ImageDraw, cursor: Any) -> None:
    if not cursor.hidden and cursor.x < COLUMNS:
        left, top = _corner(cursor.x, cursor.y)
        brush.rectangle((left, top, left + _CELL_WIDTH - 1, top + _CELL_HEIGHT - 1), _FOREGROUND)


def _glyph(text: str) -> str:
    """The nearest that the bundled font can draw: it holds ASCII only, and shows a box for anything else."""
    return unicodedata.normalize("NFKD", text[0])[0].translate(_NEAREST)


def _light(colour: str) -> bool:
    return sum(ImageColor.getrgb(colour)[:3]) > 3 * 128


def _colour(name: str, default: str) -> str:
    """A pyte colour ("default", a name, or six hex digits) as Pillow takes it."""
    if name == "default":
        return default
    return _COLOURS.get(name.removeprefix("bright")) or f"#{name}"
