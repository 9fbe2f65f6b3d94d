"""What an agent leaves where a Harbor task's verdict, tests and solution lie reaches no verifier."""

from __future__ import annotations

from pathlib import Path

import pytest
from harbor_folders import COUNT, TOML, judged, write_folder

from selftrain.envs.checks import UnreadableError
from selftrain.envs.harbor import load_harbor_task
from selftrain.envs.harbor.rewards import json_rewards, the_reward
from selftrain.envs.proof import prove
from selftrain.errors import TaskError
from selftrain.sandboxes import make_backend

SEPARATE = "\n[verifier.environment]\nworkdir = '/app'\nnetwork_mode = 'no-network'\n"
FORGED = {
    "/logs/verifier/reward.json": '{"reward": 1}',
    "/logs/verifier/reward.txt": "1",
    "/tests/tally.sh": "echo 3",
    "/solution/solve.sh": "echo 3",
}


def with_artifacts(root: Path, listed: str, separate: bool = False) -> Path:
    toml = TOML.replace("[task]", f"artifacts = {listed}\n[task]") + (SEPARATE if separate else "")
    return write_folder(root, {**COUNT, "task.toml": toml})


@pytest.mark.parametrize("separate", [False, True])
def test_a_reward_that_the_agent_wrote_is_not_handed_over(tmp_path: Path, separate: bool) -> None:
    folder = with_artifacts(tmp_path, '["/logs", "/app"]', separate)
    task = load_harbor_task(folder)
    assert "/logs" in task.verifier.exports
    assert (judged(task, FORGED).passed, judged(task, FORGED).score) == (False, 0.0)
    assert not judged(task, {**FORGED, "/logs/agent/notes": "mine"}).passed
    assert prove(task, make_backend("bubblewrap"), repetitions=1).faults == []


def test_what_lies_beside_them_is_handed_over(tmp_path: Path) -> None:
    folder = with_artifacts(tmp_path, '["/logs"]')
    (folder / "tests" / "test.sh").write_text(
        "ls /logs/verifier /solution >&2\n[ -e /logs/verifier/mine ] || cp /logs/app/paid /logs/verifier/reward.txt\n"
    )
    assert judged(load_harbor_task(folder), {**FORGED, "/logs/verifier/mine": "", "/logs/app/paid": "1"}).passed


@pytest.mark.parametrize("path", ["/logs/verifier", "/logs/verifier/mine", "/tests/", "/tests/x.py", "/solution"])
def test_the_verifiers_own_folders_are_no_artifacts(tmp_path: Path, path: str) -> None:
    with pytest.raises(TaskError, match=r"artifacts: .* cannot be one: .* is the verifier's own"):
        load_harbor_task(with_artifacts(tmp_path, f'["{path}"]'))


@pytest.mark.parametrize("text", ["NaN", '{"reward": NaN}', '{"reward": Infinity}', '{"reward": true}', "", "{}"])
def test_no_reward_is_made_of_what_is_no_number(text: str) -> None:
    with pytest.raises(UnreadableError, match=r"reward\.json"):
        json_rewards(text.encode())
    assert the_reward(json_rewards(b'{"reward": 0.5}')) == 0.5
