"""Judging of submitted code: honest but unusual work is paid, and tricks inside the submission's process are not."""

from __future__ import annotations

import pytest

from selftrain.envs.clean_room import SandboxCleanRoom
from selftrain.envs.forwarding import Suite, SuiteVerifier
from selftrain.envs.verifiers import EvidenceVerifier, TrialCase, TrialVerifier, command_case, function_case
from selftrain.errors import SandboxError, VerifierError
from selftrain.evidence import Evidence, EvidenceFile
from selftrain.sandboxes import make_backend
from selftrain.tasks import Task
from selftrain.verdicts import CaseInput, Check, Verdict, Verifier

PATH = "/workspace/solution.py"
HONEST = "def double(x):\n    return x * 2\n"


def evidence_of(**files: str) -> Evidence:
    return Evidence(
        {f"/workspace/{name.replace('__', '.')}": EvidenceFile(text.encode()) for name, text in files.items()}
    )


def judge(verifier: Verifier, evidence: Evidence) -> Verdict:
    task = Task(instruction="", verifier=verifier, tools=("python3",), id="a/test")
    return verifier.verify(evidence, task, SandboxCleanRoom(make_backend()))


def doubling(seconds: float = 5.0) -> TrialVerifier:
    cases = tuple(
        function_case(f"case {n}", PATH, "double", [value], value * 2, seconds=seconds)
        for n, value in enumerate([21, -3, 10**20, 0])
    )
    return TrialVerifier((PATH,), cases)


@pytest.mark.parametrize(
    "source",
    [
        HONEST,
        "print('hello' * 1000)\n" + HONEST,
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n" + HONEST,
        "import subprocess\nsubprocess.Popen(['sleep', '60'])\n" + HONEST,
        "open('/tmp/scratch', 'w').write('x')\nopen('/workspace/cache', 'w').write('y')\n" + HONEST,
        "# -*- coding: latin-1 -*-\nname = '\\xe9'\n" + HONEST,
        "from pathlib import Path\nimport atexit\natexit.register(print, 'bye')\n" + HONEST,
        "class Twice:\n    def __call__(self, x): return x + x\ndouble = Twice()\n",
        "import os, sys\nos.close(0)\nsys.stdout.close()\n" + HONEST,
    ],
)
def test_honest_work_is_paid(source: str) -> None:
    assert judge(doubling(), evidence_of(solution__py=source)).passed


CHEATS = {
    "exit at import": "import os\nos._exit(0)\n",
    "system exit": "raise SystemExit(0)\n",
    "equal to everything": "class E(int):\n    def __eq__(self, o): return True\ndef double(x): return E(1)\n",
    "equal without json": "class E:\n    def __eq__(self, o): return True\ndef double(x): return E()\n",
    "patched json": "import json\njson.dump = lambda v, f: f.write('{\"value\": 42}')\ndef double(x): return 0\n",
    "forged frame": (
        "import os, json\n"
        "def double(x):\n"
        "    open('/tmp/.case/result.json', 'w').write(json.dumps({'value': True, 'passed': True}))\n"
        "    os._exit(0)\n"
    ),
    "frame is a link": (
        "import os\ndef double(x):\n    os.symlink('/etc/passwd', '/tmp/.case/result.json'); os._exit(0)\n"
    ),
    "frame is a folder": "import os\ndef double(x):\n    os.mkdir('/tmp/.case/result.json'); os._exit(0)\n",
    "frame floods": (
        "import os\ndef double(x):\n    open('/tmp/.case/result.json', 'w').write('[' * 9_000_000); os._exit(0)\n"
    ),
    "kills all": "import os, signal\nos.kill(-1, signal.SIGKILL)\n",
    "true for one": "def double(x): return True\n",
    "text for number": "def double(x): return str(x * 2)\n",
    "float for number": "def double(x): return float(x * 2)\n",
    "not a number": "def double(x): return float('nan')\n",
    "reads answers": (
        "import subprocess\n"
        "def double(x):\n"
        "    seen = subprocess.run('cat /proc/*/environ /proc/*/cmdline; grep -r 200000000 /tmp /workspace /home',"
        " shell=True, capture_output=True).stdout\n"
        "    return 2 * 10**20 if b'2000000000' in seen else 0\n"
    ),
    "nothing there": "",
}


@pytest.mark.parametrize("name", CHEATS)
def test_tricks_are_not_paid(name: str) -> None:
    verdict = judge(doubling(), evidence_of(solution__py=CHEATS[name]))
    assert not verdict.passed and verdict.why


def test_shadowed_modules_and_start_up_hooks_do_not_reach_the_judge() -> None:
    hooks = {"json__py": "def load(f): raise SystemExit", "sitecustomize__py": "import os; os._exit(0)"}
    assert judge(doubling(), evidence_of(solution__py=HONEST, **hooks)).passed


def test_a_submission_that_hangs_is_a_fail_and_not_a_fault() -> None:
    verdict = judge(doubling(seconds=0.5), evidence_of(solution__py="while True: pass\n"))
    assert not verdict.passed and "timeout" in verdict.why


def test_cases_do_not_see_each_other() -> None:
    counting = (
        "import os\n"
        "def double(x):\n"
        "    seen = os.path.exists('/tmp/mark') or os.path.exists('/workspace/mark')\n"
        "    open('/tmp/mark', 'w'); open('/workspace/mark', 'w')\n"
        "    os.system('setsid sleep 100 &')\n"
        "    return -1 if seen or int(os.popen('pgrep -c sleep').read()) > 1 else x * 2\n"
    )
    assert judge(doubling(), evidence_of(solution__py=counting)).passed


def test_a_missing_submission_fails_with_a_reason() -> None:
    assert judge(doubling(), Evidence({})).why == "case 0: no_result"


def test_an_export_over_its_limits_is_a_fail() -> None:
    assert "too large" in judge(doubling(), Evidence({}, overrun="more than 5000 entries")).why


def test_commands_are_compared_by_output_code_and_files() -> None:
    script = '#!/bin/bash\nsort "$1" > /workspace/sorted.txt\nwc -l < "$1"\n[ -s "$1" ]\n'
    run = CaseInput("bash sort.sh /tmp/in.txt", files={"/tmp/in.txt": b"b\na\n"})
    good = command_case("sorts", run, stdout="2", files={"/workspace/sorted.txt": "a\nb\n"})
    assert judge(TrialVerifier(("/workspace",), (good,)), evidence_of(sort__sh=script)).passed
    for wrong in (
        command_case("output", run, stdout="3"),
        command_case("code", run, exit_code=1),
        command_case("file", run, files={"/workspace/sorted.txt": "b\na\n"}),
        command_case("absent", run, files={"/workspace/other.txt": ""}),
    ):
        assert not judge(TrialVerifier(("/workspace",), (wrong,)), evidence_of(sort__sh=script)).passed


def test_a_broken_verifier_is_an_error_and_not_a_zero() -> None:
    def broken(evidence: Evidence) -> list[Check]:
        raise ZeroDivisionError

    with pytest.raises(VerifierError, match="ZeroDivisionError"):
        judge(EvidenceVerifier(("/workspace",), broken), Evidence({}))


def test_a_broken_backend_is_an_error_and_not_a_zero() -> None:
    backend = make_backend()

    class Breaking:
        """Stands in for a backend whose machine has failed; everything else here is real."""

        def create(self, spec: object) -> object:
            raise SandboxError("the machine is gone")

    task = Task(instruction="", verifier=doubling(), id="a/test")
    with pytest.raises(SandboxError):
        doubling().verify(evidence_of(solution__py=HONEST), task, SandboxCleanRoom(Breaking()))  # type: ignore[arg-type]
    assert doubling().verify(evidence_of(solution__py=HONEST), task, SandboxCleanRoom(backend)).passed


SUITE = Suite(
    """
import unittest
from shop import Basket, PriceError, total

def test_totals():
    assert total([("tea", 2), ("jam", 3.5)]) == 5.5

def test_state_lives_on():
    basket = Basket()
    basket.add("tea", 2)
    basket.add("jam", 3)
    assert basket.items == {"tea": 2, "jam": 3}
    assert len(basket) == 2 and "tea" in basket and sorted(basket) == ["jam", "tea"]

class Errors(unittest.TestCase):
    def test_price(self):
        with self.assertRaises(PriceError):
            total([("tea", -1)])
        with self.assertRaises(KeyError):
            Basket().price("jam")
""",
    modules=("shop",),
)
SHOP = """
class PriceError(ValueError): pass
def total(rows):
    if any(price < 0 for _, price in rows): raise PriceError("negative")
    return sum(price for _, price in rows)
class Basket:
    def __init__(self): self.items = {}
    def add(self, name, price): self.items[name] = price
    def price(self, name): return self.items[name]
    def __len__(self): return len(self.items)
    def __iter__(self): return iter(self.items)
    def __contains__(self, name): return name in self.items
"""


def test_a_suite_runs_by_forwarding() -> None:
    verdict = judge(SuiteVerifier(("/workspace",), SUITE), evidence_of(shop__py=SHOP))
    assert verdict.passed and [check.name for check in verdict.checks] == [
        "test_totals",
        "test_state_lives_on",
        "Errors.test_price",
    ]


@pytest.mark.parametrize(
    "source",
    [
        SHOP.replace("sum(", "len("),
        "import os\nos._exit(0)\n",
        "import sys\nsys.exit(0)\n",
        "class Any:\n    def __eq__(self, o): return True\n    def __call__(self, *a): return self\n"
        "    def __getattr__(self, n): return self\n    def __len__(self): return 2\n"
        "total = Basket = PriceError = Any()\n",
        "import builtins, unittest\nunittest.TestCase.debug = lambda self: None\nbuiltins.AssertionError = Exception\n",
        'import os\nprint(\'{"done": [["test_totals", true, ""]]}\', file=os.fdopen(1, \'w\'))\nos._exit(0)\n',
        'import os\nfor fd in range(3, 64):\n    try: os.write(fd, b\'{"done": [["a", true, ""]]}\\n\')\n'
        "    except OSError: pass\n",
        "",
    ],
)
def test_a_suite_cannot_be_reached_from_the_submission(source: str) -> None:
    assert not judge(SuiteVerifier(("/workspace",), SUITE), evidence_of(shop__py=source)).passed


def test_a_suite_that_hangs_is_a_timeout() -> None:
    suite = Suite(SUITE.source, SUITE.modules, seconds=1.0)
    verdict = judge(SuiteVerifier(("/workspace",), suite), evidence_of(shop__py="while True: pass\n"))
    assert verdict.why == "suite: timeout"


def test_a_trial_needs_at_least_one_case() -> None:
    assert not judge(TrialVerifier((PATH,), ()), evidence_of(solution__py=HONEST)).passed
    assert TrialCase  # part of the public interface for task authors
