"""The page on the renaming and the scripted solution of the family `large-refactor`."""

# ruff: noqa: E501 - dense on purpose: a script typed into a shell, not code of this package

from __future__ import annotations

README = """\
# Renaming of the client's functions

{renames}

`core/client.py` has the new names already, and `compat/` keeps the old ones. Everything else in repo/ still uses the old
names: go through CHECKLIST from top to bottom. In each file rename what is the client's function, and only that:

- Where a name is imported from `core.client`, each use of the name is the client's function: calls, values handed
  over, comments that speak of it, and the import itself.
- `client.NAME` is always the client's function; the attribute of any other object never is.
- A name that the file defines itself or imports from elsewhere (`compat`, say) is not the client's.
- `from PACKAGE.base import *`: look at that module. What it has from `core.client` is the client's, what it defines
  is not. These modules come first in the checklist.
- Text between quotes stays (messages go to the wire and into logs under the old names), and so do keyword arguments.
- A file with a `# pinned` line is under audit and stays as it is.

Change nothing else. `/workspace/done.csv` has the header `path,renamed,kept` and one row for each line of CHECKLIST:
the path as it is there, how many occurrences of old names were renamed and how many stayed.
"""

# the solution, with places where careless ones differ
SCRIPT = """\
cat > /tmp/rename.py <<'PY'
import os, re
os.chdir("/workspace")
slip = "{slip}"
names = dict(re.findall(r"`(\\w+)` -> `(\\w+)`", open("RENAMES.md").read()))
word = re.compile(r"\\b(" + "|".join(names) + r")\\b")
def own_names(path):
    found = set()
    for line in open(path):
        source = re.match(r"from ([\\w.]+) import (.*)", line)
        if source and source[2] == "*" and slip != "stars": found |= own_names("repo/" + source[1].replace(".", "/") + ".py")
        if source and source[1] != "core.client": found |= set(word.findall(source[2]))
        defined = re.match(r"\\s*def (\\w+)", line)
        if defined and defined[1] in names: found.add(defined[1])
    return set() if slip == "own" else found
rows = ["path,renamed,kept"]
paths = open("CHECKLIST").read().split()
for path in paths[: len(paths) // 2] if slip == "half" else paths:
    lines, own, count = open(path).read().split("\\n"), own_names(path), [0, 0]
    pinned = any("# pinned" in line for line in lines) and slip != "pinned"
    def decide(match):
        before, after = match.string[:match.start()], match.string[match.end():]
        quoted = before.count('"') % 2 and slip != "quotes"
        if pinned or quoted or re.match("=[^=]", after): change = False
        elif before.endswith(".") and slip != "objects": change = bool(re.search(r"(?<![\\w.])client\\.$", before))
        else: change = match[1] not in own
        count[not change] += 1
        return names[match[1]] if change else match[1]
    text = "\\n".join(word.sub(decide, line) for line in lines)
    if slip != "paper": open(path, "w").write(text)
    rows.append(f"{{path}},{{count[0]}},{{count[1]}}")
open("done.csv", "w").write("\\n".join(rows) + "\\n")
PY
python3 /tmp/rename.py
"""
