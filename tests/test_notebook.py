"""The notebook: its files are the fold of its journal, live as long as their scope says, and are nobody else's."""

from __future__ import annotations

import copy
import hashlib
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from selftrain.envs.context.notebook import SCOPES, Notebook, NoteError, NoteFile, Quota, fold
from selftrain.errors import OptionError, RecordError

# syncing thousands of entries to a real disk would take minutes
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
LASTING = ("task", "lab", "agent")
paths = st.builds("{}/{}".format, st.sampled_from(SCOPES), st.sampled_from(["a", "b/c"]))
texts = st.text(max_size=8)
which = st.integers(0, 2)
# few keys, so that one comes back
keys = st.fixed_dictionaries({scope: st.sampled_from(["", "k1"]) for scope in SCOPES})


@dataclass
class Model:
    """What a notebook must hold, in a plain dict of its own."""

    keys: dict[str, str] = field(default_factory=lambda: dict.fromkeys(SCOPES, ""))
    files: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def at(self, path: str) -> tuple[str, str, str]:
        scope = path.split("/", maxsplit=1)[0]
        return scope, self.keys[scope], path

    def drop(self, scope: str, key: str | None = None) -> None:
        self.files = {at: text for at, text in self.files.items() if at[0] != scope or key not in (None, at[1])}

    def open(self, keys: Mapping[str, str]) -> None:
        self.keys = dict(keys)
        self.drop("segment")
        self.drop("episode")

    def view(self) -> dict[str, str]:
        return {at[2]: text for at, text in sorted(self.files.items()) if self.keys[at[0]] == at[1]}


class NotebookMachine(RuleBasedStateMachine):
    """Up to three notebooks at once, the first of them on disk, each against a model of its own."""

    def __init__(self, kind: type[Notebook] = Notebook) -> None:
        super().__init__()
        self.kind = kind
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY)
        self.books = [kind(self.folder.name)]
        self.models = [Model()]
        self.snapshots: list[tuple[int, str, Model]] = []

    def pick(self, number: int) -> tuple[Notebook, Model]:
        number %= len(self.books)
        return self.books[number], self.models[number]

    @rule(number=which, keys=keys)
    def open(self, number: int, keys: dict[str, str]) -> None:
        for one in self.pick(number):
            one.open(keys)

    @rule(number=which)
    def cut(self, number: int) -> None:
        book, model = self.pick(number)
        book.cut()
        model.drop("segment", model.keys["segment"])

    @rule(number=which, scope=st.sampled_from(SCOPES))
    def clear(self, number: int, scope: str) -> None:
        book, model = self.pick(number)
        book.clear(scope)
        model.drop(scope, model.keys[scope])

    @rule(number=which, path=paths, text=texts)
    def write(self, number: int, path: str, text: str) -> None:
        book, model = self.pick(number)
        book.write(path, text)
        model.files[model.at(path)] = text

    @rule(number=which, path=paths, text=texts)
    def append(self, number: int, path: str, text: str) -> None:
        book, model = self.pick(number)
        book.append(path, text)
        model.files[model.at(path)] = model.files.get(model.at(path), "") + text

    @rule(number=which, path=paths)
    def delete(self, number: int, path: str) -> None:
        book, model = self.pick(number)
        if model.files.pop(model.at(path), None) is None:
            with pytest.raises(NoteError, match="there is no note"):
                book.delete(path)
        else:
            book.delete(path)

    @rule(number=which)
    def snapshot(self, number: int) -> None:
        book, model = self.pick(number)
        self.snapshots.append((number % len(self.books), book.snapshot(), copy.deepcopy(model)))

    @rule(choice=st.integers(0, 5))
    def restore(self, choice: int) -> None:
        if self.snapshots:
            number, name, model = self.snapshots[choice % len(self.snapshots)]
            self.books[number].restore(name)
            self.models[number] = copy.deepcopy(model)
            assert self.books[number].snapshot() == name

    @rule(choice=st.integers(0, 5))
    def part(self, choice: int) -> None:
        if self.snapshots and len(self.books) < 3:
            number, name, model = self.snapshots[choice % len(self.snapshots)]
            self.books.append(self.books[number].sibling(name))
            self.models.append(copy.deepcopy(model))

    @rule(keys=keys)
    def come_back_in_another_process(self, keys: dict[str, str]) -> None:
        """A notebook made anew on the folder knows nothing but what is on disk."""
        self.books[0].close()
        self.books[0] = self.kind(self.folder.name)
        self.books[0].open(keys)
        self.models[0].open(keys)

    @invariant()
    def each_holds_what_its_own_model_does(self) -> None:
        for book, model in zip(self.books, self.models, strict=True):
            listed = book.listing()
            assert {file.path: book.read(file.path) for file in listed} == model.view()
            assert [file.path for file in listed] == sorted(file.path for file in listed)
            assert all(file.size == len(book.read(file.path).encode()) for file in listed)

    @invariant()
    def the_journal_folds_to_the_same_bytes(self) -> None:
        journal, texts = self.books[0].journal, Path(self.folder.name) / "blobs"
        assert [entry.seq for entry in journal] == list(range(len(journal)))
        folded = fold(journal, lambda sha: (texts / sha).read_bytes())
        held = {
            (*at, path): (texts / file.sha).read_bytes().decode()
            for at, files in folded.items()
            for path, file in files.items()
        }
        assert held == self.models[0].files

    def teardown(self) -> None:
        for book in self.books:
            book.close()
        self.folder.cleanup()


TestNotebook = NotebookMachine.TestCase
TestNotebook.settings = settings(max_examples=25, stateful_step_count=20)


class SharesOneTable(Notebook):
    """Siblings write into the same table."""

    def sibling(self, snapshot: str) -> Notebook:
        made = super().sibling(snapshot)
        made._files = self._files
        return made


class ForgetsToClearEpisode(Notebook):
    """An episode with a key that was there before finds the notes of the earlier one."""

    def open(self, keys: Mapping[str, str]) -> None:
        kept = {at: dict(files) for at, files in self._files.items() if at[0] == "episode"}
        super().open(keys)
        self._files.update(kept)


class KeepsScratchOverCuts(Notebook):
    """The segment's files outlive it."""

    def cut(self) -> None:
        self._segment += 1


class MixesKeys(Notebook):
    """Every task sees the files of all."""

    def open(self, keys: Mapping[str, str]) -> None:
        super().open({**keys, "task": ""})


class WritesPastTheJournal(Notebook):
    """A file changes, and no entry says so."""

    def append(self, path: str, text: str) -> None:
        if self._find(path) is None:
            return super().append(path, text)
        scope, data = path.split("/", maxsplit=1)[0], (self.read(path) + text).encode()
        self._files[scope, self._keys[scope]][path] = NoteFile(path, len(data), self._store.put(data))
        return None


class ForgetsWhatItRestored(Notebook):
    """A branch goes back to its snapshot in memory only."""

    def restore(self, snapshot: str) -> None:
        journal = self._store
        self._store = copy.copy(journal)
        self._store.append = lambda entry: None  # type: ignore[method-assign]
        super().restore(snapshot)
        self._store = journal


@pytest.mark.parametrize(
    "kind",
    [
        SharesOneTable,
        ForgetsToClearEpisode,
        KeepsScratchOverCuts,
        MixesKeys,
        WritesPastTheJournal,
        ForgetsWhatItRestored,
    ],
)
def test_a_planted_fault_shows(kind: type[Notebook]) -> None:
    search = settings(
        max_examples=400,
        stateful_step_count=25,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with pytest.raises((AssertionError, RecordError, KeyError)):
        run_state_machine_as_test(lambda: NotebookMachine(kind), settings=search)


@pytest.fixture
def book() -> Iterator[Notebook]:
    with Notebook() as made:
        yield made


@pytest.mark.parametrize("scope", SCOPES)
def test_what_each_scope_survives(scope: str, tmp_path: Path) -> None:
    """A cut, another episode of the task, another task of the lab, another lab, another agent, in order of time."""
    moments = {"cut": 1, "attempt": 2, "task": 3, "lab": 4, "agent": 5}
    mine = {"episode": "e", "task": "t", "lab": "l", "agent": "a"}
    changes = {
        "cut": {},
        "attempt": {"episode": "e2"},
        "task": {"episode": "e2", "task": "t2"},
        "lab": {"episode": "e2", "task": "t2", "lab": "l2"},
        "agent": {"episode": "e2", "task": "t2", "lab": "l2", "agent": "a2"},
    }
    for moment, change in changes.items():
        with Notebook(tmp_path / moment) as book:
            book.open(mine)
            book.write(f"{scope}/x", "kept")
            book.cut()
        with Notebook(tmp_path / moment) as book:
            if moment == "cut":
                survivors = fold(book.journal, lambda sha: b"")
                found = (scope, mine.get(scope, "")) in survivors
            else:
                book.open({**mine, **change})
                found = bool(book.listing())
                book.open(mine)  # what is lost by a change of key alone comes back with the key
                assert bool(book.listing()) == (scope in LASTING)
        assert found == (SCOPES.index(scope) >= moments[moment]), moment


def test_an_episode_of_the_same_key_begins_empty(book: Notebook) -> None:
    book.open({"episode": "e"})
    book.write("episode/plan", "1")
    book.write("segment/scratch", "2")
    book.open({"episode": "e"})
    assert book.listing() == ()
    assert [(entry.op, entry.path, entry.segment) for entry in book.journal] == [
        ("write", "episode/plan", 0),
        ("write", "segment/scratch", 0),
        ("clear", "", 0),
        ("clear", "", 0),
    ]


def test_the_journal_says_what_happened(book: Notebook) -> None:
    book.open({"task": "t"})
    book.write("task/a", "é")
    book.cut()
    book.append("task/a", "!")
    book.delete("task/a")
    assert [(e.seq, e.scope, e.key, e.op, e.path, e.size, e.segment) for e in book.journal] == [
        (0, "task", "t", "write", "task/a", 2, 0),
        (1, "task", "t", "append", "task/a", 3, 1),
        (2, "task", "t", "delete", "task/a", 0, 1),
    ]
    first, second = (hashlib.sha256(text.encode()).hexdigest() for text in ("é", "é!"))
    assert [(e.sha_before, e.sha_after) for e in book.journal] == [("", first), (first, second), (second, "")]


def test_equal_notebooks_have_equal_snapshots_whatever_way_they_became_so(book: Notebook, tmp_path: Path) -> None:
    with Notebook(tmp_path) as other:
        for one, order in ((book, "ab"), (other, "ba")):
            one.open({"lab": "l"})
            for name in order:
                one.write(f"lab/{name}", "x")
        other.append("agent/c", "y")
        assert book.snapshot() != other.snapshot()
        other.delete("agent/c")
        assert book.snapshot() == other.snapshot()


def test_a_snapshot_outlives_its_process(tmp_path: Path) -> None:
    with Notebook(tmp_path) as book:
        book.open({"episode": "e"})
        book.write("episode/a", "1")
        name = book.snapshot()
        book.write("episode/a", "2")
    with Notebook(tmp_path) as book:
        book.restore(name)
        assert book.read("episode/a") == "1"


@pytest.mark.parametrize("name", ["0" * 64, "x", ""])
def test_an_unknown_snapshot_is_refused(name: str, book: Notebook, tmp_path: Path) -> None:
    with Notebook(tmp_path) as on_disk:
        for one in (book, on_disk):
            with pytest.raises(OptionError, match="is not one of this notebook"):
                one.restore(name)


@pytest.mark.parametrize("text", ["hello", "[]", "{}", "[1, 2, 3]", "[{}, 0, []]", "[{}, 0, [[]]]"])
def test_a_text_is_no_snapshot(text: str, book: Notebook) -> None:
    book.write("lab/a", text)
    with pytest.raises(OptionError, match="is not one of this notebook"):
        book.restore(book.listing()[0].sha)
    assert book.read("lab/a") == text and len(book.journal) == 1


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a",
        "task",
        "task/",
        "/task/a",
        "task//a",
        "task/../a",
        "task/./a",
        "../task/a",
        "home/a",
        "task/a\n",
        "task/ a",
        "task/a\x00",
        "task/" + "x" * 200,
        "task/\ud800",
        "Task/a",
        "task/a/",
    ],
)
def test_bad_paths_are_refused(path: str, book: Notebook) -> None:
    for act in (lambda: book.write(path, ""), lambda: book.append(path, ""), lambda: book.read(path)):
        with pytest.raises(NoteError):
            act()
    with pytest.raises(NoteError):
        book.delete(path)
    assert book.journal == ()


def test_a_text_must_be_text(book: Notebook) -> None:
    with pytest.raises(NoteError, match="no character"):
        book.write("task/a", "a\ud800")


def test_a_missing_note_is_told_with_its_neighbours(book: Notebook) -> None:
    book.write("task/plan.md", "x")
    with pytest.raises(NoteError, match=r"no note 'task/plam\.md'; did you mean task/plan\.md\?"):
        book.read("task/plam.md")


def test_scopes_have_their_names(book: Notebook) -> None:
    for wrong in (
        lambda: book.open({"room": "x"}),
        lambda: book.clear("room"),
        lambda: Notebook(quotas={"room": Quota(1, 1)}),
    ):
        with pytest.raises(OptionError, match="there is no scope 'room'; the scopes are segment, episode"):
            wrong()


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abcd"), st.text(max_size=6)), max_size=30))
def test_a_quota_holds_and_what_it_refuses_changes_nothing(writes: list[tuple[bool, str, str]]) -> None:
    book = Notebook(quotas={"lab": Quota(files=2, bytes=10)})
    for add, name, text in writes:
        before = (book.listing(), len(book.journal))
        try:
            (book.append if add else book.write)(f"lab/{name}", text)
        except NoteError as error:
            assert (book.listing(), len(book.journal)) == before
            held = {file.path: file.size for file in book.listing()}
            grown = {**held, f"lab/{name}": len(text.encode()) + (held.get(f"lab/{name}", 0) if add else 0)}
            assert sum(grown.values()) > 10 or len(grown) > 2, error
        assert len(book.listing()) <= 2 and sum(file.size for file in book.listing()) <= 10


def test_quotas_are_for_each_key(book: Notebook) -> None:
    tight = Notebook(quotas={"task": Quota(files=1, bytes=4)})
    for task in ("t1", "t2"):
        tight.open({"task": task})
        tight.write("task/a", "full")
    with pytest.raises(NoteError, match="needs 5 bytes, and other files use 0 of the 4"):
        tight.write("task/a", "full!")
    with pytest.raises(NoteError, match="one file too many"):
        tight.write("task/b", "")


def test_two_processes_do_not_share_a_folder(tmp_path: Path) -> None:
    code = f"from selftrain.envs.context.notebook import Notebook; Notebook({str(tmp_path)!r})"
    with Notebook(tmp_path):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 1 and f"is in use by process {os.getpid()} on " in done.stderr
        with pytest.raises(RecordError, match="is in use by process"):
            Notebook(tmp_path)
    Notebook(tmp_path).close()


def test_notes_of_a_killed_process_are_there(tmp_path: Path) -> None:
    code = (
        "import os, signal\nfrom selftrain.envs.context.notebook import Notebook\n"
        f"book = Notebook({str(tmp_path)!r}); book.open({{'lab': 'l'}}); book.write('lab/a', 'kept')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    with Notebook(tmp_path) as book:
        book.open({"lab": "l"})
        assert book.read("lab/a") == "kept"


def test_a_torn_last_line_is_cut_off_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Notebook(tmp_path) as book:
        book.write("lab/a", "1")
        book.write("lab/a", "2")
    file = tmp_path / "notebook.jsonl"
    whole = file.read_bytes()
    first = whole.index(b"\n") + 1
    for size in (*range(first, len(whole), 19), len(whole) - 1, len(whole)):
        file.write_bytes(whole[:size])
        caplog.clear()
        with caplog.at_level(logging.WARNING), Notebook(tmp_path) as book:
            assert book.read("lab/a") == ("2" if size == len(whole) else "1")
        torn = 0 if size in (first, len(whole)) else size - first
        assert [record.args[1] for record in caplog.records if record.args] == ([torn] if torn else [])
        assert file.read_bytes() == (whole if size == len(whole) else whole[:first])


def lines_changed(lines: list[str]) -> Iterator[list[str]]:
    yield ["{}", *lines[1:]]
    yield lines[1:]
    yield [lines[0], *lines]
    yield [lines[0].replace('"op":"write"', '"op":"paint"'), *lines[1:]]
    yield [lines[0].replace('"sha_before":""', '"sha_before":"00"'), *lines[1:]]
    yield [lines[0].replace('"sha_after":"', '"sha_after":"00'), *lines[1:]]


@pytest.mark.parametrize("number", range(6))
def test_a_changed_journal_is_refused(number: int, tmp_path: Path) -> None:
    with Notebook(tmp_path) as book:
        book.write("lab/a", "1")
        book.append("lab/a", "2")
    file = tmp_path / "notebook.jsonl"
    changed = list(lines_changed(file.read_text().splitlines()))[number]
    file.write_text("".join(f"{line}\n" for line in changed))
    with pytest.raises(RecordError):
        Notebook(tmp_path)
    file.unlink()
    Notebook(tmp_path).close()  # the failed openings hold nothing


def test_a_changed_or_missing_text_is_refused(tmp_path: Path) -> None:
    with Notebook(tmp_path) as book:
        book.write("lab/a", "1")
        text = tmp_path / "blobs" / book.listing()[0].sha
        text.write_text("2")
        with pytest.raises(RecordError, match="does not hold the text"):
            book.read("lab/a")
        text.unlink()
        with pytest.raises(RecordError, match="which is not in its folder"):
            book.read("lab/a")


def test_a_closed_notebook_takes_nothing(tmp_path: Path) -> None:
    book = Notebook(tmp_path)
    book.close()
    book.close()
    with pytest.raises(RecordError, match="is closed"):
        book.write("lab/a", "1")
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="cannot be opened"):
        Notebook(tmp_path / "file")


def test_a_full_disk_tears_nothing_and_space_brings_it_back(tmp_path: Path) -> None:
    """Files of this process may grow to some bytes only, which fails in the middle of a line as a full disk does."""
    code = f"""
import resource, signal
from selftrain.envs.context.notebook import Notebook
from selftrain.errors import RecordError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
book = Notebook({str(tmp_path)!r})
book.write("lab/a", "1")
resource.setrlimit(resource.RLIMIT_FSIZE, (400, resource.RLIM_INFINITY))
for text in ("2", "3" * 500):
    try:
        book.write("lab/a", text)
    except RecordError as error:
        print(error)
assert book.read("lab/a") == "1" and len(book.journal) == 1
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
book.write("lab/a", "4")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("cannot be written: File too large") == 2
    with Notebook(tmp_path) as book:
        assert book.read("lab/a") == "4" and len(book.journal) == 2
