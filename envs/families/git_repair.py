"""Repair a Git repository after mishaps: lost commits, broken refs, damaged objects, history that must be rewritten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from selftrain.envs.families.git_history import (
    SETUP_STREAM,
    Question,
    blob_id,
    refs_question,
    repository_case,
    repository_exports,
)
from selftrain.envs.families.git_project import Project
from selftrain.envs.families.material import SERVICES, Person, between, pick, sample
from selftrain.envs.verifiers import TrialVerifier
from selftrain.tasks import Limits, Task, TaskFamily

REPO = "/workspace/repo"
BUNDLE = "/workspace/backup/nightly.bundle"
_MAIN_LENGTH = {1: 12, 2: 25, 3: 35, 4: 60, 5: 120}
_LIMITS = {1: (15, 300.0), 2: (25, 450.0), 3: (40, 900.0), 4: (60, 1200.0), 5: (100, 1800.0)}


@dataclass(frozen=True)
class Mishap:
    """One thing that went wrong: how it is told, done and undone, and what must hold afterwards."""

    note: str
    damage: str
    repair: str
    sloppy: str = ""
    refs: dict[str, str] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()


class Scene:
    """The project, its branches, and the topics that are still free."""

    def __init__(self, rng: np.random.Generator, level: int) -> None:
        self.rng, self.level = rng, level
        self.project = Project(rng)
        self.history = self.project.history
        self.main = self.project.grow("", _MAIN_LENGTH[level] + between(rng, 0, 6))
        self._topics = sample(rng, SERVICES, len(SERVICES))

    def topic(self, prefix: str) -> str:
        """A branch name that is not taken."""
        return f"{prefix}/{self._topics.pop()}-{between(self.rng, 10, 999)}"

    def branch(self, prefix: str, count: int) -> tuple[str, list[str]]:
        """A new branch off `main` with `count` commits, none of them a ref yet."""
        base = self.main[-between(self.rng, 2, min(8, len(self.main) - 1))]
        return self.topic(prefix), self.project.grow(base, count)

    def subject(self, commit: str) -> str:
        return self.history.commits[commit].message.split("\n")[0]


def reset_main(scene: Scene) -> Mishap:
    """`main` was reset some commits back; its reflog knows from where."""
    back = between(scene.rng, 2, 5)
    tip, kept = scene.main[-1], scene.main[-1 - back]
    note = (
        f"Somebody ran `git reset --hard` on `main` and threw away {back} commits. Put `main` back to where it was "
        f"before (its last commit was “{scene.subject(tip)}”)."
    )
    return Mishap(
        note,
        damage=f"git reset -q --hard {kept}\n",
        repair='git reset -q --hard "$(git rev-parse main@{1})"',
        sloppy="git commit -q --allow-empty -m 'Restore main'",
        refs={"refs/heads/main": tip},
    )


def deleted_branch(scene: Scene) -> Mishap:
    """A branch was deleted after having been checked out, so that the reflog of HEAD still names its tip."""
    name, commits = scene.branch("feature", between(scene.rng, 2, 4))
    damage = f"git checkout -q -b {name} {commits[-1]}\ngit checkout -q main\ngit branch -q -D {name}\n"
    note = f"The branch `{name}` was deleted although it was never merged. Bring it back with all its commits."
    find = f"git reflog --format='%H %gs' | grep 'to {name}$' | head -n 1 | cut -d ' ' -f 1"
    return Mishap(
        note,
        damage=damage,
        repair=f'git branch -f {name} "$({find})"',
        sloppy=f"git branch -f {name} {commits[-2]}",
        refs={f"refs/heads/{name}": commits[-1]},
    )


def dangling_branch(scene: Scene) -> Mishap:
    """Only unreachable objects are left of a branch, among them earlier versions of its last commit."""
    name, commits = scene.branch("feature", between(scene.rng, 3, 6))
    last = scene.history.commits[commits[-1]]
    versions = [commits[-1]]
    for _ in range(between(scene.rng, 1, 3)):
        word = scene.project.fresh_word()
        tree = {**last.tree, f"src/{word}.py": f"LIMIT = {between(scene.rng, 1, 999)}\n".encode()}
        versions.append(scene.project.commit(commits[-2], tree, last.message.split("\n")[0], last.author))
    scene.project.grow(commits[0], 2)
    subject = scene.subject(commits[-1])
    note = (
        f"The branch `{name}` is gone, and it was worked on in another clone, so no reflog here mentions it; only its "
        f"objects are in the store. Its last commit is “{subject}”, which {last.author.name} amended more than once: "
        "of all versions the one with the latest committer date counts. Bring the branch back."
    )
    find = (
        "git fsck --unreachable --no-reflogs 2>/dev/null | awk '$2 == \"commit\" {print $3}'"
        " | git log --stdin --no-walk=unsorted --format='%ct %H %s'"
        f" | grep -F -e ' {subject}' | sort -n | tail -n 1 | cut -d ' ' -f 2"
    )
    return Mishap(
        note,
        damage="",
        repair=f'git branch -f {name} "$({find})"',
        sloppy=f"git branch -f {name} {versions[0]}",
        refs={f"refs/heads/{name}": versions[-1]},
    )


def broken_ref(scene: Scene) -> Mishap:
    """The file of a ref was torn by a power cut; the reflog of the ref is whole."""
    name, commits = scene.branch("release", between(scene.rng, 2, 4))
    ref = f"refs/heads/{name}"
    moves = "".join(f"git update-ref --create-reflog -m 'commit: update' {ref} {commit}\n" for commit in commits)
    torn = pick(
        scene.rng,
        (f": > .git/{ref}", f"head -c 41 /dev/zero > .git/{ref}", f"printf %s {commits[-1][:23]} > .git/{ref}"),
    )
    note = f"Since the power cut, Git cannot read the branch `{name}`. Point it to the commit it was last moved to."
    return Mishap(
        note,
        damage=f"{moves}{torn}\n",
        repair=f"tip=$(tail -n 1 .git/logs/{ref} | cut -d ' ' -f 2)\nrm .git/{ref}\ngit update-ref {ref} $tip",
        sloppy=f"rm .git/{ref}\ngit update-ref {ref} {commits[-2]}",
        refs={ref: commits[-1]},
    )


def wrong_branch(scene: Scene) -> Mishap:
    """Commits landed on `main` that belong on a branch which has gone on since."""
    name, commits = scene.branch("feature", between(scene.rng, 2, 3))
    count = between(scene.rng, 2, 3)
    right, stray, picked = scene.main[-1], scene.main[-1], dict(scene.history.commits[commits[-1]].tree)
    lines = _facts(scene, commits)
    for _ in range(count):
        word = scene.project.fresh_word()
        added = {f"tools/{word}.sh": f"#!/bin/sh\nexec make {word}\n".encode()}
        stray = scene.project.commit(stray, {**scene.history.commits[stray].tree, **added}, f"Add a script for {word}")
        picked.update(added)
        lines.append(_fact(scene, stray, picked))
    scene.main.append(stray)
    note = (
        f"The last {count} commits on `main` were meant for `{name}`. Take them off `main`, and put them on top of "
        f"`{name}` in the same order, each with its author, author date and message."
    )
    base = scene.history.commits[commits[0]].parents[0]
    return Mishap(
        note,
        damage=f"git branch {name} {commits[-1]}\n",
        repair=f"git checkout -q {name}\ngit cherry-pick main~{count}..main\n"
        f"git checkout -q main\ngit reset -q --hard main~{count}",
        sloppy=f"git checkout -q {name}\ngit merge -q -m 'Merge main' main\n"
        f"git checkout -q main\ngit reset -q --hard main~{count}",
        refs={"refs/heads/main": right},
        questions=(_log_question(name, base, lines),),
    )


def leaked_file(scene: Scene) -> Mishap:
    """A file with credentials was committed in the middle of an unpublished branch and removed later."""
    name, commits = scene.branch("feature", between(scene.rng, 5, 8))
    base = scene.history.commits[commits[0]].parents[0]
    path = pick(scene.rng, (".env", "config/credentials.ini", "deploy/id_deploy", "config/prod.token"))
    secret = f"token={scene.rng.bytes(18).hex()}\n".encode()
    from_, to = 1, len(commits) - between(scene.rng, 1, 2)
    leaky: list[str] = []
    for position, clean in enumerate(commits):
        commit = scene.history.commits[clean]
        tree = {**commit.tree, **({path: secret} if from_ <= position < to else {})}
        parent = leaky[-1] if leaky else base
        leaky.append(scene.project.commit(parent, tree, commit.message.split("\n")[0], commit.author))
    lines = [_fact(scene, old, scene.history.commits[new].tree) for old, new in zip(leaky, commits, strict=True)]
    note = (
        f"On `{name}` (not published yet) somebody committed `{path}` with a token. Rewrite `{name}` so that no commit "
        "of any branch or tag contains that file. Keep every commit of the branch, in order, with its author, author "
        "date and message, and its content apart from that file."
    )
    gone = f"git rev-list --objects --all | grep -c '^{blob_id(secret)}' || true"
    return Mishap(
        note,
        damage=f"git branch {name} {leaky[-1]}\n",
        repair=f"git checkout -q {name}\nFILTER_BRANCH_SQUELCH_WARNING=1 git filter-branch -f --index-filter "
        f"'git rm -q --cached --ignore-unmatch {path}' -- main..{name} >/dev/null\ngit checkout -q main",
        sloppy=f"git checkout -q {name}\nrm -f {path}\ngit commit -q -a --allow-empty -m 'Remove it'\n"
        "git checkout -q main",
        questions=(_log_question(name, base, lines), Question(gone, ("0",))),
    )


def wrong_author(scene: Scene) -> Mishap:
    """Commits of a branch were made under a machine's name and must be given to the person who wrote them."""
    name, commits = scene.branch("feature", between(scene.rng, 5, 9))
    base = scene.history.commits[commits[0]].parents[0]
    box, right = Person("root", f"root@{pick(scene.rng, SERVICES)}-01.internal"), pick(scene.rng, scene.project.team)
    mixed: list[str] = []
    lines: list[str] = []
    for position, old in enumerate(commits):
        commit = scene.history.commits[old]
        author = box if position % 2 else commit.author
        parent = mixed[-1] if mixed else base
        mixed.append(scene.project.commit(parent, dict(commit.tree), commit.message.split("\n")[0], author))
        fact = _fact(scene, mixed[-1], commit.tree)
        lines.append(fact.replace(str(box), str(right)))
    note = (
        f"Some commits of `{name}` (not published yet) were made as `{box}` on a build machine. Make `{right}` their "
        "author. The other commits of the branch keep their authors, and all keep content, order, author date and "
        "message."
    )
    script = f'if [ "$GIT_AUTHOR_EMAIL" = {box.email} ]; then export GIT_AUTHOR_NAME="{right.name}" '
    return Mishap(
        note,
        damage=f"git branch {name} {mixed[-1]}\n",
        repair=f"FILTER_BRANCH_SQUELCH_WARNING=1 git filter-branch -f --env-filter '{script}"
        f"GIT_AUTHOR_EMAIL={right.email}; fi' -- main..{name} >/dev/null",
        sloppy=f"FILTER_BRANCH_SQUELCH_WARNING=1 git filter-branch -f --env-filter 'export "
        f'GIT_AUTHOR_NAME="{right.name}" GIT_AUTHOR_EMAIL={right.email}\' -- main..{name} >/dev/null',
        questions=(_log_question(name, base, lines),),
    )


def damaged_store(scene: Scene) -> Mishap:
    """Zero-length objects: most are in last night's bundle, some only in the working tree."""
    commits = scene.history.commits
    saved = scene.main[len(scene.main) * 2 // 3]
    kept = {
        blob_id(data) for name in scene.main[: len(scene.main) * 2 // 3 + 1] for data in commits[name].tree.values()
    }
    tip = scene.main[-1]
    fresh = sorted(path for path, data in commits[tip].tree.items() if blob_id(data) not in kept)
    shown = sample(scene.rng, fresh, min(len(fresh), scene.level - 2))
    victims = sample(scene.rng, sorted(kept), 2 + scene.level)
    victims += sample(scene.rng, scene.main[1 : len(scene.main) * 2 // 3], scene.level - 3)
    victims += [blob_id(commits[tip].tree[path]) for path in shown]
    files = " ".join(f"{name[:2]}/{name[2:]}" for name in sorted(set(victims)))
    note = (
        "The power cut also left damaged (empty) objects in the store. Last night's backup of `main` is the bundle "
        f"`{BUNDLE}`; what was committed after it can only come from elsewhere on this machine, for example from the "
        "working tree. Every object that a branch needs must be whole again."
    )
    return Mishap(
        note,
        damage=f"mkdir -p /workspace/backup\ngit branch saved {saved}\n"
        f"git bundle create -q {BUNDLE} saved\ngit branch -q -D saved\n"
        f"cd .git/objects\nfor file in {files}; do chmod u+w $file; : > $file; done\ncd {REPO}\n",
        repair="find .git/objects -type f -size 0 -delete\n"
        f"git bundle unbundle {BUNDLE} >/dev/null\n"
        "find . -path ./.git -prune -o -type f -print | git hash-object -w --stdin-paths >/dev/null",
        sloppy="find .git/objects -type f -size 0 -delete\n"
        "find . -path ./.git -prune -o -type f -print | git hash-object -w --stdin-paths >/dev/null",
    )


def broken_head(scene: Scene) -> Mishap:
    """HEAD and the index are torn and a lock file was left, so that Git does not even see a repository."""
    return Mishap(
        "Git commands fail in the folder altogether; `main` was checked out when the power went.",
        damage="head -c 21 /dev/zero > .git/HEAD\nhead -c 64 .git/index > .git/cut\nmv .git/cut .git/index\n"
        ": > .git/index.lock\n",
        repair="printf 'ref: refs/heads/main\\n' > .git/HEAD\nrm -f .git/index.lock .git/index\ngit reset -q",
    )


def _fact(scene: Scene, commit: str, tree: object) -> str:
    found = scene.history.commits[commit]
    assert isinstance(tree, dict)
    return f"{scene.history.tree_id(tree)} {found.author} {found.when} {found.message.split(chr(10))[0]}"


def _facts(scene: Scene, commits: list[str]) -> list[str]:
    return [_fact(scene, commit, scene.history.commits[commit].tree) for commit in commits]


def _log_question(branch: str, base: str, lines: list[str]) -> Question:
    form = "%T %an <%ae> %ad %s"
    return Question(f"git log --reverse --date=raw --format='{form}' {base}..refs/heads/{branch}", tuple(lines))


Maker = Callable[[Scene], Mishap]


def _plan(rng: np.random.Generator, level: int) -> list[Maker]:
    """The mishaps of a level, in the order in which they are repaired; the damage is done in the reverse order."""
    simple: list[Maker] = [reset_main, deleted_branch, broken_ref]
    rewriting: list[Maker] = [leaked_file, wrong_author]
    if level == 1:
        return [pick(rng, simple)]
    if level == 2:
        return [pick(rng, [broken_ref, deleted_branch]), pick(rng, [reset_main, wrong_branch])]
    if level == 3:
        return [broken_ref, dangling_branch, pick(rng, rewriting)]
    if level == 4:
        return [damaged_store, dangling_branch, pick(rng, rewriting), wrong_branch]
    return [
        broken_head,
        broken_ref,
        broken_ref,
        damaged_store,  # torn refs keep `git bundle` from working, so they come first
        *sample(rng, [dangling_branch, dangling_branch, deleted_branch], 3),
        *sample(rng, rewriting, 2),
        wrong_branch,
    ]


def _instruction(scene: Scene, mishaps: list[Mishap]) -> str:
    opening = pick(
        scene.rng,
        (
            f"The repository of {scene.project.name} in {REPO} needs help.",
            f"{REPO} is the only clone of {scene.project.name} that we have, and it is in a bad state.",
            f"Please repair the Git repository {REPO} ({scene.project.name}) in place.",
        ),
    )
    notes = "\n".join(f"{number}. {mishap.note}" for number, mishap in enumerate(mishaps, 1))
    return (
        f"{opening}\n\n{notes}\n\nAll other branches and tags stay as they are. What counts at the end is what the "
        f"branches in {REPO}/.git point to, and that every object they need is there and whole; more branches, "
        "the reflogs, the configuration and the working tree do not matter. Commit ids must be the original ones "
        "wherever nothing above asks for new commits. There is no network.\n"
    )


def build(rng: np.random.Generator, level: int) -> Task:
    """One repository with the mishaps of its level."""
    scene = Scene(rng, level)
    plan = _plan(rng, level)
    # the last in the plan may lengthen main, which those before it must know
    mishaps = [maker(scene) for maker in reversed(plan)][::-1]
    bystander, commits = scene.branch("release", 2)
    refs = {f"refs/heads/{bystander}": commits[-1], "refs/heads/main": scene.main[-1]}
    scene.history.refs = dict(refs)
    for mishap in mishaps:
        refs.update(mishap.refs)
    damage = "".join(mishap.damage for mishap in reversed(mishaps))
    told = [mishaps[int(index)] for index in rng.permutation(len(mishaps))]
    repairs = tuple(f"cd {REPO}\n{mishap.repair}" for mishap in mishaps)
    sloppy = next(index for index in range(len(mishaps) - 1, -1, -1) if mishaps[index].sloppy)
    carefully_wrong = (*repairs[:sloppy], f"cd {REPO}\n{mishaps[sloppy].sloppy}", *repairs[sloppy + 1 :])
    questions = [refs_question(refs), *(question for mishap in mishaps for question in mishap.questions)]
    steps, seconds = _LIMITS[level]
    return Task(
        instruction=_instruction(scene, told),
        verifier=TrialVerifier(repository_exports(REPO), (repository_case(REPO, questions),)),
        setup=scene.history.setup(REPO) + damage,
        setup_files={SETUP_STREAM: scene.history.stream()},
        tools=("git", "grep", "sed", "awk", "find"),
        oracle=repairs,
        cheats={
            "one mishap repaired the sloppy way": carefully_wrong,
            "a new repository with the same files": (
                f"cd {REPO}\nrm -rf .git\ngit init -q -b main\ngit add -A\n"
                "git -c user.name=a -c user.email=a@example.com commit -q -m 'Start again'",
            ),
            "the repository replaced by a link": (f"mv {REPO}/.git /workspace/git\nln -s /workspace/git {REPO}/.git",),
            "names without objects": (
                f"cd {REPO}\n"
                + "\n".join(
                    f"mkdir -p .git/{ref.rpartition('/')[0]}\necho {scene.main[0]} > .git/{ref}" for ref in sorted(refs)
                ),
            ),
        },
        limits=Limits(steps=steps, seconds=seconds),
    )


FAMILY = TaskFamily(
    name="git-repair",
    summary="Repair a Git repository: lost commits, torn refs, damaged objects, history to rewrite.",
    skills=("git internals", "reflog and fsck", "history rewriting", "recovery from backups"),
    chance=0.0,
    build=build,
)
