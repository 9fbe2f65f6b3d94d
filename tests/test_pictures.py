"""What an environment shows as a picture reaches a model that sees, the record, and who looks at the record."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
import pytest
from chat_server import endpoint, in_turn, says
from PIL import Image
from typer.testing import CliRunner

from selftrain.agents.chat import ChatAgent
from selftrain.agents.replay import replay
from selftrain.agents.rollout import rollout
from selftrain.cli import app
from selftrain.envs.context import ContextBudget
from selftrain.pictures import data_url
from selftrain.records import as_json, read_records

if os.environ.get("CI") != "true":
    for package in ("openai", "jinja2", "playwright"):
        pytest.importorskip(package)
if TYPE_CHECKING:
    from playwright.sync_api import Page

ID = "selftrain:SelfTrain-Lab-v0"
BUDGET: dict[str, Any] = {"budget": 6000, "reserve": 100, "notes_budget": 200}


def pixels_of(url: str) -> npt.NDArray[np.uint8]:
    kind, _, data = url.partition(",")
    assert kind == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_a_picture_is_kept_without_loss_and_other_arrays_as_numbers() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (7, 5, 3), np.uint8)
    kept = as_json({"image": picture, "bytes": picture[0], "floats": picture / 2})
    assert np.array_equal(pixels_of(kept["image"]), picture)
    assert kept["bytes"] == picture[0].tolist() and kept["floats"] == (picture / 2).tolist()


@pytest.mark.parametrize("view", ["messages", "tokens"])
def test_a_context_goes_with_the_latest_picture(view: str) -> None:
    with gym.make(ID, view="pixels", length=3) as alone, ContextBudget(alone, view=view, **BUDGET) as env:
        shown, _ = env.reset(seed=4)
        assert env.observation_space.contains(shown)
        with gym.make(ID, view="pixels", length=3) as again:
            first = again.reset(seed=4)[0]["image"]
            second = again.step("label no")[0]["image"]
        assert np.array_equal(shown["image"], first) and not np.array_equal(first, second)
        if view == "messages":
            for action, image in (("/note write a\nb", first), ("label no", second)):
                assert np.array_equal(env.step(action)[0]["image"], image)


def sent(pictures: bool, phase: int = 0) -> Any:
    """The content of the last message of a request."""
    seen: dict[str, Any] = {"messages": ({"role": "user", "content": "Look."},), "phase": phase}
    if pictures:
        seen["image"] = np.full((4, 4, 3), 7, np.uint8)
    with endpoint(in_turn(says("label yes"))) as server:
        agent = ChatAgent("m", base_url=server.url, api_key="k", tools=False)
        agent.reset(1)
        agent.act(seen, {"turn": 0, "reserve": 50, "notes_budget": 20, "verbs": "act"})
        agent.close()
        return server.requests[0]["messages"][-1]["content"]


def test_a_model_is_sent_the_picture_in_view_and_none_when_it_writes_notes() -> None:
    text, picture = sent(pictures=True)
    assert text == {"type": "text", "text": "Look."}
    assert picture["type"] == "image_url" and (pixels_of(picture["image_url"]["url"]) == 7).all()
    assert sent(pictures=False) == sent(pictures=True, phase=1) == "Look."


def test_a_day_of_a_model_that_sees_is_recorded_replayed_and_shown(tmp_path: Path, page: Page) -> None:
    with endpoint(in_turn(*[says("label no")] * 4)) as server:
        rollout(
            ID,
            lambda: ChatAgent("m", base_url=server.url, api_key="k", tools=False),
            episodes=1,
            parallel=1,
            out=tmp_path / "run",
            env_kwargs={"view": "pixels", "length": 4, "bar": 0.5},
            context=BUDGET,
        )
        asked = [request["messages"][-1]["content"][1]["image_url"]["url"] for request in server.requests]
    (record,) = read_records(tmp_path / "run")
    views = [*record.segments[0].views()]
    assert [view["image"] for view in views][:4] == asked and len(set(asked)) == 4
    assert replay(record) == []
    done = CliRunner().invoke(app, ["view", str(tmp_path / "run"), "--export", str(tmp_path / "pages")])
    assert done.exit_code == 0, done.output
    page.goto((tmp_path / "pages" / "episode-0.html").as_uri() + "#1")
    picture = page.locator("#context img.picture")
    picture.wait_for()
    assert picture.get_attribute("src") == asked[0] == data_url(pixels_of(asked[0]))
    assert picture.evaluate("it => [it.naturalWidth, it.naturalHeight]") == [96, 96]
    assert "base64" not in page.inner_text("body") and "(picture)" in page.inner_text("body")
