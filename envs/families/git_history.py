"""Git histories as data: made on the host with their object ids, rebuilt in the sandbox by `git fast-import`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from selftrain.envs.families.material import Person
from selftrain.envs.verifiers import TrialCase
from selftrain.verdicts import CaseInput, CaseOutput

SETUP_STREAM = "/tmp/.setup/history"
_ZONES = ("+0000", "+0100", "+0200", "-0500", "+0530", "-0300")


@dataclass(frozen=True)
class Commit:
    """One commit; `id` is the hash that Git gives it."""

    id: str
    parents: tuple[str, ...]
    tree: Mapping[str, bytes]
    author: Person
    when: str
    message: str


@dataclass
class History:
    """Commits in the order they were made, and the refs that hold them while they are imported.

    Attributes:
        commits: by id.
        refs: full ref name → commit id, for what the sandbox starts with.
        executables: paths with mode 755 wherever they occur.
    """

    commits: dict[str, Commit] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    executables: frozenset[str] = frozenset()

    def commit(
        self, parents: Sequence[str], tree: Mapping[str, bytes], author: Person, when: datetime, message: str
    ) -> str:
        """Add a commit whose whole content is `tree`, and return its id."""
        zone = _ZONES[len(author.name) % len(_ZONES)]
        stamp = f"{int(when.timestamp())} {zone}"
        lines = [f"tree {self.tree_id(tree)}", *(f"parent {parent}" for parent in parents)]
        lines += [f"author {author} {stamp}", f"committer {author} {stamp}", "", message + "\n"]
        name = _object_id("commit", "\n".join(lines).encode())
        self.commits[name] = Commit(name, tuple(parents), dict(tree), author, stamp, message)
        return name

    def tree_id(self, tree: Mapping[str, bytes]) -> str:
        """The hash of the tree with these files (path → bytes)."""
        return self._tree_id("", {path: blob_id(data) for path, data in tree.items()})

    def _tree_id(self, prefix: str, blobs: Mapping[str, str]) -> str:
        entries: dict[str, tuple[str, str]] = {}
        folders: dict[str, dict[str, str]] = {}
        for path, blob in blobs.items():
            first, _, rest = path.partition("/")
            if rest:
                folders.setdefault(first, {})[rest] = blob
            else:
                entries[first] = ("100755" if prefix + path in self.executables else "100644", blob)
        for folder, below in folders.items():
            entries[folder] = ("40000", self._tree_id(f"{prefix}{folder}/", below))
        order = sorted(entries, key=lambda name: name.encode() + (b"/" if name in folders else b""))
        body = b"".join(f"{entries[name][0]} {name}\0".encode() + bytes.fromhex(entries[name][1]) for name in order)
        return _object_id("tree", body)

    def stream(self) -> bytes:
        """The history for `git fast-import`: each commit on a ref of its own, so that none is lost on the way."""
        parts: list[bytes] = []
        marks = {name: mark for mark, name in enumerate(self.commits, 1)}
        for name, commit in self.commits.items():
            before = self.commits[commit.parents[0]].tree if commit.parents else {}
            text = f"commit refs/import/{marks[name]}\nmark :{marks[name]}\n"
            text += f"author {commit.author} {commit.when}\ncommitter {commit.author} {commit.when}\n"
            parts += [text.encode(), _data(commit.message.encode() + b"\n")]
            words = ["from", *["merge"] * (len(commit.parents) - 1)] if commit.parents else []
            parts += [f"{word} :{marks[parent]}\n".encode() for word, parent in zip(words, commit.parents, strict=True)]
            parts += [f"D {path}\n".encode() for path in sorted(before.keys() - commit.tree.keys())]
            for path, data in sorted(commit.tree.items()):
                if before.get(path) != data:
                    mode = "100755" if path in self.executables else "100644"
                    parts += [f"M {mode} inline {path}\n".encode(), _data(data)]
        parts += [f"reset {ref}\nfrom :{marks[name]}\n\n".encode() for ref, name in sorted(self.refs.items())]
        return b"".join(parts)

    def setup(self, repo: str, branch: str = "main") -> str:
        """Bash lines that rebuild the history in `repo` from `SETUP_STREAM` and check out `branch`.

        Commits that no ref of `refs` reaches stay in the object store, as after a deleted branch.
        """
        last = max(int(commit.when.split()[0]) for commit in self.commits.values())
        return f"""\
export GIT_CONFIG_NOSYSTEM=1 GIT_COMMITTER_NAME=Build GIT_COMMITTER_EMAIL=build@example.com
export GIT_COMMITTER_DATE='{last + 60} +0000'
git init -q -b {branch} {repo}
cd {repo}
git config gc.auto 0
git config user.name 'On Call'
git config user.email oncall@example.com
git -c fastimport.unpackLimit=2000 -c core.fsync=none fast-import --quiet < {SETUP_STREAM}
git for-each-ref --format='delete %(refname)' refs/import | git update-ref --stdin
git reset -q --hard {branch}
"""


def blob_id(data: bytes) -> str:
    """The hash that Git gives to a file with this content."""
    return _object_id("blob", data)


def _data(data: bytes) -> bytes:
    return f"data {len(data)}\n".encode() + data + b"\n"


def _object_id(kind: str, body: bytes) -> str:
    return hashlib.sha1(f"{kind} {len(body)}\0".encode() + body, usedforsecurity=False).hexdigest()


def repository_exports(repo: str) -> tuple[str, ...]:
    """The parts of a repository that are plain data: no configuration, hooks or alternates."""
    return tuple(f"{repo}/.git/{name}" for name in ("objects", "refs", "packed-refs", "HEAD"))


@dataclass(frozen=True)
class Question:
    """Something to ask a repository: bash lines, and the lines that they must print."""

    command: str
    expected: tuple[str, ...]


def repository_case(repo: str, questions: Sequence[Question]) -> TrialCase:
    """Ask the submitted repository, with our own commands and none of its settings.

    The objects are fetched into a fresh repository first, which hashes every one of them again: an object under a
    false name, a replacement ref, a forged commit graph or an alternate store has no effect.

    Args:
        repo: where the submission has its working tree.
        questions: asked in a bare repository that holds the submission's branches and tags.
    """
    asked = "\n".join(question.command for question in questions)
    wanted = [line for question in questions for line in question.expected]
    command = f"""\
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_NO_REPLACE_OBJECTS=1
set -e
git init -q --bare /tmp/given
cd /tmp/given
rm -rf objects/info
cp -r {repo}/.git/objects {repo}/.git/refs . 2>/dev/null || true
cp {repo}/.git/packed-refs . 2>/dev/null || true
rm -rf objects/info refs/replace
mkdir -p refs/heads
git init -q --bare /tmp/asked
cd /tmp/asked
git -c transfer.fsckObjects=true fetch -q --no-tags file:///tmp/given '+refs/heads/*:refs/heads/*' \\
  '+refs/tags/*:refs/tags/*'
{asked}
"""

    def judge(output: CaseOutput) -> str:
        if output.exit_code != 0:
            return "the repository cannot be read whole"
        found = output.stdout.decode("utf-8", "replace").splitlines()
        return "" if found == wanted else "wrong history"

    return TrialCase("the repository is as it should be", CaseInput(command, seconds=30.0), judge)


def refs_question(wanted: Mapping[str, str]) -> Question:
    """Does each ref of `wanted` (full name → object id) point where it should? Other refs do not matter."""
    names = sorted(wanted)
    command = "\n".join(f"git rev-parse -q --verify {name} || echo none" for name in names)
    return Question(command, tuple(wanted[name] for name in names))
