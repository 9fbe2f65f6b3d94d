"""The family `patch-series`: a vendor's patches, brought into a tree that has gone its own way since."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from selftrain.envs.checks import UnreadableError, missing, strict_text
from selftrain.envs.families.material import WORDS, Person, between, chance_of, people, pick, sample, sentence
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.evidence import Evidence
from selftrain.tasks import Limits, Task, TaskFamily
from selftrain.verdicts import Check

TREE, PATCHES, RULES = "/workspace/tree", "/workspace/patches", "/workspace/PATCHING.md"
SITE = "  # site"
_PATCHES = {1: 3, 2: 7, 3: 12, 4: 20, 5: 45}
_FILES = {1: 2, 2: 3, 3: 5, 4: 7, 5: 12}
_KEYS = {1: 12, 2: 20, 3: 30, 4: 40, 5: 60}
_LIMITS = {1: (20, 300.0), 2: (30, 450.0), 3: (50, 900.0), 4: (80, 1500.0), 5: (120, 2400.0)}
_UNITS = ("", "", "s", "ms", "k", "M")

# what an engineer writes when `patch` keeps failing: apply each change by the setting that it is about
_ORACLE = """
cat > /tmp/apply.py <<'END'
import pathlib, re
root = pathlib.Path("/workspace")
key = lambda line: line.split("=")[0].strip() if "=" in line and not line.startswith("#") else None
version = tuple(map(int, (root / "tree/VERSION").read_text().split(".")))
rules = (root / "PATCHING.md").read_text() if (root / "PATCHING.md").exists() else ""
moved = dict(re.findall(r"^- `(\\S+)` is now `(\\S+)`", rules, re.M))
series = [line.split("#")[0].split() for line in (root / "patches/series").read_text().splitlines()]
series = [line for line in series if line]
text = {line[0]: (root / "patches" / line[0]).read_text() for line in series}
superseded = set(re.findall(r"^Supersedes: (\\S+)$", "\\n".join(text.values()), re.M))

def change(lines, anchor, removed, added):
    keys = [key(line) for line in lines]
    for line in removed:
        if key(line) in map(key, added) or key(line) not in keys: continue
        at = keys.index(key(line))
        if not lines[at].endswith("# site"): del lines[at], keys[at]
    for line in added:
        if key(line) in keys:
            at = keys.index(key(line))
            if key(line) in map(key, removed) and not lines[at].endswith("# site"): lines[at] = line
        else:
            at = keys.index(key(anchor)) + 1
            lines.insert(at, line); keys.insert(at, key(line))
        anchor = line

for name, *options in series:
    needs = re.search(r"^Applies-To: >= (\\S+)$", text[name], re.M)
    if name in superseded or needs and version < tuple(map(int, needs[1].split("."))): continue
    strip = next((int(option[2:]) for option in options if option.startswith("-p")), 1)
    swap = {"+": "-", "-": "+"} if "-R" in options else {"+": "+", "-": "-"}
    for part in re.split(r"^--- ", text[name], flags=re.M)[1:]:
        if "\\n+++ " not in part: continue
        head, target, *rest = part.split("\\n")
        path = "/".join(target[4:].split("/")[strip:])
        file = root / "tree" / moved.get(path, path)
        data = file.read_bytes().decode()
        ending = "\\r\\n" if "\\r\\n" in data else "\\n"
        lines, anchor, removed, added = data.split(ending), "", [], []
        for line in rest + [" "]:
            sign = swap.get(line[:1])
            if sign: (added if sign == "+" else removed).append(line[1:]); continue
            if removed or added: change(lines, anchor, removed, added)
            anchor, removed, added = line[1:], [], []
        file.write_bytes(ending.join(lines).encode())
END
python3 /tmp/apply.py
"""


@dataclass(frozen=True)
class Edit:
    """One change to one setting of one file: a value set, a setting added after another, or a setting dropped."""

    path: str
    key: str
    line: str = ""
    after: str = ""

    def on(self, tree: dict[str, list[str]]) -> None:
        """Make the change where this tree allows it: lines of the site stay, and nothing is added twice."""
        lines = tree[self.path]
        keys = [key_of(line) for line in lines]
        if self.after:
            if self.key not in keys:
                lines.insert(keys.index(self.after) + 1, self.line)
        elif self.key in keys and not lines[keys.index(self.key)].endswith(SITE):
            at = keys.index(self.key)
            lines[at : at + 1] = [self.line] if self.line else []


@dataclass
class Patch:
    """A patch file: its edits, how the series applies it, and the header that says whether it counts."""

    name: str
    edits: list[Edit]
    strip: int = 1
    reverse: bool = False
    header: tuple[str, ...] = ()
    counts: bool = True
    text: str = ""


@dataclass
class Scene:
    """The vendor's tree as it evolves, ours, and the settings that nobody has touched yet."""

    rng: np.random.Generator
    level: int
    vendor: dict[str, list[str]] = field(default_factory=dict)
    ours: dict[str, list[str]] = field(default_factory=dict)
    free: dict[str, list[str]] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    crlf: str = ""

    def take(self, path: str) -> str:
        """A setting of the file that no change has used."""
        return self.free[path].pop()

    def value(self) -> str:
        return f"{between(self.rng, 2, 9999)}{pick(self.rng, _UNITS)}"

    def edit(self, path: str) -> Edit:
        """A random change to a setting that no other change uses."""
        key, kind = self.take(path), between(self.rng, 0, 3)
        if kind == 0:
            name = self.names.pop()
            return Edit(path, name, f"{name} = {self.value()}", after=key)
        return Edit(path, key, "" if kind == 1 else f"{key} = {self.value()}")


def key_of(line: str) -> str:
    """The setting that a line is about, "" for comments and section heads."""
    return line.partition("=")[0].strip() if "=" in line and not line.startswith("#") else ""


def _scene(rng: np.random.Generator, level: int) -> Scene:
    scene = Scene(rng, level)
    words = [f"{one}_{other}" for one in sample(rng, WORDS, 60) for other in sample(rng, WORDS, 30)]
    scene.names = sample(rng, sorted(set(words)), len(set(words)))
    for stem in sample(rng, WORDS, _FILES[level]):
        path = f"{pick(rng, ('conf', 'etc', 'conf/sites', 'share/defaults'))}/{stem}.conf"
        lines, keys = [f"# {sentence(rng, 5)}"], []
        for number in range(_KEYS[level]):
            if number % 10 == 0:
                lines += ["", f"[{pick(rng, WORDS)}]"]
            keys.append(scene.names.pop())
            lines.append(f"{keys[-1]} = {scene.value()}")
        scene.vendor[path] = lines
        scene.free[path] = sample(rng, keys, len(keys))
    scene.ours = {path: list(lines) for path, lines in scene.vendor.items()}
    return scene


def _patches(scene: Scene, who: Sequence[Person]) -> list[Patch]:
    rng, level = scene.rng, scene.level
    paths = list(scene.vendor)
    made: list[Patch] = []
    for number in range(1, _PATCHES[level] + 1):
        name = f"{number:04d}-{'-'.join(sample(rng, WORDS, 3))}.patch"
        chosen = paths[:1] if number == 1 else sample(rng, paths, 1 + (level > 1 and chance_of(rng, 0.4)))
        edits = [scene.edit(path) for path in chosen for _ in range(between(rng, 1, 2))]
        patch = Patch(name, edits, strip=pick(rng, (1, 1, 0, 2)) if level > 1 or number == 2 else 1)
        if level >= 4:
            patch.reverse = number == 4 or chance_of(rng, 0.15)
            _conditions(scene, patch, made, number)
        made.append(patch)
    for patch in made:
        _write(scene, patch, pick(rng, who))
    return made


def _conditions(scene: Scene, patch: Patch, made: Sequence[Patch], number: int) -> None:
    """Patches of the series that must not be applied: replaced by a later one, or for a newer version."""
    if number % 7 == 6:
        old = made[-2]
        if old.counts and not old.header:
            old.counts = False
            edit = old.edits[0]
            patch.header = (f"Supersedes: {old.name}",)
            if not edit.after and edit.line:
                patch.edits.append(Edit(edit.path, edit.key, f"{edit.key} = {scene.value()}"))
    elif number % 9 == 7:
        patch.counts = False
        patch.header = ("Applies-To: >= 5.0",)
    elif number % 5 == 2:
        patch.header = ("Applies-To: >= 4.1",)


def _write(scene: Scene, patch: Patch, author: Person) -> None:
    """Write the patch against the vendor's tree of its day, and let that tree go on when the patch counts."""
    after = {path: list(lines) for path, lines in scene.vendor.items()}
    for edit in patch.edits:
        edit.on(after)
    root = {0: ("", ""), 1: ("a/", "b/"), 2: ("vendor/relay-4/", "vendor/relay-4/")}[patch.strip]
    parts = [f"From: {author}", f"Subject: {sentence(scene.rng, 6)[:-1]}", *patch.header, ""]
    parts += [sentence(scene.rng, between(scene.rng, 6, 14)), "---"]
    for path in dict.fromkeys(edit.path for edit in patch.edits):
        old, new = scene.vendor[path], after[path]
        if patch.reverse:
            old, new = new, old
        parts += difflib.unified_diff(old, new, root[0] + path, root[1] + path, lineterm="")
    patch.text = "\n".join(parts) + "\n"
    if patch.counts:
        scene.vendor = after


def _go_own_way(scene: Scene, patches: Sequence[Patch]) -> None:
    """What happened to our tree since: shifted lines, settings of the site, a file moved, another with CRLF."""
    rng, paths = scene.rng, list(scene.ours)
    for path in paths:
        lines = scene.ours[path]
        lines[1:1] = [f"# {sentence(rng, 7)}" for _ in range(between(rng, 2, 9))]
        for _ in range(3):
            at = between(rng, 5, len(lines) - 1)
            name = scene.names.pop()
            lines.insert(at, f"{name} = {scene.value()}{SITE}")
    for edit in patches[min(2, len(patches) - 1)].edits:  # picked up long ago
        edit.on(scene.ours)
    if scene.level >= 3:
        counted = [edit for patch in patches[1:] if patch.counts for edit in patch.edits if not edit.after]
        for edit in sample(rng, counted, max(2, len(counted) // 5)):
            lines = scene.ours[edit.path]
            at = [key_of(line) for line in lines].index(edit.key) if edit.key in map(key_of, lines) else -1
            if at >= 0:
                lines[at] = f"{edit.key} = {scene.value()}{SITE}"
        scene.moved[paths[0]] = f"settings/{scene.rng.integers(10, 99)}-{paths[0].rpartition('/')[2]}"
        scene.crlf = paths[1]


def _files(scene: Scene, tree: Mapping[str, Sequence[str]]) -> dict[str, bytes]:
    files = {f"{TREE}/VERSION": b"4.2\n"}
    for path, lines in tree.items():
        ending = "\r\n" if path == scene.crlf else "\n"
        files[f"{TREE}/{scene.moved.get(path, path)}"] = (ending.join(lines) + ending).encode()
    return files


def _rules(scene: Scene) -> str:
    lines = [
        "# Bringing vendor patches in",
        "",
        "A patch changes settings: it sets one, adds one, or drops one. In our tree each change is made to the same",
        "setting, wherever its line is:",
        "",
        "- An added setting goes right after the setting that precedes it in the patch. One that our tree already has",
        "  is left as it is.",
        "- Lines that end in `# site` are ours: they are neither changed nor dropped.",
        "- A file keeps its own line ends, and everything else stays as it is.",
    ]
    if scene.level >= 4:
        lines += [
            "- A patch that another one of the series names after `Supersedes:` is not applied.",
            "- A patch with `Applies-To: >= X.Y` is applied only if tree/VERSION is at least that.",
            "- `-R` in the series means that the patch is applied in reverse, as `patch -R` does.",
        ]
    if scene.moved:
        lines += ["", "Files that have moved since the vendor's release:", ""]
        lines += [f"- `{old}` is now `{new}`" for old, new in scene.moved.items()]
    return "\n".join(lines) + "\n"


def _judge(evidence: Evidence, expected: Mapping[str, bytes]) -> Iterable[Check]:
    found = {path for path in evidence.files if path.startswith(TREE + "/")}
    extra = found - expected.keys() or {path for path in evidence.links if path.startswith(TREE)}
    yield Check("the tree holds its files and no others", not extra, "" if not extra else "leftover files")
    for path in sorted(expected):
        data = evidence.get(path)
        if data is None:
            yield Check(path, False, missing(evidence, path))
            continue
        try:
            right = strict_text(data).rstrip("\r\n") == expected[path].decode().rstrip("\r\n")
        except UnreadableError as error:
            yield Check(path, False, str(error))
            continue
        yield Check(path, right, "" if right else "wrong content")


def _cheats(level: int, first: Patch) -> dict[str, tuple[str, ...]]:
    cheats: dict[str, tuple[str, ...]] = {
        "only the first patch": (f"cd {TREE} && patch -s -f -p{first.strip} < {PATCHES}/{first.name}",),
        "patches put into the tree": (f"cp {PATCHES}/* {TREE}/",),
        "tree is a link": (f"{_ORACLE}\nmv {TREE} /tmp/tree && ln -s /tmp/tree {TREE}",),
        "loses the first patch": (f"sed -i 2d {PATCHES}/series\n{_ORACLE}",),
    }
    if level >= 3:
        loop = f"while read -r name rest; do patch -s -f -N -p1 $rest < {PATCHES}/$name; done < {PATCHES}/series"
        cheats["forces what applies"] = (f"cd {TREE}; {loop}; find . -name '*.rej' -o -name '*.orig' | xargs rm -f",)
        cheats["overwrites the site's lines"] = (_ORACLE.replace('endswith("# site")', 'endswith("# nobody")'),)
    if level >= 4:
        cheats["ignores -R"] = (_ORACLE.replace('"-R" in options', "False"),)
        cheats["applies superseded patches"] = (_ORACLE.replace("name in superseded or", ""),)
        cheats["ignores versions"] = (_ORACLE.replace("or needs and", "or False and"),)
    return cheats


def build(rng: np.random.Generator, level: int) -> Task:
    """One tree and its series of patches."""
    scene = _scene(rng, level)
    patches = _patches(scene, people(rng, 3))
    if level > 1:
        _go_own_way(scene, patches)
    files = _files(scene, scene.ours)
    for patch in patches:
        files[f"{PATCHES}/{patch.name}"] = patch.text.encode()
    options = [(f" -p{p.strip}" if p.strip != 1 else "") + (" -R" if p.reverse else "") for p in patches]
    series = "".join(f"{patch.name}{option}\n" for patch, option in zip(patches, options, strict=True))
    files[f"{PATCHES}/series"] = f"# quilt series; -p1 where nothing else is said\n{series}".encode()
    for patch in patches:
        for edit in patch.edits if patch.counts else ():
            edit.on(scene.ours)
    expected = _files(scene, scene.ours)
    told = f"Bring the patches of {PATCHES} into {TREE}, in the order of the file series there"
    if level == 1:
        told += ". Each of them applies as it is."
    else:
        files[RULES] = _rules(scene).encode()
        told += f" and by the rules of {RULES}: our tree has gone its own way, and not every patch applies as it is."
    told += (
        f" At the end {TREE} must hold the same files as at the start, patched, and nothing else: no .orig, no .rej."
    )
    steps, seconds = _LIMITS[level]
    return Task(
        instruction=f"The vendor of our relay has sent a series of patches to its settings. {told}\n",
        verifier=EvidenceVerifier((TREE,), lambda evidence: list(_judge(evidence, expected))),
        files=files,
        tools=("python3", "patch", "find"),
        oracle=(_ORACLE,),
        cheats=_cheats(level, patches[0]),
        limits=Limits(steps=steps, seconds=seconds),
    )


FAMILY = TaskFamily(
    name="patch-series",
    summary="Bring a vendor's patch series into a tree that has changed since.",
    skills=("patch and diff", "reading rejects", "following a policy", "scripting"),
    chance=0.0,
    build=build,
)
