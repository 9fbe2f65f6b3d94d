"""The scripts that solve encoding-recovery, filled in with `str.format` where they have fields."""

from __future__ import annotations

SUMS_ORACLE = """\
mkdir -p /workspace/out; cat > /tmp/recover.py <<'PY'
import hashlib
codecs, misread, lazy = {codecs!r}, {misread!r}, {lazy!r}
def tries(data):
    try: text = data.decode("utf-8-sig"); yield text
    except ValueError: text = None
    for wrong in misread if text is not None and not lazy else []:
        try: yield from tries(text.encode(wrong))
        except ValueError: pass
    for name in [*codecs, "utf-16"]:
        try: yield data.decode(name)
        except ValueError: pass
for line in open("/workspace/SHA256SUMS"):
    wanted, name = line.split()
    data = open("/workspace/in/" + name, "rb").read()
    for text in tries(data):
        text = text.replace("\\r\\n", "\\n").replace("\\r", "\\n").encode()
        if hashlib.sha256(text).hexdigest() == wanted or lazy:
            open("/workspace/out/" + name, "wb").write(text); break
PY
python3 /tmp/recover.py
"""

ROWS_ORACLE = """\
mkdir -p /workspace/out; cat > /tmp/recover.py <<'PY'
import base64, binascii, glob, html, os, quopri, re, unicodedata, urllib.parse
codecs, misread, depth = {codecs!r}, {misread!r}, {depth}
def text_steps(data):
    try: text = data.decode()
    except ValueError: return
    for wrong in misread:
        try: yield text.encode(wrong)
        except ValueError: pass
    yield html.unescape(text).encode()
    if "%" in text: yield urllib.parse.unquote_to_bytes(text)
    if "=" in text: yield quopri.decodestring(data)
    word = re.fullmatch(r"=\\?utf-8\\?B\\?(.*)\\?=", text)
    if word: yield base64.b64decode(word[1])
    if "\\\\u" in text: yield re.sub(r"\\\\u([0-9a-f]{{4}})", lambda m: chr(int(m[1], 16)), text).encode()
def right(data, wanted):
    for name in ("utf-8", *codecs):
        try: text = unicodedata.normalize("NFC", data.decode(name))
        except ValueError: continue
        if binascii.crc32(text.encode()) == wanted: return text
def recover(data, wanted):
    layer, seen = [data], {{data}}
    for _ in range(depth + 1):
        for item in layer:
            text = right(item, wanted)
            if text is not None: return text
        layer = [step for item in layer for step in text_steps(item) if step not in seen and not seen.add(step)]
lost = []
for path in sorted(glob.glob("/workspace/in/*.tsv")):
    with open("/workspace/out/" + os.path.basename(path), "w") as out:
        for line in open(path, "rb").read().split(b"\\n"):
            if not line: continue
            key, crc, data = line.split(b"\\t", 2)
            text = recover(data, int(crc, 16))
            if text is None: lost.append(key.decode())
            else: out.write(f"{{key.decode()}}\\t{{text}}\\n")
open("/workspace/out/lost.txt", "w").writelines(key + "\\n" for key in sorted(lost))
PY
python3 /tmp/recover.py
"""
