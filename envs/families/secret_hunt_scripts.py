"""The scripts that solve secret-hunt, filled in with `str.format` where they have fields."""

# ruff: noqa: E501 - dense on purpose: scripts typed into a shell, not code of this package

from __future__ import annotations

ORACLE = """\
cat > /tmp/hunt.py <<'PY'
import base64, binascii, csv, glob, gzip, hashlib, io, os, re, sqlite3, subprocess, sys, tarfile
level, skip, formats = {level}, {skip!r}, {formats!r}
digits, repo = {digits!r}, "/workspace/repo"
revoked = set(open("/workspace/revoked.txt").read().split()) if level >= 4 and skip != "revocations" else set()
def secrets(text):
    for kind, form in formats.items():
        for m in re.finditer("(?<![0-9A-Za-z])" + form + "(?![0-9A-Za-z])", text):
            value = m[0]
            if skip != "rules":
                if kind == "aws" and value.endswith("EXAMPLE"): continue
                if kind == "github" and level >= 3:
                    number, check = binascii.crc32(value[4:34].encode()), ""
                    for _ in range(6): number, at = divmod(number, 62); check = digits[at] + check
                    if check != value[34:]: continue
                if hashlib.sha256(value.encode()).hexdigest() in revoked: continue
            yield kind, value
def texts(path, data):
    if skip == "containers": yield data.decode("utf-8", "replace"); return
    if data[:2] == b"\\x1f\\x8b": data = gzip.decompress(data)
    if path.endswith(".tar"):
        archive = tarfile.open(fileobj=io.BytesIO(data))
        for member in archive: yield from texts(member.name, archive.extractfile(member).read())
        return
    if data[:15] == b"SQLite format 3":
        for line in sqlite3.connect(repo + "/" + path).iterdump(): yield line
        return
    text = data.decode("utf-16") if data[:2] in (b"\\xff\\xfe", b"\\xfe\\xff") else data.decode("utf-8", "replace")
    yield text
    for word in re.findall("[0-9A-Za-z+/]{{24,}}={{0,2}}", text) if level >= 4 else []:
        try: yield base64.b64decode(word).decode()
        except ValueError: pass
here, tree, old = set(), [], set()
for folder, folders, names in os.walk(repo):
    if ".git" in folders: folders.remove(".git")
    tree += [os.path.join(folder, name) for name in names]
for path in tree:
    name = os.path.relpath(path, repo)
    for text in texts(name, open(path, "rb").read()): here |= {{(kind, value, name) for kind, value in secrets(text)}}
if level >= 3 and skip != "history":
    git = lambda *words: subprocess.run(["git", "-C", repo, *words], capture_output=True, check=True).stdout
    pairs = set()
    for commit in git("rev-list", "--all").decode().split():
        for line in git("ls-tree", "-r", commit).decode().splitlines(): pairs.add((line.split()[2], line.split("\\t")[1]))
    batch = subprocess.run(["git", "-C", repo, "cat-file", "--batch"], input="\\n".join(blob for blob, name in pairs).encode(), capture_output=True).stdout
    for blob, name in pairs:
        end = batch.index(b"\\n"); size = int(batch[:end].split()[2])
        data, batch = batch[end + 1:end + 1 + size], batch[end + 2 + size:]
        for text in texts(name, data): old |= {{(kind, value, name) for kind, value in secrets(text)}}
if level in (2, 3) and skip != "redaction":
    for path in tree:
        text = raw = open(path, newline="").read()
        for kind, value, name in here:
            if name == os.path.relpath(path, repo): text = text.replace(value, "REDACTED")
        if text != raw: open(path, "w", newline="").write(text)
out = csv.writer(open("/workspace/findings.csv", "w"))
out.writerow(["kind", "secret", "path"] if level < 3 else ["kind", "secret", "path", "where"])
for row in sorted(here): out.writerow(row if level < 3 else [*row, "worktree"])
for row in sorted(old - here): out.writerow([*row, "history"])
PY
python3 /tmp/hunt.py
"""
