"""Draws the pictures of this folder from episodes that are played for them.

terminal.png and proof.png: a few actions, as `render_mode="rgb_array"` shows them. browser.png: pages of four sites, as
an agent with `screenshot=True` sees them. view.png: an episode of 420 turns
and 26 cuts in `selftrain view`. report.png: `selftrain report` over runs with own, wiped and shuffled notes. The pages
are drawn by the system's Chromium, driven by playwright (pip install 'selftrain[web,test]').
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import gymnasium as gym
import numpy as np
from PIL import Image

from selftrain.agents.rollout import rollout
from selftrain.envs.catalogue import find_family
from selftrain.envs.selection import expand_selection
from selftrain.web import viewer
from selftrain.web.report import make_report, report_page
from selftrain.web.runs import RunFolder

HERE = Path(__file__).parent
COMMANDS = ("ls -l", "git log --oneline | head -n 4", "git status --short --branch", "git fsck 2>&1 | head -n 4")
PROOF_ACTIONS = ("lia.", "intros xs ys zs. induction xs as [| x xs IH].", "- cbn [plainGate].")
CONTEXT = {"budget": 6000, "reserve": 1000, "notes_budget": 1800}
SITES = (
    ("shop-find-price/train/1/0", 0, "http://shop.test/products"),
    ("admin-expenses/train/1/0", 4, "http://admin.test/expenses"),
    ("tracker-triage/train/1/0", 4, "http://tracker.test/projects/BRK/board"),
    ("mail-find-price/train/1/0", 4, "http://mail.test/"),
)
LONG_ENV = "selftrain:SelfTrain-TerminalLong-v0"


def main() -> None:
    """Play and draw."""
    with tempfile.TemporaryDirectory() as folder:
        terminal()
        proof()
        browser()
        episode(Path(folder))
        report(Path(folder))


def terminal() -> None:
    """A terminal after a few commands."""
    with gym.make("selftrain:SelfTrain-Terminal-v0", render_mode="rgb_array") as env:
        env.reset(seed=0, options={"task": "git-repair/train/2/0"})
        env.step("cd /workspace/repo")
        for command in COMMANDS:
            env.step(command)
        Image.fromarray(np.asarray(env.render())).save(HERE / "terminal.png", optimize=True)


def proof() -> None:
    """A proof under way: an error, a question, and the goals that are left."""
    with gym.make("selftrain:SelfTrain-Proof-v0", render_mode="rgb_array") as env:
        env.reset(seed=0, options={"task": "append-and-reverse/train/2/0"})
        for action in PROOF_ACTIONS:
            env.step(action)
        Image.fromarray(np.asarray(env.render())).save(HERE / "proof.png", optimize=True)


def browser() -> None:
    """Pages of four sites, signed in by the first actions of an oracle."""
    sheet = Image.new("RGB", (1280, 720))
    with gym.make("selftrain:SelfTrain-Browser-v0", engine="chromium", screenshot=True) as env:
        for number, (task_id, actions, url) in enumerate(SITES):
            task = find_family(task_id.partition("/")[0]).task(seed=0, level=1)
            env.reset(seed=0, options={"task": task})
            for action in task.oracle[:actions]:
                env.step(action)
            observation, *_ = env.step(f"goto({url!r})")
            picture = Image.fromarray(observation["screenshot"]).resize((640, 360), Image.Resampling.LANCZOS)
            sheet.paste(picture, (640 * (number % 2), 360 * (number // 2)))
    sheet.save(HERE / "browser.png", optimize=True)


def episode(folder: Path) -> None:
    """The viewer at the third cut of a long episode."""
    rollout(LONG_ENV, "oracle", 1, tasks=["staged-migration/train/5/0"], context=CONTEXT, out=folder / "migration")
    viewer.export(RunFolder(folder / "migration"), folder / "pages")
    photograph(folder / "pages" / "episode-0.html", HERE / "view.png", 1440, 860, keys="nnn")


def report(folder: Path) -> None:
    """The top of a report over three runs that differ in the notes that were delivered."""
    tasks = expand_selection("incident-trail/train/1-5/0-3")
    for ablation in ("own", "wiped", "shuffled"):
        arm = CONTEXT | {"ablation": ablation}
        rollout(LONG_ENV, "oracle", len(tasks), tasks=tasks, context=arm, out=folder / ablation, parallel=2)
    (folder / "report.html").write_text(
        report_page(make_report([folder / name for name in ("own", "wiped", "shuffled")])), encoding="utf-8"
    )
    photograph(folder / "report.html", HERE / "report.png", 1240, 1560)


def photograph(page: Path, picture: Path, width: int, height: int, keys: str = "") -> None:
    """What Chromium shows of a page after some keys."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        shown = browser.new_page(viewport={"width": width, "height": height})
        shown.goto(page.as_uri())
        for key in keys:
            shown.keyboard.press(key)
        shown.screenshot(path=picture)
        browser.close()
    Image.open(picture).convert("P", palette=Image.Palette.ADAPTIVE, colors=128).save(picture, optimize=True)


if __name__ == "__main__":
    main()
