"""`shell-script`: file names made uniform."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from selftrain.envs.families.material import WORDS, between, chance_of, pick, sample
from selftrain.envs.families.shell_script_job import Job, Trial, with_listing


@dataclass(frozen=True)
class _Tidy:
    level: int
    joined: str
    mark: str
    upper: bool
    dry_option: str

    def manual(self, name: str) -> str:
        case = "upper" if self.upper else "lower"
        lines = [
            f"{name} [OPTION] FOLDER",
            "",
            "Renames the regular files of FOLDER (names that start with a dot are left alone): ASCII letters to",
            f"{case} case, and each run of blanks to one `{self.mark}`. It prints nothing and exits with 0.",
        ]
        if self.level >= 2:
            listed = " ".join(self.joined)
            lines += [f"Runs of the characters {listed}, also mixed with blanks, become one `{self.mark}` as well."]
        if self.level >= 3:
            lines += [
                "Files are taken in the order of the bytes of their names. When the name is taken already (by a file",
                f"that keeps its name, or one renamed before), `{self.mark}1`, `{self.mark}2` and so on is put before",
                "the last dot of the name, or at its end when it has none, with the first number that is free.",
            ]
        if self.level >= 4:
            lines += ["Folders below FOLDER are done too, each by itself; their own names stay."]
        if self.level >= 5:
            lines += [
                "",
                f"  {self.dry_option}   rename nothing; print a line `OLD -> NEW` for each file that would be renamed,",
                "       paths relative to FOLDER, in the order of the bytes of the lines.",
            ]
        return "\n".join(lines) + "\n"

    def tidy(self, name: str) -> str:
        name = name.upper() if self.upper else name.lower()
        squeezed = " " + (self.joined if self.level >= 2 else "")
        out = ""
        for letter in name:
            if letter not in squeezed:
                out += letter
            elif not out.endswith("\0"):
                out += "\0"
        return out.replace("\0", self.mark)

    def script(self, collide: bool = True, deep: bool = True, squeeze: bool = True) -> str:
        letters = "'[:lower:]' '[:upper:]'" if self.upper else "'[:upper:]' '[:lower:]'"
        # a hyphen comes last, where it makes no range
        joined = " " + ("".join(sorted(self.joined, key="-".__eq__)) if self.level >= 2 and squeeze else "")
        names = f"""LC_ALL=C tr {letters} | LC_ALL=C sed 's/[{joined}]\\{{1,\\}}/{self.mark}/g'"""
        number = f"""
    stem=$new end=
    case "$new" in *.*) stem=${{new%.*}} end=.${{new##*.}} ;; esac
    n=0
    while [ -n "${{taken[$folder/$new]}}" ]; do n=$((n + 1)); new=${{stem}}{self.mark}$n$end; done
    taken[$folder/$new]=1"""
        depth = "" if self.level >= 4 and deep else "-maxdepth 1"
        return f"""dry=
if [ "$1" = {self.dry_option} ]; then dry=1; shift; fi
cd -- "$1" || exit 1
declare -A taken
list() {{ find . {depth} -type f ! -name '.*' -print0 | LC_ALL=C sort -z; }}
tidy() {{ printf '%s' "$1" | {names}; }}
while IFS= read -r -d '' path; do
    [ "$(tidy "${{path##*/}}")" = "${{path##*/}}" ] && taken[$path]=1
done < <(list)
while IFS= read -r -d '' path; do
    folder=${{path%/*}} old=${{path##*/}}
    new=$(tidy "$old")
    [ "$new" = "$old" ] && continue{number if collide else ""}
    to=$folder/$new
    if [ -n "$dry" ]; then echo "${{path#./}} -> ${{to#./}}"; else mv -- "$path" "$to"; fi
done < <(list) | LC_ALL=C sort"""


def _messy_name(rng: np.random.Generator, rules: _Tidy) -> str:
    words = sample(rng, WORDS, between(rng, 1, 3))
    words = [pick(rng, (word, word.title(), word.upper())) for word in words]
    gaps = [" ", "  "] + ([*rules.joined, f" {rules.joined[0]} "] if rules.level >= 2 else [])
    name = pick(rng, gaps).join(words) + pick(rng, (".txt", ".JPG", ".tar.gz", "", ".Md"))
    return f"-{name}" if rules.level >= 3 and chance_of(rng, 0.1) else name


def _tidied(rules: _Tidy, names: list[str]) -> dict[str, str]:
    """Old name → new name within one folder."""
    taken = {name for name in names if rules.tidy(name) == name}
    renamed: dict[str, str] = {}
    for name in sorted(names, key=str.encode):
        new = rules.tidy(name)
        if name.startswith(".") or new == name:
            continue
        stem, dot, end = new.rpartition(".")
        stem, end = (stem, dot + end) if dot else (new, "")
        number = 0
        while new in taken:
            number += 1
            new = f"{stem}{rules.mark}{number}{end}"
        taken.add(new)
        renamed[name] = new
    return renamed


def tidying(rng: np.random.Generator, level: int) -> Job:
    """A script that makes file names uniform."""
    name = f"tidy-{pick(rng, WORDS)}"
    joined, mark = pick(rng, (("_+", "-"), ("-+", "_"), ("_,", "-"), ("+,", "_")))
    rules = _Tidy(level, joined, mark, chance_of(rng, 0.3), pick(rng, ("-n", "-d", "--dry-run")))

    def trial(rng: np.random.Generator, number: int) -> Trial:
        files, after, lines = {}, {}, []
        for folder in ["box/"] + (["box/Old Stuff/", "box/Old Stuff/b/"] if level >= 4 else []):
            names = sorted({_messy_name(rng, rules) for _ in range(between(rng, 4, 9))} | {".Hidden File"})
            if level >= 3:
                names += [other for other in (names[-1].swapcase(), rules.tidy(names[-1])) if other not in names]
            else:  # no two names may become one
                names = list({rules.tidy(one): one for one in names}.values())
            renamed = _tidied(rules, names)
            for one in names:
                files[folder + one] = f"{between(rng, 1, 10**9)}\n".encode()
                after[folder + renamed.get(one, one)] = files[folder + one]
            below = folder.removeprefix("box/")
            lines += [f"{below}{old} -> {below}{new}\n" for old, new in renamed.items()]
        dry = level >= 5 and number % 3 == 1
        printed = "".join(sorted(lines, key=str.encode)) if dry else ""
        words = f"{rules.dry_option} box" if dry else "box"
        return with_listing(words, printed, 0, b"", files, files if dry else after)

    sloppy = {"only the first blank": rules.script().replace("\\{1,\\}/", "/").replace("/g'", "/'")}
    if level >= 2:
        sloppy["blanks only"] = rules.script(squeeze=False)
    if level >= 3:
        sloppy["overwrites"] = rules.script(collide=False)
    if level >= 4:
        sloppy["one folder only"] = rules.script(deep=False)
    return Job(name, rules.manual(name), rules.script(), sloppy, trial)
