"""Find the commits that brought wrong outputs into a long history."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from selftrain.envs.checks import json_check
from selftrain.envs.families.git_history import SETUP_STREAM, History
from selftrain.envs.families.material import SERVICES, WORDS, between, chance_of, later, people, pick, sample, sentence
from selftrain.envs.families.material import start_of_story as start
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.tasks import Limits, Task, TaskFamily

REPO, ANSWER = "/workspace/repo", "/workspace/culprits.json"
# level → commits, wrong outputs
_SIZES = {1: (120, 1), 2: (200, 1), 3: (320, 2), 4: (400, 3), 5: (560, 5)}
_LIMITS = {1: (20, 300.0), 2: (25, 450.0), 3: (45, 900.0), 4: (70, 1500.0), 5: (110, 2400.0)}

_PROGRAM = '''\
"""Price an article: python3 price.py SKU GRAMS"""

import json
import sys
from pathlib import Path

DATA = Path(__file__).parent / "data"


def table(name):
    return json.loads((DATA / f"{name}.json").read_text())


def price(sku, grams):
    family = table("families")[sku]
    tier = table("tiers")[family]
    return table("fees")[tier] + table("rates")[tier] * grams // 100


if __name__ == "__main__":
    print(price(sys.argv[1], int(sys.argv[2])))
'''
_TABLES = ("families", "tiers", "rates", "fees")
Tables = dict[str, dict[str, int | str]]


@dataclass
class Symptom:
    """A wrong output: the article, its own family and tier, and the entry that the culprit changes."""

    sku: str
    grams: int
    table: str
    key: str
    right: int | str
    wrong: int | str
    culprit: str = ""


class Story:
    """The history as it grows: the tables, the text files and the branch that is being written."""

    def __init__(self, rng: np.random.Generator, level: int) -> None:
        self.rng, self.level = rng, level
        self.history, self.team, self.now = History(), people(rng, 6), start(rng)
        words = sample(rng, WORDS, 110)
        self.skus = [f"{word[:3].upper()}-{between(rng, 1000, 9999)}-{index}" for index, word in enumerate(words[:60])]
        self.families, self.tiers = words[60:90], words[90:110]
        self.tables: Tables = {
            "families": {sku: self.families[index % 30] for index, sku in enumerate(self.skus)},
            "tiers": {family: self.tiers[index % 20] for index, family in enumerate(self.families)},
            "rates": {tier: between(rng, 20, 900) for tier in self.tiers},
            "fees": {tier: between(rng, 100, 9000) for tier in self.tiers},
        }
        self.files = {"price.py": _PROGRAM, "README.md": "# Prices\n", "CHANGELOG.md": "# Changes\n"}
        self.indent: dict[str, int | None] = dict.fromkeys(_TABLES, 1)
        self.held: set[str] = set()

    def symptom(self, number: int) -> Symptom:
        """A wrong output to be: articles 0, 1, 2 ... use families and tiers of the same number, which are held."""
        sku, family, tier = self.skus[number], self.families[number], self.tiers[number]
        self.held |= {sku, family, tier}
        table = pick(self.rng, _TABLES)
        key = {"families": sku, "tiers": family}.get(table, tier)
        right = self.tables[table][key]
        grams = between(self.rng, 2, 90) * 100
        # families 10 to 19 have tiers of their own, which no article with a wrong output uses
        others = {"families": self.families[10:20], "tiers": self.tiers[10:20]}.get(table)
        found = Symptom(sku, grams, table, key, right, right)
        if not others:
            found.wrong = int(right) + between(self.rng, 1, 9) * 100
        else:
            shuffled = sample(self.rng, others, len(others))
            found.wrong = wrong = next(o for o in shuffled if self._moved_price(found, o) != self.price(found))
            # what the entry is moved to must not change either
            self.held |= {str(wrong), str(self.tables["tiers"].get(str(wrong), wrong))}
        return found

    def _moved_price(self, symptom: Symptom, value: str) -> int:
        """What the article would cost if its entry were `value`."""
        self.tables[symptom.table][symptom.key] = value
        price = self.price(symptom)
        self.tables[symptom.table][symptom.key] = symptom.right
        return price

    def tree(self) -> dict[str, bytes]:
        """All files as they are now."""
        data = {f"data/{name}.json": json.dumps(self.tables[name], indent=self.indent[name]) + "\n" for name in _TABLES}
        return {path: text.encode() for path, text in {**self.files, **data}.items()}

    def price(self, symptom: Symptom) -> int:
        """What the program prints for the article of `symptom` now."""
        tier = self.tables["tiers"][str(self.tables["families"][symptom.sku])]
        return int(self.tables["fees"][str(tier)]) + int(self.tables["rates"][str(tier)]) * symptom.grams // 100

    def noise(self) -> str:
        """One ordinary change that no held output depends on; returns its message."""
        kind = int(self.rng.integers(8))
        if kind == 0:
            line = sentence(self.rng, 9)
            self.files["CHANGELOG.md"] += f"- {line}\n"
            return f"Note: {line[:-1].lower()}"
        if kind == 1:
            self.files["README.md"] += f"\n{sentence(self.rng, 20)}\n"
            return "Say more in the README"
        if kind == 2 and self.level > 1:
            name = pick(self.rng, _TABLES)
            self.tables[name] = {key: self.tables[name][key] for key in sample(self.rng, list(self.tables[name]), 99)}
            self.indent[name] = pick(self.rng, (1, 2, 4))
            return f"Reformat {name}.json"
        name = pick(self.rng, _TABLES)
        key = pick(self.rng, [key for key in sorted(self.tables[name]) if key not in self.held])
        pools = {"families": self.families, "tiers": self.tiers}
        value: int | str = pick(self.rng, pools[name]) if name in pools else between(self.rng, 20, 9000)
        self.tables[name][key] = value
        return pick(self.rng, (f"Set {key} to {value}", f"{name}: correct {key}", f"Change {key} as asked by sales"))

    def commit(self, parents: list[str], message: str) -> str:
        """Commit everything as it is now."""
        self.now = later(self.rng, self.now, 500)
        return self.history.commit(parents, self.tree(), pick(self.rng, self.team), self.now, message)


def _write(story: Story, symptoms: list[Symptom], length: int) -> list[str]:
    """Write `length` commits, with the culprits, spans that do not run, and mistakes that were taken back."""
    rng, level = story.rng, story.level
    spots = sorted(sample(rng, range(length // 4, length - 12, 7), 2 * len(symptoms)))
    culprits = dict(zip(sample(rng, spots[1::2], len(symptoms)), symptoms, strict=True))
    broken = [at for at in range(9, length - 9, 7) if at % 2 and chance_of(rng, 0.2)] if level >= 3 else []
    stops = {position + shift for position in broken for shift in range(3)} - set(spots)
    stops -= {spot + near for spot in spots for near in (-1, 1)}
    tip, ids, side = story.commit([], "Start the price list"), [], ""
    taken_back: dict[int, Symptom] = {}
    for position in range(1, length):
        message = story.noise()
        story.files["price.py"] = _PROGRAM.replace("def price(", "def price((") if position in stops else _PROGRAM
        if (found := culprits.get(position)) is not None:
            story.tables[found.table][found.key] = found.wrong
        elif level >= 5 and position in spots[::2] and (later_on := _later(culprits, position)):
            story.tables[later_on.table][later_on.key] = later_on.wrong
            taken_back[position + 3] = later_on
        elif (undone := taken_back.pop(position, None)) is not None:
            story.tables[undone.table][undone.key] = undone.right
        parents = [tip]
        if level >= 4 and not side and chance_of(rng, 0.1):
            side = tip  # from here on, what is written is a branch that is merged a little later
        elif side and chance_of(rng, 0.3):
            parents, side, message = [side, tip], "", f"Merge branch '{pick(rng, WORDS)}'"
        tip = story.commit(parents, message)
        if found is not None:
            found.culprit = tip
        ids.append(tip)
    return ids


def _later(culprits: dict[int, Symptom], position: int) -> Symptom | None:
    """The symptom whose culprit comes next, when there is room to take a first mistake back before it."""
    ahead = [spot for spot in sorted(culprits) if spot > position + 4]
    return culprits[ahead[0]] if ahead else None


def _instruction(story: Story, symptoms: list[Symptom], before: list[int]) -> str:
    lines = [
        f"- `python3 price.py {one.sku} {one.grams}` prints {story.price(one)} on `main`, and {right} is right"
        for one, right in zip(symptoms, before, strict=True)
    ]
    extra = ""
    if story.level >= 3:
        extra += " Some commits do not run at all; none of those is to blame."
    if story.level >= 4:
        extra += " A merge that only passes on the wrong output of one of its parents is not to blame."
    if story.level >= 5:
        extra += (
            " A mistake may have been made before, noticed and taken back: what is wanted is the commit that brought "
            "the wrong output which is there to this day."
        )
    return (
        f"The price list of {pick(story.rng, SERVICES)} in the Git repository {REPO} gives wrong prices. The tag "
        "`v1.0` marks the first commit, where everything was right:\n\n" + "\n".join(lines) + "\n\nFor each of these, "
        "find the commit that is to blame: the one at which the output became the wrong one of today and stayed so, "
        f"while right before it the output was right.{extra} Commit messages tell nothing about it.\n\n"
        f"Write {ANSWER}: a JSON object with each SKU above as key and the full 40-digit id of its commit as value. "
        "The same change may or may not be to blame for several.\n"
    )


def _bisect(symptom: Symptom, wrong: int) -> str:
    """Bash that prints the culprit: back from the tip over wrong commits, to one that has no wrong parent."""
    return f"""\
cat > /tmp/walk.py <<'END'
import json, subprocess, sys
sku, grams, wrong = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
git = lambda *words: subprocess.run(["git", *words], capture_output=True, text=True, check=True).stdout
names = ("families", "tiers", "rates", "fees")
log = [line.split() for line in git("log", "--format=%H %P", "--topo-order", "main").splitlines()]
ask = "".join(f"{{line[0]}}:data/{{name}}.json\\n" for line in log for name in names)
raw = subprocess.run(["git", "cat-file", "--batch"], input=ask.encode(), capture_output=True, check=True).stdout
known, at = {{}}, 0
def blob():
    global at
    end = raw.index(b"\\n", at)
    size = int(raw[at:end].split()[2])
    at = end + 1 + size + 1
    return json.loads(raw[end + 1 : end + 1 + size])
for commit, *parents in log:
    families, tiers, rates, fees = (blob() for _ in names)
    tier = tiers[families[sku]]
    known[commit] = fees[tier] + rates[tier] * grams // 100 == wrong
todo, seen = [log[0][0]], set()
parents = {{line[0]: line[1:] for line in log}}
while todo:
    commit = todo.pop()
    if commit in seen: continue
    seen.add(commit)
    if not any(known[one] for one in parents[commit]):
        print(commit); break
    todo += [one for one in parents[commit] if known[one]]
END
python3 /tmp/walk.py {symptom.sku} {symptom.grams} {wrong}
"""


def _oracle(story: Story, symptoms: list[Symptom]) -> tuple[str, ...]:
    commands = [f"cd {REPO}\n: > /tmp/found"]
    for one in symptoms:
        wrong = story.price(one)
        if story.level <= 3:
            script = f'out=$(python3 price.py {one.sku} {one.grams} 2>/dev/null) || exit 125; [ "$out" != {wrong} ]'
            commands.append(
                f"cd {REPO}\ngit bisect start main v1.0 >/dev/null\n"
                f"git bisect run bash -c '{script}' >/dev/null\n"
                f'echo "{one.sku} $(git rev-parse refs/bisect/bad)" >> /tmp/found\ngit bisect reset >/dev/null 2>&1'
            )
        else:
            commands.append(f'cd {REPO}\necho "{one.sku} $({_bisect(one, wrong)})" >> /tmp/found')
    write = "import json; print(json.dumps(dict(line.split() for line in open('/tmp/found'))))"
    return (*commands, f'python3 -c "{write}" > {ANSWER}')


def _cheats(symptoms: list[Symptom]) -> dict[str, tuple[str, ...]]:
    keys = " ".join(one.sku for one in symptoms)

    def all_answers(command: str) -> tuple[str, ...]:
        pairs = f'for sku in {keys}; do printf \'%s"%s": "%s"\' "$comma" $sku "$({command})"; comma=", "; done'
        return (f"cd {REPO}\ncomma=\n{{ printf '{{'; {pairs}; printf '}}'; }} > {ANSWER}",)

    return {
        "the newest commit": all_answers("git rev-parse main"),
        "the last commit that names it": all_answers("git log -1 --format=%H --grep=$sku"),
        "abbreviated ids": (f"printf '{json.dumps({one.sku: one.culprit[:10] for one in symptoms})}' > {ANSWER}",),
        "the parents of the right ones": (
            *all_answers("git rev-parse HEAD~1"),
            f"printf '{json.dumps({one.sku: one.culprit for one in symptoms})}' > /tmp/a\ncd {REPO}\n"
            f"cp /tmp/a {ANSWER}\nfor id in $(grep -o '[0-9a-f]\\{{40\\}}' /tmp/a | sort -u); do "
            f"sed -i s/$id/$(git rev-parse $id^)/ {ANSWER}; done",
        ),
        "a link for the answer": (f"ln -s {REPO}/.git/refs/heads/main {ANSWER}",),
    }


def build(rng: np.random.Generator, level: int) -> Task:
    """One history with the wrong outputs of its level."""
    length, count = _SIZES[level]
    story = Story(rng, level)
    symptoms = [story.symptom(number) for number in range(count)]
    before = [story.price(one) for one in symptoms]
    ids = _write(story, symptoms, length + between(rng, 0, 30))
    first = next(iter(story.history.commits))
    story.history.refs = {"refs/heads/main": ids[-1], "refs/tags/v1.0": first}
    expected = {one.sku: one.culprit for one in symptoms}
    steps, seconds = _LIMITS[level]
    return Task(
        instruction=_instruction(story, symptoms, before),
        verifier=EvidenceVerifier((ANSWER,), lambda evidence: [json_check(evidence, ANSWER, expected)]),
        setup=story.history.setup(REPO),
        setup_files={SETUP_STREAM: story.history.stream()},
        tools=("git", "python3", "grep", "sed"),
        oracle=_oracle(story, symptoms),
        cheats=_cheats(symptoms),
        limits=Limits(steps=steps, seconds=seconds),
    )


FAMILY = TaskFamily(
    name="git-bisect",
    summary="Find the commits that brought wrong outputs into a long history.",
    skills=("git bisect", "skipping broken commits", "merged branches", "scripting a search"),
    chance=0.01,
    build=build,
)
