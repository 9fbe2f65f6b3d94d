"""Report cards: signed, refused when a byte was changed, shown on a page on which nothing of a task is let loose."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from backends import backend_or_skip
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from selftrain import gate_commands
from selftrain.cli import app
from selftrain.envs.gate import checks
from selftrain.envs.gate.card import Card, TaskReport, plainly, read_card
from selftrain.envs.gate.signing import default_key, fingerprint_of, load_key, opened, sealed
from selftrain.envs.gate.trial import Finding, State
from selftrain.envs.packs.starting import start_pack
from selftrain.errors import OptionError
from selftrain.web.card import card_page

HOSTILE = """</pre></details><script>alert(1)</script><img src=x onerror=alert(2)> "' {{ 7 * 7 }} \x1b[31m"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SELFTRAIN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def report(name: str, **states: State) -> TaskReport:
    findings = tuple(Finding(check, state, f"{check} of {name}", {"seen": [1]}, 0.5) for check, state in states.items())
    return TaskReport(name, "train", "0" * 64, "2026-01-01T00:00:00+00:00", findings, 1.5, 1 << 20, {"exact": "1"})


def card_of(*tasks: TaskReport, **fields: Any) -> Card:
    return Card(
        **{
            "pack": "acme",
            "version": "1.0.0",
            "licence": "MIT",
            "manifest": "1" * 64,
            "lock": "",
            "date": "2026-01-01T00:00:00+00:00",
            "gate": "0.1.0+abc",
            "backend": "bubblewrap",
            "image": "",
            "options": {"repetitions": 3},
            "machine": {"cpus": 2, "limits": {"memory_bytes": "cgroup v2"}},
            "tasks": tasks,
            **fields,
        }
    )


def test_the_verdict_says_who_is_refused_for_what() -> None:
    good, bad = report("good", oracle="pass"), report("bad", oracle="fail", battery="fail")
    unasked, open_ = report("unasked", oracle="unchecked"), report("open", oracle="pass", echo="unchecked")
    assert card_of(good).verdict == "admitted: 1 of 1 tasks admitted"
    assert card_of(good, open_).verdict == "admitted: 2 of 2 tasks admitted; not checked: 1"
    assert card_of(good, bad).verdict == "refused: 1 of 2 tasks admitted; refused bad (oracle, battery)"
    assert card_of(good, unasked).decision == "undecided" and "undecided unasked" in card_of(good, unasked).verdict
    assert card_of(unasked, bad).decision == "refused"
    assert card_of(good, findings=(Finding("licence", "fail", "none"),)).decision == "refused"
    many = card_of(*(report(f"bad-{number}", nop="fail") for number in range(50))).verdict
    assert "and 44 more" in many and "\n" not in many


def test_what_a_check_left_open_is_listed_though_it_holds() -> None:
    finding = Finding("repeat", "pass", "the same", {"unchecked": ["another date"]})
    task = TaskReport("a", "train", "", "", (finding,), 1.0)
    assert card_of(task).unchecked == [{"check": "repeat", "why": "another date", "tasks": ["a"]}]


def test_a_card_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    card = card_of(report("good", oracle="pass"), findings=(Finding("lock", "unchecked", "not locked"),))
    key = load_key()
    (tmp_path / "card.json").write_bytes(sealed(card.as_dict(), key))
    signed = opened(tmp_path / "card.json")
    assert read_card(signed.card) == card and signed.fingerprint == fingerprint_of(key)


def test_a_card_that_was_edited_by_one_byte_is_refused(tmp_path: Path) -> None:
    data = sealed(card_of(report("bad", oracle="fail")).as_dict(), load_key())
    file = tmp_path / "card.json"
    step = 1 if os.environ.get("CI") == "true" else 5
    for place in [*range(0, len(data), step), *range(len(data) - 500, len(data))]:
        file.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(OptionError):
            opened(file)
    for text in (b" " + data, data + b"\n", data.replace(b'"refused"', b'"admitted"', 1), data[:-3], b"", b"[]", b"{}"):
        file.write_bytes(text)
        with pytest.raises(OptionError):
            opened(file)


def test_a_card_that_says_the_same_in_another_way_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "card.json"
    file.write_bytes(sealed(card_of(report("bad", oracle="fail")).as_dict(), load_key()))
    table = json.loads(file.read_bytes())
    assert json.dumps(table, indent=1).encode() + b"\n" == file.read_bytes()
    others = (
        {**table, "note": "all is well"},
        {**table, "note": float("nan")},
        {**table, "signature": table["signature"].upper()},
        {**table, "card": dict(reversed(table["card"].items()))},
        {"signer": table["signer"], "card": table["card"], "signature": table["signature"]},
    )
    for other in others:
        file.write_text(json.dumps(other, indent=1) + "\n", encoding="utf-8")
        with pytest.raises(OptionError, match="was changed after it was signed"):
            opened(file)


def test_whoever_signs_again_is_somebody_else(tmp_path: Path) -> None:
    mine, another = load_key(), Ed25519PrivateKey.generate()
    table = card_of(report("bad", oracle="fail")).as_dict()
    (tmp_path / "card.json").write_bytes(sealed({**table, "verdict": "admitted: all is well"}, another))
    asked = ["pack", "card", str(tmp_path), "--signer", fingerprint_of(mine)]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 1 and f"not {fingerprint_of(mine)}" in told.stdout


def test_a_card_of_somebody_else_does_not_command_the_terminal(tmp_path: Path) -> None:
    hostile = "\x1b]0;gone\x07[/] [red]"
    task = report(hostile, **{hostile: "fail", f"{hostile}2": "unchecked"})
    card = card_of(task, pack=hostile, findings=(Finding(hostile, "fail", hostile),))
    (tmp_path / "card.json").write_bytes(sealed(card.as_dict(), load_key()))
    told = CliRunner().invoke(app, ["pack", "card", str(tmp_path)])
    assert told.exit_code == 0 and "\x1b" not in told.stdout and "[red]" in told.stdout


def test_a_card_of_other_types_is_told(tmp_path: Path) -> None:
    table = card_of(report("bad", oracle="fail")).as_dict()
    (task,) = table["tasks"]
    for wrong in ({**task, "name": 5}, {**task, "findings": [{**task["findings"][0], "check": None}]}, {}, 7):
        (tmp_path / "card.json").write_bytes(sealed({**table, "tasks": [wrong]}, load_key()))
        told = CliRunner().invoke(app, ["pack", "card", str(tmp_path)])
        assert isinstance(told.exception, OptionError) and "is signed, but no card" in str(told.exception)


def test_a_page_that_is_not_the_cards_is_told(tmp_path: Path) -> None:
    card, key = card_of(report("bad", oracle="fail")), load_key()
    gate_commands._write(card, tmp_path, key)
    data, page = (tmp_path / "card.json").read_bytes(), tmp_path / "card.html"
    asked = ["pack", "card", str(tmp_path)]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 0 and "signature: right" in told.stdout and "refused" in page.read_text()
    whole = page.read_bytes()
    for spoilt in (whole.replace(b"refused", b"admitted"), whole + b"\n", b"", whole.replace(b"\n", b"\r\n", 1)):
        page.write_bytes(spoilt)
        for words in (asked, [*asked[:2], str(tmp_path / "card.json")]):
            told = CliRunner().invoke(app, words)
            assert told.exit_code == 1 and "card.html is not the page of this card" in told.output
            assert "signature: right" not in told.output
    page.write_bytes(whole)
    (tmp_path / "card.json").write_bytes(sealed(card.as_dict(), key))  # of an earlier version
    assert CliRunner().invoke(app, asked).exit_code == 1
    page.unlink()
    (tmp_path / "card.json").write_bytes(data)
    assert CliRunner().invoke(app, asked).exit_code == 0


def test_a_key_of_ones_own_is_made_once_and_is_for_its_owner_alone(home: Path) -> None:
    first, again = load_key(), load_key()
    assert first.private_bytes_raw() == again.private_bytes_raw()
    assert default_key().is_relative_to(home) and default_key().stat().st_mode & 0o777 == 0o600
    assert [path.name for path in default_key().parent.iterdir()] == [default_key().name]


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no key")
    other = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "rsa").write_bytes(other)
    for name, said in (("text", "holds no private key"), ("rsa", "of another kind"), ("none", "cannot be read")):
        with pytest.raises(OptionError, match=said) as told:
            load_key(tmp_path / name)
        assert "openssl genpkey -algorithm ed25519" in str(told.value)


def test_what_is_missing_is_told_before_anything_is_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start_pack("acme", tmp_path)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    told = CliRunner().invoke(app, ["pack", "validate", str(tmp_path / "acme"), "--out", str(tmp_path / "out")])
    assert "pip install 'selftrain[packs]'" in str(told.exception) and not (tmp_path / "out").exists()


def test_nothing_that_a_task_says_is_let_loose_on_the_page() -> None:
    finding = Finding("oracle", "fail", HOSTILE, plainly({HOSTILE: HOSTILE}))
    task = TaskReport(HOSTILE, "", "", "", (finding,), 1.0)
    text = card_page(card_of(task, licence=HOSTILE, findings=(finding,)), "0" * 64)
    assert "<script>alert" not in text and "<img" not in text and "{{ 7 * 7 }}" in text
    policy = html.unescape(text.partition('Content-Security-Policy" content="')[2].partition('"')[0])
    assert text.count("<script>") == 1 and "default-src 'none'" in policy and "script-src 'sha256-" in policy


def test_the_page_shows_each_state_in_words_and_signs() -> None:
    card = card_of(report("mixed", oracle="pass", battery="fail", echo="unchecked"))
    text = card_page(card, "ab" * 32)
    row = re.search(r'<tr><th scope="row"><a href="#task-1">.*', text)
    assert row and re.findall(r'class="hidden">([^<]+)', row[0]) == ["holds", "fails", "not checked"]
    assert [sign for sign in ("✓", "✗", "–") if sign in row[0]] == ["✓", "✗", "–"]
    assert card.verdict in text and "ab" * 32 in text and "echo of mixed" in text


def test_the_page_is_read_by_everybody(page: Any, tmp_path: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    tasks = [report(f"task-{number}", oracle="pass", battery="fail", echo="unchecked") for number in range(3)]
    findings = (Finding("lock", "unchecked", "not locked", {"state": "not locked"}),)
    file = tmp_path / "card.html"
    file.write_text(card_page(card_of(*tasks, findings=findings), "ab" * 32), encoding="utf-8")
    page.goto(file.as_uri())
    assert [fault["id"] for fault in Axe().run(page).response["violations"]] == []
    assert not page.locator("#findings ~ details pre").first.is_visible()
    page.locator("#findings ~ details .finding summary").first.click()
    assert '"seen"' in page.locator("#findings ~ details pre").first.inner_text()


@settings(max_examples=50)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
        max_leaves=20,
    )
)
def test_any_evidence_becomes_json(value: Any) -> None:
    text = json.dumps(plainly(value), allow_nan=False, ensure_ascii=False)
    assert json.loads(text.encode()) == plainly(value)


def test_evidence_is_bounded() -> None:
    circle: list[Any] = []
    circle.append(circle)
    found = plainly({"gigabyte": "x" * 10_000_000, "many": range(10**9), "circle": circle, "number": 1 << 100_000})
    assert len(json.dumps(found, allow_nan=False)) < 100_000


def played(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "selftrain.cli", "pack", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, timeout=400)


def test_from_a_new_pack_to_a_signed_card(tmp_path: Path, home: Path) -> None:
    backend_or_skip("bubblewrap")
    start_pack("acme", tmp_path)
    done = played("validate", "acme", "--task", "sort-*", "--backend", "bubblewrap", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "admitted: 1 of 1 tasks admitted; 1 more were not asked for" in done.stdout
    card = tmp_path / "cards" / "acme"
    found = read_card(opened(card / "card.json").card)
    assert [finding.check for finding in found.tasks[0].findings] == ["schema", *checks.CHECKS]
    schema = found.tasks[0].findings[0]
    assert schema.summary == "; ".join(("the task loads", *schema.evidence["notes"]))
    assert "the backend's default image stands for debian:bookworm where none is built from it" in schema.summary
    assert found.tasks[0].failed == () and "sort-names" in (card / "card.html").read_text()

    again = played("validate", "acme", "--task", "sort-*", "--backend", "bubblewrap", cwd=tmp_path)
    assert again.returncode == 0 and "1 of 1 tasks were judged before" in again.stderr
    shown = played("card", "cards/acme", cwd=tmp_path)
    assert shown.returncode == 0 and found.verdict in shown.stdout

    page = (card / "card.html").read_bytes()
    (card / "card.html").write_bytes(page.replace(b"admitted", b"refused"))
    edited = played("card", "cards/acme", cwd=tmp_path)
    assert edited.returncode == 1 and "card.html is not the page of this card" in edited.stderr
    (card / "card.html").write_bytes(page)

    (card / "card.json").write_text((card / "card.json").read_text().replace("sort-names", "sort-mames", 1))
    edited = played("card", str(card), cwd=tmp_path)
    assert edited.returncode == 1 and "was changed after it was signed" in edited.stderr


def test_what_a_packs_own_python_prints_is_no_part_of_the_json(tmp_path: Path, home: Path) -> None:
    folder = start_pack("acme", tmp_path).folder
    for task in (folder / "tasks").iterdir():
        (task / "task.toml").write_text("[agent")
    with (folder / "pack.toml").open("a") as manifest:
        manifest.write('\n[families]\nloud = "acme_loud:make"\n')
    code = "print('imported')\ndef make(rng, level):\n    print('made')\n    raise ValueError('no')\n"
    (folder / "acme_loud.py").write_text(code)
    done = played("validate", "acme", "--backend", "bubblewrap", "--json", cwd=tmp_path)
    assert done.returncode == 1 and json.loads(done.stdout)["card"]["decision"] == "refused", done.stdout + done.stderr
    assert "imported" in done.stderr and "made" in done.stderr


def test_a_refused_task_is_told_at_once_and_by_the_exit_code(tmp_path: Path, home: Path) -> None:
    folder = start_pack("acme", tmp_path).folder
    for task in ("sort-names", "count-errors"):
        (folder / "tasks" / task / "task.toml").write_text("[agent")
    done = played("validate", "acme", "--backend", "bubblewrap", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "refused sort-names: schema: " in done.stderr and "refused: 0 of 2 tasks admitted" in done.stdout
    assert played("validate", "nothing-is-called-so", cwd=tmp_path).returncode == 2
    assert played("validate", "acme", "--base", "debian", cwd=tmp_path).returncode == 2
    assert played("validate", "acme", "--base", "debian:12=nowhere", cwd=tmp_path).returncode == 2
    for_all = played("validate", "acme", "--base", "terminal", "--backend", "bubblewrap", cwd=tmp_path)
    assert for_all.returncode == 1 and json.loads((tmp_path / "cards/acme/card.json").read_text()), for_all.stderr


def test_a_pack_is_found_by_name_and_what_cannot_be_played_is_undecided(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend_or_skip("bubblewrap")
    monkeypatch.setenv("SELFTRAIN_PACKS", str(start_pack("acme", tmp_path / "packs").folder))
    done = played("validate", "acme", "--image", "none-is-called-so", "--backend", "bubblewrap", cwd=tmp_path)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "undecided: 0 of 2 tasks admitted; undecided count-errors, sort-names" in done.stdout
    assert not list((tmp_path / "cards" / "acme" / "tasks").iterdir())  # it will be asked again
