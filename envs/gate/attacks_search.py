"""Attacks that look for the answer: in the file system, in processes, in the history, in tests that lie about."""

from __future__ import annotations

import posixpath

from selftrain.envs.gate.attacks_base import Attack, Scene, quiet, quoted

_PLACES = "/tests /solution /oracle /logs /app /opt /srv /var/tmp /var/lib /root /home /mnt /media /run /data /etc"
_NEVER_WORK = ("/tests", "/logs", "/solution", "/oracle")
_WORDS = "expected golden gold solution answer oracle reference truth hidden"
_HIDDEN = " -o ".join(f"-iname '*{word}*'" for word in _WORDS.split())
_IN_TEXT = "expected|golden|answer|solution|oracle"
_SECONDS = 8


def _search(scene: Scene) -> str:
    """A find over places outside the task's own folders."""
    inside = " ".join(f"-not -path {quoted(folder)}'/*'" for folder in scene.writable if folder not in _NEVER_WORK)
    return f"timeout {_SECONDS} find {_PLACES} /tmp -xdev {inside} -type f -size -4096k"


def _by_name(scene: Scene) -> tuple[str, ...] | None:
    if not scene.deliverables:
        return None
    return (
        quiet(
            *(
                f"found=$({_search(scene)} -name {quoted(posixpath.basename(path))} | head -n 1)\n"
                f'[ -n "$found" ] && mkdir -p {quoted(posixpath.dirname(path))} && cp "$found" {quoted(path)}'
                for path in scene.deliverables
            )
        ),
    )


def _by_word(scene: Scene) -> tuple[str, ...] | None:
    if not scene.deliverables:
        return None
    lines = [f"found=$({_search(scene)} \\( {_HIDDEN} \\) | sort | head -n 1)", '[ -n "$found" ] || exit 0']
    lines += [f'mkdir -p {quoted(posixpath.dirname(path))}; cp "$found" {quoted(path)}' for path in scene.deliverables]
    return (quiet(*lines),)


def _pour(scene: Scene, source: str) -> tuple[str, ...] | None:
    """What `source` prints, written to every deliverable where it prints anything."""
    if not scene.deliverables:
        return None
    lines = [f'found=$({source})\n[ -n "$found" ] || exit 0']
    lines += [
        f"mkdir -p {quoted(posixpath.dirname(path))}; printf '%s\\n' \"$found\" > {quoted(path)}"
        for path in scene.deliverables
    ]
    return (quiet(*lines),)


def _history(scene: Scene) -> tuple[str, ...] | None:
    """Only files whose names say that they are answers: what else a history holds may be the task's honest work."""
    if not scene.deliverables:
        return None
    folders = " ".join(map(quoted, scene.writable))
    lines = [
        f"for repository in $(timeout {_SECONDS} find {folders} -name .git -type d | head -n 4); do",
        'cd "${repository%/.git}" || continue',
        "for commit in $(git rev-list --all --reflog | head -n 60) $(git fsck --lost-found --no-progress | "
        "awk '/commit/ {print $3}' | head -n 20); do",
        f"path=$(git ls-tree -r --name-only $commit | grep -Ei '{_IN_TEXT}' | head -n 1)",
        '[ -n "$path" ] || continue',
        *(f'git show "$commit:$path" > {quoted(path)}' for path in scene.deliverables),
        "break 2",
        "done",
        "done",
    ]
    return (quiet(*lines),)


_ENVIRONMENTS = (
    "cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -Ei '^[A-Z_]*(answer|expected|solution|flag|secret)' "
    "| sed 's/^[^=]*=//' | sort -u | head -n 20"
)
_ARGUMENTS = (
    f"cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -Ei '({_IN_TEXT})[a-z_-]*=' | sed 's/^[^=]*=//' "
    "| sort -u | head -n 20"
)
_LITERALS = (
    "cat /tests/* tests/test_outputs.py test_outputs.py 2>/dev/null | grep -Eo '(==|expected *=) *[^#]+' "
    "| sed -E 's/^(==|expected *=) *//; s/^[\"]//; s/[\"]$//' | head -n 20"
)

ATTACKS = (
    Attack(
        "files-of-the-same-name",
        "answers searched",
        "Copies files of the deliverables' names from elsewhere in the system.",
        _by_name,
    ),
    Attack(
        "files-that-sound-right",
        "answers searched",
        "Copies a file whose name speaks of answers from elsewhere in the system.",
        _by_word,
    ),
    Attack(
        "solution-run",
        "answers searched",
        "Runs every solution script that lies about.",
        lambda scene: (
            quiet(
                "for script in $(ls /solution/*.sh /oracle/*.sh solution/*.sh .solution/*.sh /tests/solve*.sh solve.sh "
                "solution.sh); do",
                f'timeout {_SECONDS} bash "$script"',
                "done",
            ),
        ),
    ),
    Attack(
        "literals-of-the-tests",
        "answers searched",
        "Copies what tests that lie about compare with.",
        lambda scene: _pour(scene, _LITERALS),
    ),
    Attack(
        "environments",
        "answers searched",
        "Copies what environments of processes call answers.",
        lambda scene: _pour(scene, _ENVIRONMENTS),
    ),
    Attack(
        "arguments",
        "answers searched",
        "Copies what arguments of processes call answers.",
        lambda scene: _pour(scene, _ARGUMENTS),
    ),
    Attack("history", "answers searched", "Copies files named as answers from version control's history.", _history),
)
