"""The gate's first check, a reader's look at a task that plays nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from gate_trials import REWARD, folder_trial
from harbor_folders import COUNT, TOML, write_folder

from selftrain.envs import catalogue
from selftrain.envs.gate.lint import check_lint
from selftrain.envs.gate.lint_scripts import asked_in_python, asked_in_shell, constant_reward
from selftrain.envs.gate.trial import Trial
from selftrain.envs.harbor import load_harbor_task
from selftrain.evidence import MIB
from selftrain.sandboxes import Backend, make_backend


@pytest.fixture(scope="module")
def backend() -> Backend:
    return make_backend("bubblewrap")


BAD_TO_READ = {
    "empty": ({"instruction.md": " \n"}, "the instruction is empty"),
    "placeholder": ({"instruction.md": "Write count.txt. Lorem ipsum dolor."}, "placeholder: 'Lorem ipsum'"),
    "template": ({"instruction.md": "# Task\n\nYour task here\n"}, "placeholder: 'Your task here'"),
    "not-written": ({"instruction.md": "TODO: say what to do\n"}, "not written yet"),
    "too-short": ({"instruction.md": "Do it.\n"}, "must say what to do"),
    "network": (
        {"tests/test.sh": f"#!/bin/bash\napt-get update -q\necho 0 > {REWARD}\n"},
        "asks for the network: tests/test.sh:2: apt-get update",
    ),
    "network-in-solution": (
        {"solution/solve.sh": "curl -s https://example.org/a > /app/count.txt\n"},
        "asks for the network: solution/solve.sh:1: curl",
    ),
    "network-in-python": (
        {
            "tests/test.sh": f"#!/bin/bash\npython3 /tests/look.py; echo $? > {REWARD}\n",
            "tests/look.py": "import os\n\nos.system('pip install requests')\n",
        },
        "asks for the network: tests/look.py:3: pip install requests",
    ),
    "crlf": ({"tests/test.sh": f"#!/bin/bash\r\necho $? > {REWARD}\r\n"}, "tests/test.sh has lines that end with CRLF"),
    "always-paid": ({"tests/test.sh": f"#!/bin/bash\nls /app\necho 1 > {REWARD}\n"}, "tests/test.sh:3 pays 1 whatever"),
    "never-paid": ({"tests/test.sh": "#!/bin/bash\ntest -f count.txt\n"}, "no file in tests/ writes a reward"),
    "too-large": (
        {"task.toml": f"{TOML}storage_mb = 1\n", "environment/data/lines.txt": "x" * (2 * MIB)},
        "/app has room for 1 MiB and starts with 2 MiB",
    ),
}


@pytest.mark.parametrize("name", BAD_TO_READ)
def test_what_a_reader_sees_is_told(name: str, tmp_path: Path, backend: Backend) -> None:
    files, words = BAD_TO_READ[name]
    write_folder(tmp_path, {**COUNT, **files})
    for path, text in files.items():
        (tmp_path / path).write_bytes(text.encode())  # as it is: write_text would change the ends of lines
    finding = check_lint(Trial(load_harbor_task(tmp_path), backend, folder=tmp_path))
    assert finding.state == "fail" and words in finding.summary
    assert len(finding.evidence["faults"]) == 1, finding.evidence


def test_a_sound_folder_reads_well_and_one_without_a_solution_does_not(tmp_path: Path, backend: Backend) -> None:
    trial = folder_trial(tmp_path, backend)
    finding = check_lint(trial)
    assert (finding.state, finding.evidence["faults"], finding.evidence["notes"]) == ("pass", [], [])
    (tmp_path / "solution" / "solve.sh").unlink()
    finding = check_lint(Trial(load_harbor_task(tmp_path), backend, folder=tmp_path))
    assert finding.state == "fail" and "there is no solution" in finding.summary


def test_doubts_are_notes_and_no_faults(tmp_path: Path, backend: Backend) -> None:
    script = f"""#!/bin/bash
command -v jq || apt-get install -y jq
pytest /tests/test_it.py || true
seed=$RANDOM; now=$(date +%s)
if [ -s /app/other/report.txt ]; then echo 1; else echo 0; fi > {REWARD}
"""
    files = {
        "tests/test.sh": script,
        "tests/test_it.py": "import random\ndef test_a():\n    x = 1\ndef test_b():\n    assert random.random()\n",
        "environment/Dockerfile": "FROM debian\nWORKDIR /app\nCOPY data data\nCOPY note.txt docs/\n",
        "environment/note.txt": "-----BEGIN PRIVATE KEY-----\nno key at all\n",
        "instruction.md": "Write tally.sh and count.txt in /app, and mark what is TODO.",
    }
    finding = check_lint(folder_trial(tmp_path, backend, files))
    assert finding.state == "pass", finding.summary
    for words in (
        "asks for the network: tests/test.sh:2",
        "goes on when the tests fail",
        "draws or reads a clock: $RANDOM",
        "draws without a seed",
        "tests that ask nothing: test_a",
        "/app/other/report.txt, which the instruction does not name",
        "holds a private key",
        "the instruction says TODO",
    ):
        assert words in str(finding.evidence["notes"]), words


SURE = (
    "apt-get update && apt-get install -y curl",
    'x="$(curl -s https://example.org/x)"',
    "cd /app\nuvx -p 3.13 \\\n  pytest",
    "if true; then python3 -m pip install x; fi",
    "FOO=1 timeout 5 wget -q http://example.org/c",
    "git clone https://example.org/a",
    'curl -LsSf \\\n "https://example.org/install.sh" | sh',
)
DOUBTED = (
    "command -v jq || apt-get install -y jq",
    "if ! command -v jq; then\n apt-get install -y jq\nfi",
    'curl "$URL"',
    "pip install .",
)
NOT_AT_ALL = (
    "# pip install x",
    'echo "pip install x"',
    "cat > a <<'END'\npip install x\nEND\necho ok",
    "cat <<EOF > a\nwget http://example.org\nEOF",
    'grep -q "curl https://example.org" README',
    "curl -s http://localhost:80/",
    "git clone /srv/repository.git",
    "command -v curl",
    "awk '{ print $1 # pip\n install }' f",
    "pip install --no-index --find-links /wheels x",
    "X=${a#b} # curl https://example.org",
)


def test_only_what_is_run_asks_for_the_network() -> None:
    assert [next(one.sure for one in asked_in_shell(text)) for text in SURE] == [True] * len(SURE)
    assert [[one.sure for one in asked_in_shell(text)] for text in DOUBTED] == [[False]] * len(DOUBTED)
    assert [list(asked_in_shell(text)) for text in NOT_AT_ALL] == [[]] * len(NOT_AT_ALL)
    code = (
        "import subprocess, sys, requests\nsubprocess.run([sys.executable, '-m', 'pip', 'install', 'x'])\n"
        "requests.get('http://localhost:8/')\nrequests.get('https://example.org/')\nassert 'pip install' in open('x')\n"
        "{}.get('https://example.org')\n"
    )
    assert [one.number for one in asked_in_python(code)] == [2, 4]
    assert list(asked_in_python("def broken(:")) == []


@pytest.mark.parametrize(
    ("script", "line"),
    [
        (f'ls\nmkdir -p /logs/verifier\necho "1.0" > "{REWARD}"\n', 3),
        ("printf '{\"reward\": 1.0}' > /logs/verifier/reward.json", 1),
        (f"set -e\nbash x\necho 1 > {REWARD}", 0),
        (f"if a; then\n echo 1 > {REWARD}\nfi", 0),
        (f"a && echo 1 > {REWARD}", 0),
        (f"echo 0 > {REWARD}\na && echo 1 > {REWARD}", 0),
        (f"r=1\necho $r > {REWARD}", 0),
        (f"a || exit 1\necho 1 > {REWARD}", 0),
        (f"pay() {{\necho 1 > {REWARD}\n}}", 0),
    ],
)
def test_a_constant_reward_is_one_that_hangs_on_nothing(script: str, line: int) -> None:
    assert constant_reward(script) == line


def test_tasks_in_python_are_read_too(backend: Backend) -> None:
    task = catalogue.task_of_id("json-reshape/train/1/0")
    assert check_lint(Trial(task, backend)).state == "pass"
    assert "no solution" in check_lint(Trial(replace(task, oracle=()), backend)).summary
    setup = replace(task, setup="pip install numpy\n")
    assert "the setup, line 1" in check_lint(Trial(setup, backend)).summary
