"""A pool of sandboxes that are warm: started, answering, and without any files yet."""

from __future__ import annotations

import dataclasses
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from selftrain.sandboxes.base import SandboxSpec

T = TypeVar("T")
_log = logging.getLogger(__name__)
_KINDS = 8


@dataclasses.dataclass
class _Shelf(Generic[T]):
    spec: SandboxSpec
    ready: list[T] = dataclasses.field(default_factory=list)
    wanted: int = 0


class WarmPool(Generic[T]):
    """Hands out warm sandboxes by the kind of their spec, and makes new ones in a background thread.

    A kind is kept warm once it has been asked for, with one more for each time that it is, up to `size`.

    Args:
        start: makes one for a spec; may raise SandboxError.
        stop: closes one that is not handed out.
        usable: whether one that has waited is still good.
        size: how many of a kind wait at most.
    """

    def __init__(
        self,
        start: Callable[[SandboxSpec], T],
        stop: Callable[[T], None],
        usable: Callable[[T], bool],
        size: int = 4,
    ) -> None:
        self._start, self._stop, self._usable, self._size = start, stop, usable, size
        self._shelves: OrderedDict[Hashable, _Shelf[T]] = OrderedDict()
        self._changed = threading.Condition()
        self._worker: threading.Thread | None = None
        self._process = os.getpid()

    def take(self, spec: SandboxSpec) -> T:
        """A sandbox for `spec` without its files: a warm one, or else one that is started at once."""
        found: T | None = None
        with self._changed:
            self._forget_after_fork()
            shelf = self._shelf(spec)
            shelf.wanted = min(self._size, shelf.wanted + 1)
            while shelf.ready and found is None:
                found = shelf.ready.pop(0)
                if not self._usable(found):
                    self._stop(found)
                    found = None
            self._wake()
        return self._start(shelf.spec) if found is None else found

    def close(self) -> None:
        """Stop the background thread and close what waits; the pool can be used again."""
        with self._changed:
            worker, self._worker = self._worker, None
            shelves, self._shelves = self._shelves, OrderedDict()
            self._changed.notify_all()
        if os.getpid() != self._process:
            return
        if worker is not None:
            worker.join()
        for shelf in shelves.values():
            for one in shelf.ready:
                self._stop(one)

    def _shelf(self, spec: SandboxSpec) -> _Shelf[T]:
        key = _kind(spec)
        shelf = self._shelves.get(key)
        if shelf is None:
            shelf = self._shelves[key] = _Shelf(dataclasses.replace(spec, files={}, modes={}))
            while len(self._shelves) > _KINDS:
                _, oldest = self._shelves.popitem(last=False)
                for one in oldest.ready:
                    self._stop(one)
                oldest.wanted = 0
        self._shelves.move_to_end(key)
        return shelf

    def _forget_after_fork(self) -> None:
        """In a forked child the waiting sandboxes are the parent's to hand out and to close."""
        if os.getpid() != self._process:
            self._process, self._worker = os.getpid(), None
            self._shelves = OrderedDict()

    def _wake(self) -> None:
        if self._worker is None:
            self._worker = threading.Thread(target=self._refill, name="selftrain-warm-pool", daemon=True)
            self._worker.start()
        self._changed.notify_all()

    def _refill(self) -> None:
        me = threading.current_thread()
        while True:
            with self._changed:
                while self._worker is me and (shelf := self._shortest()) is None:
                    self._changed.wait()
                if self._worker is not me or shelf is None:
                    return
            try:
                one = self._start(shelf.spec)
            except Exception as error:  # of any kind: whoever asks next meets it and reports it, this thread goes on
                if self._worker is me:  # else the pool was closed meanwhile, and this one with it
                    _log.warning("no sandbox could be warmed: %s", error)
                shelf.wanted = 0
                continue
            with self._changed:
                if self._worker is me and shelf.wanted > len(shelf.ready):
                    shelf.ready.append(one)
                    continue
            self._stop(one)

    def _shortest(self) -> _Shelf[T] | None:
        """The shelf that lacks most."""
        lacking = [shelf for shelf in self._shelves.values() if len(shelf.ready) < shelf.wanted]
        return max(lacking, key=lambda shelf: shelf.wanted - len(shelf.ready), default=None)


def _kind(spec: SandboxSpec) -> Hashable:
    return (spec.image, spec.writable, spec.user, spec.network, tuple(sorted(spec.env.items())), spec.limits)
