"""The worker processes that compare what exact arithmetic cannot: bounded, killable, with a warm spare.

A worker bounds each comparison itself, by the processor time that it takes, so that the verdict does not depend on
what else the machine does. One that is at its bound ends, and its place is taken by the spare, so that the next check
does not wait for a start. A worker that has not answered within `SECONDS`, which are many times that bound, did not
get the processor, and that proves nothing about the answer: the comparison is made again, and when it happens `TRIES`
times there is no verdict but a `VerifierError`.
"""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import pickle
import select
import subprocess
import sys
import threading
import time

from selftrain.envs.answers.nodes import Node
from selftrain.envs.answers.worker import BOUND_SIGNAL, HEADER, TOO_LONG
from selftrain.errors import OptionError, VerifierError

SECONDS = 8.0
START_SECONDS = 60.0
TRIES = 3
WORKERS = max(2, min(8, os.cpu_count() or 2))
_CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from selftrain.envs.answers.worker import serve; serve()"
)


class _DiedError(Exception):
    """The worker ended by itself, at its bound of processor time or for want of anything else."""

    def __init__(self, at_bound: bool = False) -> None:
        super().__init__()
        self.at_bound = at_bound


class _StarvedError(Exception):
    """The worker did not answer in time, though it had not used up what it is allowed."""


class _Worker:
    """One process. It starts at once and is waited for when it is first used."""

    def __init__(self) -> None:
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # each would reserve address space
        self.process = subprocess.Popen(
            [sys.executable, "-c", _CODE, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | threads,
            bufsize=0,
            start_new_session=True,  # an interrupt at the terminal is for the program, not for its workers
        )
        self.ready = False

    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def compare(self, asked: bytes) -> str:
        """The reason why the two differ, or "".

        Raises:
            VerifierError: it does not start.
        """
        if not self.ready:
            self._await_ready()
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(HEADER.pack(len(asked)) + asked)
        except BrokenPipeError:
            raise _DiedError from None
        return self._line(SECONDS)

    def _await_ready(self) -> None:
        try:
            self._line(START_SECONDS)
        except (_DiedError, _StarvedError):
            raise VerifierError("no worker for comparing answers starts: try `python -c 'import sympy'`") from None
        self.ready = True

    def _line(self, seconds: float) -> str:
        """The next line that it says within that time."""
        assert self.process.stdout is not None
        end, said = time.monotonic() + seconds, b""
        waiting = select.poll()
        waiting.register(self.process.stdout, select.POLLIN)
        while not said.endswith(b"\n"):
            left = end - time.monotonic()
            if left <= 0 or not waiting.poll(left * 1000):
                raise _StarvedError
            part = os.read(self.process.stdout.fileno(), 4096)
            if not part:
                raise _DiedError(at_bound=self.process.wait() == -BOUND_SIGNAL)
            said += part
        return said.decode().rstrip("\n")

    def end(self) -> None:
        """Kill it and leave nothing of it."""
        self.process.kill()
        self.process.wait()
        self.let_go()

    def let_go(self) -> None:
        """Close this side of its pipes."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


class Pool:
    """Workers for all threads of this process; each process that is forked from it makes its own."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(WORKERS)
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()

    def compare(self, asked: bytes) -> str:
        """The reason why the two differ, or "".

        Raises:
            VerifierError: workers do not start, or get no processor time.
        """
        died = False
        for _ in range(TRIES):
            try:
                return self._once(asked)
            except _DiedError as death:
                if death.at_bound:
                    return TOO_LONG
                if died:
                    return "refused: too large"
                died = True
            except _StarvedError:
                continue
        raise VerifierError(f"workers for comparing answers got too little processor time {TRIES} times")

    def _once(self, asked: bytes) -> str:
        with self._turns:
            worker = self._take()
            try:
                reason = worker.compare(asked)
            except BaseException:
                self._drop(worker)
                raise
            with self._lock:
                self._busy.discard(worker)
                self._idle.append(worker)
            return reason

    def _take(self) -> _Worker:
        """A worker, the one that is ready first; behind it a spare is started if none is idle."""
        with self._lock:
            gone = [worker for worker in self._idle if not worker.alive()]
            for worker in gone:
                self._idle.remove(worker)
                worker.let_go()
            self._idle.sort(key=lambda worker: worker.ready)
            worker = self._idle.pop() if self._idle else self._started()
            self._busy.add(worker)
            if not self._idle:
                self._idle.append(self._started())
            return worker

    def _started(self) -> _Worker:
        try:
            return _Worker()
        except OSError as error:
            raise VerifierError(f"no worker for comparing answers can be started: {error}") from error

    def _drop(self, worker: _Worker) -> None:
        worker.end()
        with self._lock:
            self._busy.discard(worker)

    def close(self) -> None:
        """End all workers. The next comparison starts others."""
        with self._lock:
            workers, self._idle = [*self._idle, *self._busy], []
            self._busy = set()
        for worker in workers:
            worker.end()

    def let_go(self) -> None:
        """In a forked child: the workers are the parent's; close this side's copies of their pipes."""
        for worker in [*self._idle, *self._busy]:
            worker.let_go()
            worker.process.returncode = 0  # not this process's child to wait for
        self._forget()


_POOL = Pool()
atexit.register(_POOL.close)
os.register_at_fork(after_in_child=_POOL.let_go)


def ask(gold: Node, answer: Node) -> str:
    """Why `answer` is not `gold`, or "", by algebra in a worker process.

    Raises:
        OptionError: sympy or math-verify is not installed.
        VerifierError: workers do not start, or get no processor time.
    """
    missing = [name for name in ("sympy", "math_verify") if importlib.util.find_spec(name) is None]
    if missing:
        raise OptionError(f"comparing this answer needs {' and '.join(missing)}: pip install 'selftrain[math]'")
    return _POOL.compare(pickle.dumps((gold, answer)))


def close_workers() -> None:
    """End the worker processes of this process; the next comparison that needs one starts them again."""
    _POOL.close()
