"""secret-hunt: find the live credentials in a repository, its history and its artefacts, and nothing else."""

from __future__ import annotations

import base64
import binascii
import io
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

import numpy as np

from selftrain.envs.checks import csv_check
from selftrain.envs.families.material import (
    SERVICES,
    SITES,
    WORDS,
    between,
    chance_of,
    people,
    pick,
    sample,
    sentence,
    start_of_story,
)
from selftrain.envs.families.secret_hunt_scripts import ORACLE
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.evidence import Evidence
from selftrain.tasks import Limits, Task, TaskFamily
from selftrain.verdicts import Check

REPO, FINDINGS, SETUP = "/workspace/repo", "/workspace/findings.csv", "/tmp/.setup"
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FORMATS = {
    "aws": "AKIA[A-Z2-7]{16}",
    "github": "ghp_[0-9A-Za-z]{36}",
    "slack": "xoxb-[0-9]{11}-[0-9]{11}-[0-9A-Za-z]{24}",
    "stripe": "sk_live_[0-9A-Za-z]{24}",
    "postgres": "postgres://[a-z_]+:[0-9A-Za-z]{16,24}@[a-z0-9.-]+/[a-z_]+",
}
LINES = {
    "env": "{0}={1}",
    "py": '{0} = "{1}"',
    "yml": "  {0}: {1}",
    "sh": "export {0}='{1}'",
    "tf": '  {0} = "{1}"',
    "properties": "{0}: {1}",
    "md": "Set `{0}` to `{1}`.",
}


@dataclass
class Tree:
    """The files of a work tree, and the findings in them as (kind, secret, path)."""

    rng: np.random.Generator
    files: dict[str, list[str]] = field(default_factory=dict)
    found: set[tuple[str, str, str]] = field(default_factory=set)

    def write(self, count: int) -> None:
        """Add `count` files without secrets."""
        for number in range(count):
            kind = pick(self.rng, tuple(LINES))
            folder = f"{pick(self.rng, SERVICES)}/{pick(self.rng, ('config', 'src', 'deploy', 'docs'))}"
            path = f"{folder}/{pick(self.rng, WORDS)}{number}.{kind}"
            self.files[path] = [self.noise(kind) for _ in range(between(self.rng, 5, 30))]

    def noise(self, kind: str) -> str:
        """One harmless line: prose, or a setting whose value looks like something."""
        if chance_of(self.rng, 0.4):
            return ("" if kind == "md" else "# ") + sentence(self.rng, between(self.rng, 3, 8))
        raw = self.rng.bytes(52).hex()
        values = (
            raw[:64],
            raw[64:],
            pick(self.rng, WORDS),
            str(between(self.rng, 1, 9999)),
        )
        return LINES[kind].format(
            _name(self.rng), pick(self.rng, (*values, "${VAULT_TOKEN}", "AKIA" + self.rng.bytes(4).hex()))
        )

    def plant(self, value: str, kind: str = "", path: str = "") -> str:
        """Put `value` into a file; with a `kind` it counts as a finding. Returns the path."""
        path = path or pick(self.rng, sorted(self.files))
        lines = self.files[path]
        line = LINES[path.rsplit(".", 1)[1]].format(_name(self.rng), value)
        lines.insert(between(self.rng, 0, len(lines)), line)
        if kind:
            self.found.add((kind, value, path))
        return path

    def data(self) -> dict[str, bytes]:
        """The files as bytes."""
        return {path: ("\n".join(lines) + "\n").encode() for path, lines in self.files.items()}


def _name(rng: np.random.Generator) -> str:
    return f"{pick(rng, WORDS)}_{pick(rng, ('token', 'key', 'url', 'id', 'checksum', 'secret'))}".upper()


def _letters(rng: np.random.Generator, alphabet: str, count: int) -> str:
    return "".join(alphabet[int(index)] for index in rng.integers(0, len(alphabet), count))


def _check_digits(body: str) -> str:
    number, text = binascii.crc32(body.encode()), ""
    for _ in range(6):
        number, at = divmod(number, 62)
        text = DIGITS[at] + text
    return text


def _secret(rng: np.random.Generator, kind: str) -> str:
    if kind == "aws":
        return "AKIA" + _letters(rng, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 15) + "Q"
    if kind == "github":
        body = _letters(rng, DIGITS, 30)
        return "ghp_" + body + _check_digits(body)
    if kind == "slack":
        return f"xoxb-{_letters(rng, DIGITS[:10], 11)}-{_letters(rng, DIGITS[:10], 11)}-{_letters(rng, DIGITS, 24)}"
    if kind == "stripe":
        return "sk_live_" + _letters(rng, DIGITS, 24)
    service = pick(rng, SERVICES)
    password = _letters(rng, DIGITS, between(rng, 16, 24))
    return f"postgres://{service}_app:{password}@{pick(rng, SERVICES)}-{pick(rng, SITES)}.internal/{service}"


def _decoy(rng: np.random.Generator, level: int) -> str:
    choices = [
        "AKIA" + _letters(rng, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 9) + "EXAMPLE",
        "sk_test_" + _letters(rng, DIGITS, 24),
        f"postgres://app:changeme@localhost/{pick(rng, SERVICES)}",
        f"postgres://app:${{DB_PASSWORD}}@{pick(rng, SERVICES)}-{pick(rng, SITES)}.internal/{pick(rng, SERVICES)}",
        "ghp_" + "x" * 30,
        "xoxb-" + "0" * 8,
    ]
    if level >= 3:
        body = _letters(rng, DIGITS, 30)
        choices += ["ghp_" + body + _check_digits(body + "~")] * 4
    return pick(rng, choices)


class _History:
    """Writes a stream for `git fast-import`."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.stream = rng, io.BytesIO()
        self.moment, self.staff = start_of_story(rng), people(rng, 5)
        self.mark = 0

    def commit(self, ref: str, changes: dict[str, bytes | None], parent: int) -> int:
        """Add a commit on `ref` that writes or (None) deletes files; returns its mark."""
        self.mark += 1
        self.moment += timedelta(minutes=between(self.rng, 5, 900))
        message = sentence(self.rng, between(self.rng, 2, 6)).encode()
        who = f"{pick(self.rng, self.staff)} {int(self.moment.timestamp())} +0000"
        self.stream.write(
            f"commit {ref}\nmark :{self.mark}\ncommitter {who}\ndata {len(message)}\n".encode() + message + b"\n"
        )
        self.stream.write(f"from :{parent}\n".encode() if parent else b"")
        for path, data in changes.items():
            head = f"D {path}\n" if data is None else f"M 100644 inline {path}\ndata {len(data)}\n"
            self.stream.write(head.encode() + (b"" if data is None else data + b"\n"))
        self.stream.write(b"\n")
        return self.mark


def _tell(
    rng: np.random.Generator, tree: Tree, level: int, old: set[tuple[str, str, str]], kinds: Sequence[str]
) -> bytes:
    """A history that ends in the work tree; secrets that were removed on the way are added to `old`."""
    history = _History(rng)
    final = tree.data()
    tip = history.commit("refs/heads/main", dict(list(final.items())[: len(final) // 2]), 0)
    for number in range({3: 5, 4: 9, 5: 24}[level]):
        side = number % 3 == 2
        where = f"refs/heads/{pick(rng, WORDS)}-{number}" if side else "refs/heads/main"
        ghost = Tree(rng)
        ghost.write(2)
        if not side and chance_of(rng, 0.4):  # a file that lives on, with a secret that was taken out again
            path = pick(rng, sorted(tree.files))
            ghost.files = {path: [*tree.files[path]]}
        kind = kinds[number % len(kinds)]
        ghost.plant(_secret(rng, kind), kind)
        ghost.plant(_decoy(rng, level))
        old |= ghost.found
        mark = history.commit(where, dict(ghost.data()), tip)
        if side and chance_of(rng, 0.3):  # only a tag remembers it
            history.stream.write(
                f"reset refs/tags/v0.{number}\nfrom :{mark}\n\nreset {where}\nfrom {'0' * 40}\n\n".encode()
            )
        if not side:
            tip = history.commit(where, {path: final.get(path) for path in ghost.files}, mark)
    history.commit("refs/heads/main", dict(final), tip)
    return history.stream.getvalue()


def _artefacts(rng: np.random.Generator, tree: Tree, level: int, files: dict[str, bytes]) -> str:
    """Secrets in things that are not plain text; returns the bash that finishes them."""
    kinds = sample(rng, tuple(FORMATS), 5)
    secrets = [_secret(rng, kind) for kind in kinds]
    entries = "".join(
        f"  {_name(rng)}: {base64.b64encode(value.encode()).decode()}\n" for value in (secrets[0], "not much")
    )
    places = ["deploy/k8s/secret.yaml", f"logs/{pick(rng, SERVICES)}.log.1.gz"]
    files[places[0]] = f"apiVersion: v1\nkind: Secret\ndata:\n{entries}".encode()
    log = [f"{tree.rng.bytes(8).hex()} INFO {sentence(rng, 6)}" for _ in range(300 * level)]
    log[between(rng, 50, 250)] += f" url={secrets[1]}"
    files[places[1].removesuffix(".gz")] = "\n".join(log).encode()
    script = f"gzip -n {REPO}/{places[1].removesuffix('.gz')}\n"
    if level == 5:
        places += ["data/cache.db", "build/layer.tar", "docs/notes-win.txt"]
        table = "CREATE TABLE session (id INTEGER PRIMARY KEY, agent TEXT, payload TEXT);\n"
        rows = [
            f"INSERT INTO session (agent, payload) VALUES ('{pick(rng, WORDS)}', '{rng.bytes(12).hex()}');\n"
            for _ in range(200)
        ]
        rows[between(rng, 0, 199)] = (
            f"INSERT INTO session (agent, payload) VALUES ('cli', '{{\"t\":\"{secrets[2]}\"}}');\n"
        )
        files["data/schema.tmp"] = (table + "BEGIN;\n" + "".join(rows) + "COMMIT;\n").encode()
        script += f"cd {REPO}; sqlite3 data/cache.db < data/schema.tmp; rm data/schema.tmp\n"
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for name, body in (("app/main.py", b"print('ok')\n"), ("app/.env", f"TOKEN={secrets[3]}\n".encode())):
                info = tarfile.TarInfo(name)
                info.size = len(body)
                archive.addfile(info, io.BytesIO(body))
        files[places[3]] = out.getvalue()
        files[places[4]] = b"\xff\xfe" + f"{sentence(rng, 9)}\r\nkey: {secrets[4]}\r\n".encode("utf-16-le")
    tree.found |= set(zip(kinds, secrets, places, strict=False))
    return script


def _rules(level: int) -> str:
    text = "Live secrets have one of these forms (extended regular expressions), without a letter or digit right "
    text += "before or after:\n\n" + "".join(f"- {kind}: `{form}`\n" for kind, form in FORMATS.items())
    text += "\nNot a secret: an aws key that ends in EXAMPLE"
    if level >= 3:
        text += (
            "; a github token whose check digits are wrong. Its last six characters are the "
            "CRC-32 of the 30 characters "
            "after `ghp_`, written in base 62 with the digits 0-9A-Za-z in this order, most significant first, padded "
            "with 0"
        )
    if level >= 4:
        text += (
            "; a secret that was revoked: /workspace/revoked.txt has the SHA-256 (hex) of each revoked secret's text"
        )
    return text + "."


def _instruction(rng: np.random.Generator, level: int) -> str:
    opening = pick(
        rng,
        (
            "Before {0} becomes public, find the secrets in it.",
            "Audit {0} for leaked credentials.",
            "A scanner is not enough: find every live secret in {0}.",
        ),
    ).format(REPO)
    text = f"{opening} {'/workspace/SECRETS.md says what counts.' if level >= 3 else _rules(level)}\n\n"
    columns = "kind,secret,path" + (",where" if level >= 3 else "")
    text += (
        f"Write {FINDINGS}: CSV with the header {columns} and one row for each secret and file that holds it, in any "
    )
    text += "order, none twice; secret is its whole text, and path is relative to the repository."
    if level >= 3:
        text += (
            " `where` is worktree for what the files hold as they are (all files below the repository, tracked or not, "
        )
        text += "but not .git), and history for a secret that some commit reachable from any branch or tag has at that "
        text += "path, while the file of that path in the work tree does not have it."
    if level in (2, 3):
        text += (
            " Then replace every reported secret in the work tree by the word REDACTED, change nothing else in these "
        )
        text += "files, and do not commit." if level == 3 else "files."
    if level >= 4:
        text += " Secrets also count base64-encoded (as in Kubernetes manifests) and inside of gzip"
        text += (
            ", tar, SQLite and UTF-16 files; path is then that of the file itself, and secret the secret in plain."
            if level == 5
            else " files."
        )
    return text


def build(rng: np.random.Generator, level: int) -> Task:
    """A repository with secrets, and things that only look like some."""
    tree = Tree(rng)
    tree.write({1: 10, 2: 35, 3: 40, 4: 80, 5: 150}[level])
    kinds = sample(rng, tuple(FORMATS), 5)
    for number in range({1: 5, 2: 10, 3: 8, 4: 14, 5: 30}[level]):
        kind = kinds[number % len(kinds)]
        value = _secret(rng, kind)
        tree.plant(value, kind)
        if level >= 2 and number % 4 == 0:
            tree.plant(value, kind)
    tree.plant("AKIA" + _letters(rng, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 9) + "EXAMPLE")
    for _ in range(4 * level):
        tree.plant(_decoy(rng, level))
    revoked = [_secret(rng, pick(rng, kinds)) for _ in range(2 * level)] if level >= 4 else []
    for value in revoked:
        tree.plant(value)
    files, setup, setup_files, old = tree.data(), "", {}, set[tuple[str, str, str]]()
    if level >= 3:
        setup_files[f"{SETUP}/history"] = _tell(rng, tree, level, old, kinds)
        setup = (
            f"git init -q -b main {REPO}\ncd {REPO}\ngit fast-import --quiet < "
            f"{SETUP}/history\ngit reset -q --hard main\n"
        )
        files = {}
    if level >= 4:
        setup += _artefacts(rng, tree, level, files)
    everything = {f"{REPO}/{path}": data for path, data in files.items()}
    if level >= 3:
        everything["/workspace/SECRETS.md"] = f"# What counts as a secret\n\n{_rules(level)}\n".encode()
    if level >= 4:
        noise = [sha256(rng.bytes(16)).hexdigest() for _ in range(20)]
        hashes = sorted([sha256(value.encode()).hexdigest() for value in revoked] + noise)
        everything["/workspace/revoked.txt"] = "".join(f"{digest}\n" for digest in hashes).encode()
    return _task(rng, level, tree, old, everything, setup, setup_files)


def _redacted(tree: Tree) -> dict[str, bytes]:
    """The files of the work tree as they should be when its secrets are gone."""
    clean = {f"{REPO}/{path}": data for path, data in tree.data().items()}
    for _, value, path in tree.found:
        clean[f"{REPO}/{path}"] = clean[f"{REPO}/{path}"].replace(value.encode(), b"REDACTED")
    return clean


def _script(level: int, skip: str = "") -> str:
    return ORACLE.format(level=level, skip=skip, formats=FORMATS, digits=DIGITS)


def _cheats(level: int, header: str) -> dict[str, tuple[str, ...]]:
    kinds = [("rules", 1), ("history", 3), ("revocations", 4), ("containers", 4)]
    kinds += [("redaction", 2)] if level in (2, 3) else []
    grep = f"cd {REPO}; echo '{header}' > {FINDINGS}; grep -rnoE 'AKIA[A-Z2-7]{{16}}' . | sed 's/^/aws,/' >> {FINDINGS}"
    cheats: dict[str, tuple[str, ...]] = {
        f"ignores {kind}": (_script(level, kind),) for kind, least in kinds if level >= least
    }
    return cheats | {
        "greps for one form": (grep,),
        "reports nothing": (f"echo '{header}' > {FINDINGS}",),
        "deletes the repository": (
            f"{_script(level)}\nrm -rf {REPO}; head -n 2 {FINDINGS} > /tmp/f; mv /tmp/f {FINDINGS}",
        ),
    }


def _task(
    rng: np.random.Generator,
    level: int,
    tree: Tree,
    old: set[tuple[str, str, str]],
    files: dict[str, bytes],
    setup: str,
    setup_files: dict[str, bytes],
) -> Task:
    rows = [[*row, "worktree"] for row in sorted(tree.found)] + [[*row, "history"] for row in sorted(old - tree.found)]
    expected = [["kind", "secret", "path", "where"], *rows]
    if level < 3:
        expected = [row[:3] for row in expected]
    clean = _redacted(tree) if level in (2, 3) else {}

    def judge(evidence: Evidence) -> list[Check]:
        checks = [csv_check(evidence, FINDINGS, expected, ordered=False)]
        if clean:
            same = all(evidence.get(path) == data for path, data in clean.items())
            why = "" if same else "files differ from what they should be"
            checks.append(Check("the work tree is redacted", same, why))
        return checks

    return Task(
        instruction=_instruction(rng, level),
        verifier=EvidenceVerifier((FINDINGS, *sorted(clean)), judge),
        files=files,
        setup=setup,
        setup_files=setup_files,
        tools=("git", "python3", "gzip", "sqlite3", "tar"),
        oracle=(_script(level),),
        cheats=_cheats(level, ",".join(expected[0])),
        limits=Limits(steps={1: 20, 2: 30, 3: 45, 4: 60, 5: 90}[level], seconds=300.0 * level),
    )


FAMILY = TaskFamily(
    name="secret-hunt",
    summary="Find live credentials in a repository, its history and its artefacts, and redact them.",
    skills=("regular expressions", "git history", "encodings and containers", "telling real from fake"),
    chance=0.0,
    build=build,
)
