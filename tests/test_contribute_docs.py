"""`docs/contribute_a_pack.md`, followed word for word in an empty folder, as somebody would who has nothing else.

What a block is says its info string: `sh` is run, with `exit=N` for another exit code than 0; `text output` is what the
block before it printed, where `...` stands for anything; `LANGUAGE file=PATH` is written to PATH, which the text before
it must name, and `LANGUAGE in=PATH` stands in that file; `python` is run. A block with `needs=docker` is left out where
there is no docker, except in CI, and so is what follows from it. `sh install` is not run: what it asks pip for is held
against the project.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from backends import backend_or_skip
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "contribute_a_pack.md"
STATE = ".exported"


@dataclass(frozen=True)
class Block:
    """A fenced block of the page, and the text between it and the one before."""

    words: tuple[str, ...]
    text: str
    line: int
    before: str

    def value(self, name: str) -> str:
        """Of `name=value` in its info string, or ""."""
        return next((word.partition("=")[2] for word in self.words if word.startswith(f"{name}=")), "")


def blocks(page: str) -> list[Block]:
    found, before = [], ""
    for token in MarkdownIt("commonmark", {}).enable("table").parse(page):
        if token.type == "fence":
            assert token.map is not None
            found.append(Block(tuple(token.info.split()), token.content, token.map[0] + 1, before))
            before = ""
        elif token.type == "inline":
            before += f"\n{token.content}"
    return found


def expected(text: str) -> re.Pattern[str]:
    """What an output block stands for: white space and the breaks of lines do not count."""
    parts = [re.escape(" ".join(part.split())) for part in text.split("...")]
    return re.compile(r"\s*.*?\s*".join(parts), re.DOTALL)


def plain(output: str) -> str:
    """Output without bars of progress, with single blanks."""
    return " ".join(" ".join(line for line in output.splitlines() if "━" not in line).split())


@dataclass
class Reader:
    """Somebody who follows the page in `folder`."""

    folder: Path
    has_docker: bool
    said: str = ""

    def follow(self, page: str) -> None:
        last_run = True
        for block in blocks(page):
            if block.value("needs") == "docker" and not self.has_docker:
                last_run = False
                continue
            if block.words[:2] == ("text", "output"):
                if last_run:
                    assert expected(block.text).search(self.said), f"line {block.line}: was printed:\n{self.said}"
                continue
            last_run = block.words[:2] != ("sh", "install")
            if last_run:
                self.do(block)

    def do(self, block: Block) -> None:
        if path := block.value("file"):
            assert f"`{path}`" in block.before, f"line {block.line}: the text before does not say that this is {path}"
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(block.text)
        elif path := block.value("in"):
            assert block.text in (self.folder / path).read_text(), f"line {block.line}: {path} reads otherwise"
        elif block.words[0] == "sh":
            self.run(f"set -eo pipefail\n{block.text}\nexport -p > {STATE}", block)
        elif block.words[0] == "python":
            (self.folder / ".block.py").write_text(block.text)
            self.run("exec python -W error .block.py", block)
        else:
            raise AssertionError(f"line {block.line}: nothing says what to do with {block.words}")

    def run(self, script: str, block: Block) -> None:
        """In a shell that has what earlier blocks exported."""
        (self.folder / STATE).touch()
        done = subprocess.run(
            ["bash", "-c", f". ./{STATE}\n{script}"],
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=500,
        )
        self.said = plain(done.stdout)
        wanted = int(block.value("exit") or 0)
        assert done.returncode == wanted, f"line {block.line} ends with {done.returncode}, not {wanted}:\n{done.stdout}"

    def environment(self) -> dict[str, str]:
        """The commands that are tested, a wide terminal, and pip that installs into a folder of its own, offline."""
        site = self.folder / ".site"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SELFTRAIN_PACKS", "PIP_"))}
        return kept | {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": str(site),
            "PIP_TARGET": str(site),
            "PIP_NO_DEPS": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # pip reads this one the wrong way round
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "COLUMNS": "500",
        }


@functools.cache
def docker_is_here() -> bool:
    try:
        backend_or_skip("docker")
    except pytest.skip.Exception:
        return False
    return True


def test_the_page_is_followed_word_for_word(tmp_path: Path) -> None:
    Reader(tmp_path, docker_is_here()).follow(PAGE.read_text())


def test_what_is_to_be_installed_is_there() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = [block.text for block in blocks(PAGE.read_text()) if block.words[:2] == ("sh", "install")]
    named = re.findall(r"\[([\w,]+)\]", "".join(wanted))
    assert named and all(extra in extras for names in named for extra in names.split(","))


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("```sh\nfalse\n```\n", "line 1 ends with 1, not 0"),
        ("```sh exit=1\ntrue\n```\n", "line 1 ends with 0, not 1"),
        ("```sh\nfalse | true\n```\n", "line 1 ends with 1"),
        ("```sh\necho one\n```\n\n```text output\ntwo\n```\n", r"line 5: was printed:\s+one"),
        ("```sh\necho one two three\n```\n\n```text output\none three\n```\n", "line 5: was printed"),
        ("Write `b`.\n\n```toml file=a\n```\n", "does not say that this is a"),
        ("```python\nraise SystemExit(2)\n```\n", "line 1 ends with 2"),
        ("```yaml\na: 1\n```\n", "nothing says what to do"),
    ],
)
def test_a_page_that_is_wrong_is_noticed(tmp_path: Path, page: str, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        Reader(tmp_path, has_docker=False).follow(page)


def test_a_page_that_is_right_is_followed(tmp_path: Path) -> None:
    Reader(tmp_path, has_docker=False).follow(
        "Write `a/b`.\n\n```text file=a/b\nhello\n```\n\n```sh\nexport NAME=you\ncat a/b\n```\n\n"
        "```sh exit=3\necho $NAME and $(cat a/b), for ever; exit 3\n```\n\n```text output\nyou and\n...\never\n```\n\n"
        "```sh needs=docker\nfalse\n```\n\n```text output\nnothing\n```\n"
    )
