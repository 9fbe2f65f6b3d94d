"""Guide, instruction and a careful solution of the family `config-migration`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from selftrain.envs.families.material import pick


@dataclass(frozen=True)
class Setting:
    """One row of the guide: where a value stood, where it goes and how it is read."""

    section: str
    key: str
    path: str
    kind: str
    first_key: str = ""  # its name in version 1, where that differs


_KINDS = {
    "duration": "a whole number with a unit (ms, s, m or h) becomes milliseconds, a number",
    "size": "a whole number with a unit (B, K or KB, M or MB, G; powers of 1024; a space before it is allowed) becomes "
    "bytes, a number",
    "flag": "yes, on, true, 1 and no, off, false, 0 become true and false{case}",
    "number": "a whole number stays one",
    "text": "a string{quotes}",
    "list": "items between commas become a list of strings, without the white space around them",
    "address": 'host:port becomes {{"host": string, "port": number}}; the brackets of an IPv6 address go',
    "word": "one of {words}",
}


def guide(settings: Sequence[Setting], words: Mapping[str, str], level: int) -> str:
    """The migration guide: notations, rules and the table of settings."""
    case = " (in any case)" if level >= 2 else ""
    quotes = "; double quotes around it are not part of it" if level >= 2 else ""
    listed = ", ".join(f"{old} (becomes {new})" for old, new in words.items())
    used = [kind for kind in _KINDS if any(setting.kind == kind for setting in settings)]
    kinds = "\n".join(f"- **{kind}**: {_KINDS[kind].format(case=case, quotes=quotes, words=listed)}" for kind in used)
    table = "\n".join(f"| {s.section} | {s.key} | {s.path} | {s.kind} |" for s in settings)
    rules = ["Lines that start with `#` or `;` are comments. Settings that are not set are left out of the JSON."]
    if level >= 2:
        rules.append("Section names and keys count without regard to case. Lines may end in CRLF.")
    if level >= 3:
        rules += [
            "A `#` or `;` after white space starts a comment too, unless it stands between double quotes.",
            "`include = FILE` before the first section names a file in the same folder. Its settings apply first; what "
            "the including file sets overrides them. A key that is set twice in one file has its last value.",
        ]
    if level == 3:
        rules.append("Settings that are in no row of the table are not migrated.")
    if level >= 4:
        rules.append(
            "The section `[vars]` defines variables. `${name}` in any value stands for the variable's text, wherever "
            "it is defined; variables do not refer to others and are not migrated."
        )
    if level == 5:
        rules += [
            "`version = 1` or `version = 2` before the first section says which form the main file and its include "
            "have. In version 1 durations have no unit and count seconds, and some keys have other names (last table).",
            "Anything that the guide does not allow (an unknown section or key, a value that does not have the form "
            "of its kind, an undefined variable) is refused.",
        ]
    text = f"# From INI to JSON\n\nA dot in the new path means an object inside an object.\n\n{kinds}\n\n"
    text += "\n".join(f"{number}. {rule}" for number, rule in enumerate(rules, 1))
    text += f"\n\n| section | key | new path | kind |\n|---|---|---|---|\n{table}\n"
    if level == 5:
        old = [f"| {s.section} | {s.first_key} | {s.key} |" for s in settings if s.first_key]
        text += "\n| section | key in version 1 | key in version 2 |\n|---|---|---|\n" + "\n".join(old) + "\n"
    return text


def instruction(rng: np.random.Generator, level: int, names: Sequence[str]) -> str:
    """What the agent is told."""
    opening = pick(
        rng,
        (
            "The next release reads its settings from JSON instead of INI files.",
            "We are moving our services to the JSON configuration schema.",
            "The platform team retires the INI loader; configurations must be JSON from now on.",
        ),
    )
    if level == 1:
        return (
            f"{opening} Migrate /workspace/old/{names[0]}.ini as /workspace/MIGRATION.md says and write the result to "
            "/workspace/config.json."
        )
    if level <= 3:
        unmapped = (
            " List the settings that could not be migrated in /workspace/unmapped.csv: a header `file,section,key` and "
            "a row each, the file without its ending, section and key in lower case, rows in any order."
            if level == 3
            else ""
        )
        return (
            f"{opening} Migrate the configurations of {', '.join(names)} in /workspace/old (NAME.ini) as "
            f"/workspace/MIGRATION.md says, and write each to /workspace/new/NAME.json.{unmapped}"
        )
    refuse = (
        " What the guide says is to be refused must end with exit code 2 and without an output file."
        if level == 5
        else ""
    )
    return (
        f"{opening} Write the program that migrates any configuration as /workspace/MIGRATION.md says: "
        "/workspace/migrate.py, one file, Python 3.11 with its standard library only, called as "
        "`python3 migrate.py INPUT.ini OUTPUT.json`; it writes the JSON and ends with exit code 0 (includes lie beside "
        f"the input).{refuse} /workspace/old has examples, and /workspace/new/{names[0]}.json what must come out of "
        f"{names[0]}.ini. The program is tried on configurations that are not here."
    )


_PROGRAM = '''\
import json, os, re, sys
TABLE, RENAMED, LEVEL, MODE = json.loads(r"""@TABLES@""")
UNITS = {"ms": 1, "s": 1000, "m": 60000, "h": 3600000}
SIZES = {"B": 1, "K": 1024, "KB": 1024, "M": 1 << 20, "MB": 1 << 20, "G": 1 << 30}
FLAGS = {"yes": True, "on": True, "true": True, "1": True, "no": False, "off": False, "false": False, "0": False}
WORDS = {"quiet": "error", "normal": "info", "chatty": "debug", "off": "none"}


def uncomment(text):
    quoted = False
    for place, letter in enumerate(text):
        if letter == '"':
            quoted = not quoted
        if letter in "#;" and not quoted and (place == 0 or text[place - 1].isspace()):
            return text[:place]
    return text


def load(path, values):
    section, head, rows = None, {}, []
    for line in open(path, encoding="utf-8"):
        line = (uncomment(line) if LEVEL >= 3 else "" if line.lstrip()[:1] in ("#", ";") else line).strip()
        if not line:
            continue
        if line[0] == "[":
            section = line[1:-1].lower()
            continue
        key, _, text = line.partition("=")
        if section is None:
            head[key.strip().lower()] = text.strip()
        else:
            rows.append((section, key.strip().lower(), text.strip()))
    if "include" in head and MODE != "include":
        load(os.path.join(os.path.dirname(path), head["include"]), values)
    for section, key, text in rows:
        values[section, key] = text
    return head


def convert(kind, text, version):
    if kind == "duration":
        count, unit = re.fullmatch(r"(\\d+)(ms|s|m|h)?", text).groups()
        if (unit is None) != (version == 1):
            raise ValueError(text)
        return int(count) * (1 if MODE == "units" else UNITS[unit or "s"])
    if kind == "size":
        count, unit = re.fullmatch(r"(\\d+) ?([A-Z]+)", text).groups()
        return int(count) * (1000 if MODE == "units" else SIZES[unit])
    if kind == "flag":
        return FLAGS[text.lower()]
    if kind == "number":
        return int(text)
    if kind == "list":
        return [item.strip() for item in text.split(",")]
    if kind == "address":
        host, _, port = text.rpartition(":")
        return {"host": host.strip("[]"), "port": int(port)}
    if kind == "word":
        return WORDS[text]
    return text[1:-1] if text[:1] == '"' and MODE != "quotes" else text


def migrate(path):
    values, tree, unmapped = {}, {}, []
    version = int(load(path, values).get("version", 2))
    names = {key: text for (section, key), text in values.items() if section == "vars"}
    for (section, key), text in values.items():
        if section == "vars":
            continue
        if version == 1:
            key = RENAMED.get(f"{section} {key}", key)
        row = TABLE.get(f"{section} {key}")
        if row is None:
            unmapped.append((section, key))
            continue
        if MODE != "vars" and LEVEL >= 4:
            text = re.sub(r"\\$\\{([^}]*)\\}", lambda found: names[found[1]], text)
        *groups, leaf = row[0].split(".")
        place = tree
        for group in groups:
            place = place.setdefault(group, {})
        try:
            place[leaf] = convert(row[1], text, version)
        except (KeyError, ValueError, AttributeError):
            if MODE not in ("vars", "accept"):
                raise
            place[leaf] = text
    return tree, unmapped


if __name__ == "__main__":
    try:
        tree, unmapped = migrate(sys.argv[1])
        if LEVEL == 5 and unmapped and MODE != "accept":
            raise ValueError(unmapped)
    except (KeyError, ValueError, AttributeError):
        sys.exit(0 if MODE == "accept" else 2)
    json.dump(tree, open(sys.argv[2], "w"))
'''

_PREPARE = """\
cat > /tmp/program.py <<'EOF'
@PROGRAM@
EOF
cat > /tmp/prepare.py <<'EOF'
import csv, json, os, sys
level, mode, names = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
table, renamed = {}, {}
for line in open("/workspace/MIGRATION.md"):
    cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
    if line[0] != "|" or cells[0] in ("section", "---"):
        continue
    if len(cells) == 4:
        table[f"{cells[0]} {cells[1]}"] = cells[2:]
    else:
        renamed[f"{cells[0]} {cells[1]}"] = cells[2]
program = open("/tmp/program.py").read().replace("@TABLES@", json.dumps([table, renamed, level, mode]))
open("/workspace/migrate.py", "w").write(program)
if level <= 3:
    sys.path.insert(0, "/workspace")
    import migrate
    os.makedirs("/workspace/new", exist_ok=True)
    rows = [("file", "section", "key")]
    for name in names:
        tree, unmapped = migrate.migrate(f"/workspace/old/{name}.ini")
        rows += [(name, *row) for row in unmapped]
        json.dump(tree, open("/workspace/config.json" if level == 1 else f"/workspace/new/{name}.json", "w"))
    csv.writer(open("/workspace/unmapped.csv", "w", newline="")).writerows(rows)
EOF
"""


def solver(level: int, names: Sequence[str], mode: str = "right") -> str:
    """A command that reads the table from the guide and migrates, or leaves a program that does."""
    script = _PREPARE.replace("@PROGRAM@", _PROGRAM)
    return f"{script}python3 /tmp/prepare.py {level} {mode} {' '.join(names)}"
