"""The worker processes behind the answer verifier: bounds, survival, threads, forks, and nothing left behind."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from backends import command_line

from selftrain.envs import check_answer
from selftrain.envs.answers import pool as pools
from selftrain.envs.answers.pool import Pool, close_workers
from selftrain.errors import VerifierError

RIGHT = (r"\frac{1}{\sqrt{2}}", r"\boxed{\frac{\sqrt{2}}{2}}")
WRONG = (r"\frac{1}{\sqrt{2}}", r"\boxed{\frac{\sqrt{3}}{2}}")


class Runs:
    """Unpickled by a worker, it runs an expression there: stands for whatever a comparison could come to do."""

    def __init__(self, expression: str) -> None:
        self.expression = expression

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, (self.expression,)


def asked(expression: str) -> bytes:
    return pickle.dumps(Runs(expression))


BURN = asked("pow(3, 10**9) and 0")


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    made = Pool()
    assert made.compare(equal()) == ""
    yield made
    made.close()


def equal() -> bytes:
    from selftrain.envs.answers.grammar import read

    return pickle.dumps((read(r"\sqrt{8}"), read(r"2\sqrt{2}")))


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


def test_an_overrun_ends_and_the_next_check_waits_for_no_start(pool: Pool) -> None:
    began = time.monotonic()
    fresh = Pool()
    assert fresh.compare(equal()) == ""
    start = time.monotonic() - began
    fresh.close()
    time.sleep(start)  # the spare gets ready meanwhile
    assert pool.compare(BURN) == "refused: takes too long to compare"
    began = time.monotonic()
    assert pool.compare(equal()) == ""
    assert time.monotonic() - began < start / 2


def test_memory_is_bounded_and_running_out_of_it_is_a_refusal(pool: Pool) -> None:
    assert pool.compare(asked("bytearray(3 << 30)")) == "refused: too large"
    assert pool.compare(equal()) == ""


def test_a_worker_that_dies_is_a_refusal_and_is_replaced(pool: Pool) -> None:
    assert pool.compare(asked("__import__('os').kill(__import__('os').getpid(), 11)")) == "refused: too large"
    assert pool.compare(equal()) == ""


def test_a_worker_killed_between_checks_goes_unnoticed(pool: Pool) -> None:
    for child in psutil.Process().children():
        if "resource_tracker" not in " ".join(command_line(child)):  # which serves later tests of this process
            child.kill()
    time.sleep(0.05)
    assert pool.compare(equal()) == ""


def test_a_starved_worker_is_never_a_verdict(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "SECONDS", 0.3)
    with pytest.raises(VerifierError, match="processor time"):
        pool.compare(asked("__import__('time').sleep(60)"))
    assert pool.compare(equal()) == ""


def test_a_worker_starved_once_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    others, made = children(), Pool()
    assert made.compare(equal()) == ""
    monkeypatch.setattr(pools, "SECONDS", 1.0)
    first = min(children() - others)
    os.kill(first, signal.SIGSTOP)
    assert made.compare(equal()) == ""
    assert not running(first)
    made.close()


def test_workers_that_cannot_start_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Pool()
    monkeypatch.setattr(pools, "_CODE", "raise SystemExit(1)")
    with pytest.raises(VerifierError, match="no worker"):
        made.compare(equal())
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with pytest.raises(VerifierError, match="can be started"):
        Pool().compare(equal())
    made.close()


def test_threads_share_the_workers() -> None:
    def judge(index: int) -> bool:
        return check_answer(*(RIGHT if index % 2 else WRONG)).passed

    close_workers()
    before = children()
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(judge, range(200))) == [bool(index % 2) for index in range(200)]
    assert len(children() - before) <= pools.WORKERS + 1


def test_a_check_in_a_thread_survives_a_hostile_one_in_another(pool: Pool) -> None:
    reasons: list[str] = []
    hostile = threading.Thread(target=lambda: reasons.append(pool.compare(BURN)))
    hostile.start()
    assert all(pool.compare(equal()) == "" for _ in range(20))
    hostile.join()
    assert reasons == ["refused: takes too long to compare"]


def test_a_forked_child_makes_its_own_workers() -> None:
    code = (
        "import os; from selftrain.envs import check_answer\n"
        f"assert check_answer(*{RIGHT!r}).passed\n"
        "child = os.fork()\n"
        f"assert check_answer(*{RIGHT!r}).passed and not check_answer(*{WRONG!r}).passed\n"
        "import psutil; assert psutil.Process().children(), 'the workers of another process were used'\n"
        "if child: assert os.waitpid(child, 0)[1] == 0"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_is_left_behind() -> None:
    close_workers()
    before, open_before = children(), psutil.Process().num_fds()
    assert check_answer(*RIGHT).passed
    close_workers()
    made = Pool()
    made.compare(BURN)
    made.close()
    assert children() == before and psutil.Process().num_fds() == open_before


def test_workers_end_with_the_process_that_made_them() -> None:
    code = (
        "import os, psutil, sys; from selftrain.envs import check_answer\n"
        f"assert check_answer(*{RIGHT!r}).passed\n"
        "print(*[child.pid for child in psutil.Process().children()], flush=True)\n"
        "if sys.argv[1] == 'killed': os.kill(os.getpid(), 9)"
    )
    for way, code_of_exit in (("ended", 0), ("killed", -signal.SIGKILL)):
        done = subprocess.run(
            [sys.executable, "-c", code, way], capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == code_of_exit and done.stderr == ""
        pids = [int(pid) for pid in done.stdout.split()]
        assert pids
        end = time.monotonic() + 10
        while any(map(running, pids)) and time.monotonic() < end:
            time.sleep(0.05)
        assert not any(map(running, pids))


def running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_an_interrupt_for_the_program_is_not_for_its_workers() -> None:
    close_workers()
    before = children()
    assert check_answer(*RIGHT).passed
    workers = children() - before
    assert workers and all(os.getpgid(pid) != os.getpgrp() for pid in workers)
