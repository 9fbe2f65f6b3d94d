"""A small client of the DevTools protocol, over the pipe of `--remote-debugging-pipe`.

Messages are JSON, each ended by a zero byte. Whoever waits for an answer reads the pipe; events that come on the way
are handed to a listener. There is no thread, and nothing waits longer than it was told to.
"""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Callable, Mapping
from typing import Any

from selftrain.errors import SandboxError

Message = dict[str, Any]
Listener = Callable[[str, Message, str], None]
"""Gets an event's name, its parameters and the session that it came from ("" is the browser itself)."""

ANSWER_SECONDS = 20.0
"""How long a browser that is alive may take for an answer, on a machine that is very busy."""
_CHUNK = 1 << 20
_LONGEST_MESSAGE = 64 << 20


class RefusedError(Exception):
    """The browser answered a command with an error: what there was to act on is gone, or the command is wrong."""


class BrowserGoneError(SandboxError):
    """The pipe is closed: the browser crashed or was ended."""


class NoAnswerError(SandboxError):
    """The browser, or the script of a page in it, hangs."""


class Pipe:
    """Commands to a browser and their answers.

    Args:
        reader, writer: descriptors of our ends, which are closed with `close`.
        listener: gets every event, while some call waits.

    Attributes:
        patience: seconds that a command may take which says nothing else.
    """

    def __init__(self, reader: int, writer: int, listener: Listener) -> None:
        self._reader, self._writer, self._listener = reader, writer, listener
        self._last, self._rest = 0, bytearray()
        self._waiting: set[int] = set()
        self._answers: dict[int, Message] = {}
        self._open = True
        self.patience = ANSWER_SECONDS
        for end in (reader, writer):
            os.set_blocking(end, False)
        self._readable, self._writable = select.poll(), select.poll()
        self._readable.register(reader, select.POLLIN)
        self._writable.register(writer, select.POLLOUT)

    def send(self, method: str, params: Mapping[str, Any] | None = None, session: str = "") -> int:
        """Send a command; returns the number under which `answered` and `answer` know it."""
        self._last += 1
        message: Message = {"id": self._last, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = session
        self._waiting.add(self._last)
        self._write(memoryview(json.dumps(message).encode() + b"\0"))
        return self._last

    def answered(self, number: int) -> bool:
        """Whether the answer to a command is here."""
        return number in self._answers

    def answer(self, number: int) -> Message:
        """The answer to a command that is here.

        Raises:
            RefusedError: it is an error.
        """
        message = self._answers.pop(number)
        if "error" in message:
            raise RefusedError(str(message["error"].get("message", "")))
        result: Message = message["result"]
        return result

    def forget(self, number: int) -> None:
        """Nobody will ask for this answer."""
        self._waiting.discard(number)
        self._answers.pop(number, None)

    def call(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        session: str = "",
        seconds: float | None = None,
    ) -> Message:
        """Send a command and wait for its answer.

        Raises:
            RefusedError: the answer is an error.
            NoAnswerError: none came in `seconds`.
            BrowserGoneError: the browser is not there any more.
        """
        number = self.send(method, params, session)
        seconds = self.patience if seconds is None else seconds
        if not self.wait(lambda: number in self._answers, seconds):
            self.forget(number)
            raise NoAnswerError(f"browser crashed: {method} was not answered within {seconds:.0f} seconds")
        return self.answer(number)

    def wait(self, until: Callable[[], bool], seconds: float) -> bool:
        """Take in messages until a condition holds; returns whether it does."""
        deadline = time.monotonic() + seconds
        while not until():
            left = deadline - time.monotonic()
            if left <= 0 or not self._take_in(left):
                return False
        return True

    def drain(self) -> None:
        """Take in what has come, without waiting."""
        while self._take_in(0.0):
            pass

    def close(self) -> None:
        """Close our ends, upon which a browser ends by itself; closing twice is fine."""
        if self._open:
            self._open = False
            os.close(self._reader)
            os.close(self._writer)

    def _take_in(self, seconds: float) -> bool:
        """Read once; returns whether anything came."""
        self._require_open()
        try:
            if not self._readable.poll(max(0.0, seconds * 1e3)):
                return False
            data = os.read(self._reader, _CHUNK)
        except OSError as error:  # closed by another thread
            raise BrowserGoneError("browser crashed: its pipe is closed") from error
        if not data or len(self._rest) > _LONGEST_MESSAGE:
            raise BrowserGoneError("browser crashed: it closed its pipe" if not data else "browser crashed: it floods")
        self._rest += data
        if 0 in data:
            *whole, rest = bytes(self._rest).split(b"\0")
            self._rest = bytearray(rest)
            for part in whole:
                self._receive(json.loads(part))
        return True

    def _receive(self, message: Message) -> None:
        number = message.get("id")
        if number is None:
            self._listener(message["method"], message.get("params", {}), message.get("sessionId", ""))
        elif number in self._waiting:
            self._waiting.discard(number)
            self._answers[number] = message

    def _write(self, data: memoryview) -> None:
        deadline = time.monotonic() + self.patience
        while data:
            self._require_open()
            try:
                data = data[os.write(self._writer, data) :]
            except BlockingIOError:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise NoAnswerError("browser crashed: it does not read its pipe") from None
                self._writable.poll(left * 1e3)
            except OSError as error:
                raise BrowserGoneError("browser crashed: its pipe is closed") from error

    def _require_open(self) -> None:
        if not self._open:
            raise BrowserGoneError("browser crashed: it was closed")
