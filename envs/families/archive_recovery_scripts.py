"""The scripts that solve archive-recovery, filled in with `str.format` where they have fields."""

# ruff: noqa: E501 - dense on purpose: scripts typed into a shell, not code of this package

from __future__ import annotations

# compression happens in the sandbox, because the bytes that zlib writes differ between its versions
SETUP = """\
import base64, gzip, json, lzma, os, random
os.makedirs("/workspace/media")
for bundle in json.load(open("/tmp/.setup/plan.json")):
    data = open("/tmp/.setup/" + bundle["source"], "rb").read()
    for step, value in bundle["steps"]:
        if step == "gzip": data = gzip.compress(data, mtime=0)
        if step == "xz": data = lzma.compress(data)
        if step == "cut": data = data[:-value]
        if step == "junk": data = value.encode() + data
        if step == "magic": data = bytes(2) + data[2:]
        if step == "crlf": data = data.replace(b"\\n", b"\\r\\n")
        if step == "swab":
            data = bytearray(data + bytes(len(data) % 2)); data[::2], data[1::2] = data[1::2], data[::2]
        if step == "mail": data = value.encode() + base64.encodebytes(data).replace(b"\\n", b"\\r\\n") + b"\\r\\n--=_7f--\\r\\n"
    name = "/workspace/media/" + bundle["name"]
    if bundle["parts"]:
        size = -(-len(data) // len(bundle["parts"]))
        for number, part in enumerate(bundle["parts"]): open(f"{name}.{part}", "wb").write(data[number * size:][:size])
    else: open(name, "wb").write(data)
"""

ORACLE = """\
cat > /tmp/carve.py <<'PY'
import base64, binascii, glob, hashlib, io, lzma, os, re, struct, zlib
wanted = {}
for line in open("/workspace/MANIFEST.sha256"):
    digest, path = line.rstrip("\\n").split("  ", 1); wanted[digest] = path
found, seen = {}, {}
def gunzip(data):
    out = b""
    try:
        while data[:2] == b"\\x1f\\x8b":
            engine = zlib.decompressobj(31)
            for at in range(0, len(data), 64): out += engine.decompress(data[at:at + 64])
            data = engine.unused_data
    except zlib.error: pass
    return out
def unxz(data):
    try: return lzma.LZMADecompressor().decompress(data)
    except lzma.LZMAError: return b""
def swab(data):
    data = bytearray(data[: len(data) // 2 * 2]); data[::2], data[1::2] = data[1::2], data[::2]; return bytes(data)
def explore(data, depth):
    digest = hashlib.sha256(data).hexdigest()
    if digest in wanted: found[wanted[digest]] = data
    if depth <= seen.get(digest, 0) or not data: return
    seen[digest] = depth
    for at in [m.start() for m in re.finditer(b"\\x1f\\x8b\\x08", data)][:5]: explore(gunzip(data[at:]), depth - 1)
    for at in [m.start() for m in re.finditer(b"\\xfd7zXZ\\0", data)][:3]: explore(unxz(data[at:]), depth - 1)
    if data[:3] == b"\\0\\0\\x08": explore(gunzip(b"\\x1f\\x8b" + data[2:]), depth - 1)
    for m in re.finditer(b"PK\\x03\\x04", data):
        head = data[m.start():][:30]
        if len(head) == 30:
            size, name, extra = struct.unpack("<L", head[18:22])[0], *struct.unpack("<HH", head[26:30])
            at = m.start() + 30 + name + extra; explore(data[at:at + size], depth - 1)
    for m in re.finditer(b"ustar", data):
        at = m.start() - 257; head = data[at:at + 512] if at >= 0 else b""
        if re.fullmatch(b"[0-7]{11}[\\0 ]", head[124:136]):
            explore(data[at + 512:at + 512 + int(head[124:135], 8)], depth - 1)
    if len(data) > 1 and depth > 2: explore(swab(data), depth - 1)
    if b"\\r\\n" in data: explore(data.replace(b"\\r\\n", b"\\n"), depth - 1)
    for block in re.findall(b"(?:[A-Za-z0-9+/=]{60,}\\r?\\n)+[A-Za-z0-9+/=]*", data)[:3]:
        try: explore(base64.b64decode(block), depth - 1)
        except binascii.Error: pass
groups = {}
for path in sorted(glob.glob("/workspace/media/*")):
    groups.setdefault(re.sub(r"\\.(part\\d+|\\d{3})$", "", path), []).append(path)
for paths in groups.values(): explore(b"".join(open(path, "rb").read() for path in paths), 6)
for path, data in found.items():
    target = "/workspace/restored/" + path
    os.makedirs(os.path.dirname(target), exist_ok=True); open(target, "wb").write(data)
open("/workspace/lost.txt", "w").writelines(path + "\\n" for path in sorted(set(wanted.values()) - found.keys()))
PY
python3 /tmp/carve.py
"""

NAIVE = """\
mkdir -p /workspace/restored /tmp/x; cd /tmp/x
for f in /workspace/media/*; do tar xf "$f"; unzip -oq "$f"; done 2>/dev/null
while read -r sum path; do
  [ -e "$path" ] && mkdir -p "/workspace/restored/$(dirname "$path")" && cp "$path" "/workspace/restored/$path"
  [ -e "$path" ] || echo "$path" >> /workspace/lost.txt
done < /workspace/MANIFEST.sha256
sort -o /workspace/lost.txt /workspace/lost.txt
"""
