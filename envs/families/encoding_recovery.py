"""encoding-recovery: bring text back to UTF-8 after it went through the wrong code pages."""

from __future__ import annotations

import base64
import binascii
import html
import quopri
import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote

import numpy as np

from selftrain.envs.checks import text_check
from selftrain.envs.families.encoding_recovery_scripts import ROWS_ORACLE, SUMS_ORACLE
from selftrain.envs.families.material import between, chance_of, pick, sample
from selftrain.envs.verifiers import EvidenceVerifier
from selftrain.evidence import Evidence
from selftrain.tasks import Limits, Task, TaskFamily
from selftrain.verdicts import Check

IN, OUT, LOST = "/workspace/in", "/workspace/out", "/workspace/out/lost.txt"
LANGUAGES = {
    "German": "Über Größe prüfen Straße „später“ müssen für Änderung Lösung zurück Gerät Bestätigung 20€",
    "French": "Où déjà reçu élève “façade” côté naïve cœur très août garçon hôtel forêt 15€",
    "Spanish": "Año mañana ¿dónde? señor corazón ¡también! pequeño jamón acción lingüística",
    "Czech": "Příliš žluťoučký kůň úpěl ďábelské ódy měsíc řeka štěstí účet smlouvy",
    "Polish": "Zażółć gęślą jaźń źródło część wpłata księga łódź miesiąc umówić",
    "Russian": "Счёт оплачен договор подпись завтра объект съёмка ящик письмо Москва",
    "Greek": "Πληρωμή λογαριασμός αύριο κωδικός μήνυμα υπογραφή γραφείο πελάτης",
    "Japanese": "請求書 東京 支払い 確認 お客様 カタカナ 明日 契約 ありがとう 表示",
}
LEGACY = {
    "German": ("windows-1252", "macintosh", "windows-1250"),
    "French": ("windows-1252", "macintosh"),
    "Spanish": ("windows-1252", "ISO-8859-1", "CP850", "macintosh"),
    "Czech": ("windows-1250", "ISO-8859-2", "CP852"),
    "Polish": ("windows-1250", "ISO-8859-2", "CP852"),
    "Russian": ("windows-1251", "KOI8-R", "CP866", "ISO-8859-5"),
    "Greek": ("windows-1253", "ISO-8859-7"),
    "Japanese": ("Shift_JIS", "EUC-JP"),
}
# as iconv spells it → as Python does, where the two differ
PYTHON = {"macintosh": "mac_roman", "UTF-16": "utf-16"}
MISREAD = ("windows-1252", "ISO-8859-1", "CP437")
CODECS = tuple(sorted({name for names in LEGACY.values() for name in names}))
WRAPPERS = ("html", "percent", "qp", "base64", "escape")

LABELLED_ORACLE = "mkdir -p {out}; cd {source}; {lines}"


@dataclass(frozen=True)
class Plain:
    """A file as it should be, and as it lies in the workspace."""

    name: str
    text: str
    data: bytes
    encoding: str


def _codec(name: str) -> str:
    return PYTHON.get(name, name)


def _words(rng: np.random.Generator, language: str, count: int) -> str:
    return " ".join(pick(rng, LANGUAGES[language].split()) for _ in range(count))


def _language_for(rng: np.random.Generator, encoding: str) -> str:
    return pick(rng, [language for language, names in LEGACY.items() if encoding in names] or list(LANGUAGES))


def _fits(text: str, encoding: str) -> bool:
    try:
        return text.encode(_codec(encoding)).decode(_codec(encoding)) == text
    except UnicodeError:
        return False


def _prose(rng: np.random.Generator, encoding: str, lines: int) -> str:
    """Lines of one language that `encoding` can hold."""
    language = _language_for(rng, encoding)
    words = [word for word in LANGUAGES[language].split() if _fits(word, encoding)]
    rows = [" ".join(pick(rng, words) for _ in range(between(rng, 3, 9))) for _ in range(lines)]
    return "".join(f"{between(rng, 1000, 9999)};{row}\n" for row in rows)


LABELS = {
    "html": '<!doctype html>\n<meta charset="{0}">\n<title>{1}</title>\n<pre>\n{1}</pre>\n',
    "xml": '<?xml version="1.0" encoding="{0}"?>\n<rows>\n{1}</rows>\n',
    "po": 'msgid ""\nmsgstr "Content-Type: text/plain; charset={0}\\n"\n\n{1}',
    "py": "# -*- coding: {0} -*-\nTABLE = '''\n{1}'''\n",
    "eml": 'Subject: export\nMIME-Version: 1.0\nContent-Type: text/plain; charset="{0}"\n\n{1}',
}


def _plain(rng: np.random.Generator, number: int, level: int) -> Plain:
    encoding = pick(rng, (*CODECS, "UTF-16"))
    text = _prose(rng, encoding, between(rng, 4, 8) if level == 1 else between(rng, 30, 80))
    name = f"export-{number:02d}.txt"
    if level == 2:
        # iconv reads the byte of a backslash in Shift_JIS as a yen sign, Python as a backslash
        kind = pick(rng, [key for key, form in LABELS.items() if encoding != "Shift_JIS" or "\\" not in form])
        name, text = f"export-{number:02d}.{kind}", LABELS[kind].format(encoding, text)
    newline = "\n" if level == 1 else pick(rng, ("\n", "\r\n", "\r"))
    return Plain(name, text, text.replace("\n", newline).encode(_codec(encoding)), encoding)


def _misread_again(rng: np.random.Generator, data: bytes) -> bytes:
    """UTF-8 `data` read as a single-byte code page and written as UTF-8; unchanged where the code page has gaps."""
    wrong = pick(rng, MISREAD)
    try:
        return data.decode(wrong).encode()
    except UnicodeDecodeError:
        return data.decode("ISO-8859-1").encode()


def _labelled_task(rng: np.random.Generator, level: int) -> Task:
    plains = [_plain(rng, number, level) for number in range(1, 4 + 3 * (level - 1))]
    listing = "\n".join(f"- {plain.name}: {plain.encoding}" for plain in plains)
    how = f"They are encoded as follows:\n\n{listing}\n" if level == 1 else "Each says itself how it is encoded. "
    text = (
        f"The files in {IN} come from several systems. {how}\nWrite each of them to {OUT} "
        f"under the same name, in UTF-8 "
    )
    text += "without a byte order mark and with LF line ends (CR LF and CR become LF). The text itself stays as it is"
    text += ", also where it names its old encoding." if level == 2 else "."

    def judge(evidence: Evidence) -> list[Check]:
        return [_exact(evidence, f"{OUT}/{plain.name}", plain.text) for plain in plains]

    ends = r"sed 's/\r$//' | tr '\r' '\n'"
    lines = "\n".join(
        f"iconv -f {plain.encoding} -t UTF-8 {plain.name} | {ends} > {OUT}/{plain.name}" for plain in plains
    )
    blind = "\n".join(f"iconv -f ISO-8859-15 -t UTF-8 {plain.name} | {ends} > {OUT}/{plain.name}" for plain in plains)
    return Task(
        instruction=text,
        verifier=EvidenceVerifier((OUT,), judge),
        files={f"{IN}/{plain.name}": plain.data for plain in plains},
        tools=("iconv", "python3"),
        oracle=(LABELLED_ORACLE.format(out=OUT, source=IN, lines=lines),),
        cheats={
            "takes all for Latin-9": (LABELLED_ORACLE.format(out=OUT, source=IN, lines=blind),),
            "copies": (f"cp -r {IN} {OUT}",),
            "links": (f"mkdir -p {OUT}; ln -s {IN}/* {OUT}",),
        },
        limits=Limits(steps=15 + 5 * level, seconds=300.0 * level),
    )


def _exact(evidence: Evidence, path: str, text: str) -> Check:
    data = evidence.get(path) or b""
    if data.startswith(b"\xef\xbb\xbf"):
        return Check(f"{path} holds the right text", False, "has a byte order mark")
    if b"\r" in data:
        return Check(f"{path} holds the right text", False, "has CR line ends")
    return text_check(evidence, path, text)


def _anonymous(rng: np.random.Generator) -> list[Plain]:
    """Ten files that do not say how they are encoded, four of them misread on the way."""
    plains = []
    for number in range(1, 11):
        plain = _plain(rng, number, 3)
        if number <= 4:
            data = plain.text.encode()
            for _ in range(between(rng, 1, 2)):
                data = _misread_again(rng, data)
            plain = Plain(plain.name, plain.text, data, "UTF-8")
        plains.append(plain)
    order = [plains[int(index)] for index in rng.permutation(len(plains))]
    return [Plain(f"export-{n:02d}.txt", plain.text, plain.data, "") for n, plain in enumerate(order, start=1)]


def _sums_task(rng: np.random.Generator) -> Task:
    plains = _anonymous(rng)
    sums = "".join(f"{sha256(plain.text.encode()).hexdigest()}  {plain.name}\n" for plain in plains)
    text = (
        f"The files in {IN} were UTF-8 with LF line ends before they went through other "
        f"systems. Some are in a code page "
        f"of their region (one of {', '.join(CODECS)}, or UTF-16); some are UTF-8 that was misread as "
        f"{', '.join(MISREAD[:-1])} or {MISREAD[-1]} and written as UTF-8 again, once or twice; line "
        f"ends may have become CR LF or CR. "
        f"/workspace/SHA256SUMS has the checksums from before.\n\nWrite each file to {OUT} "
        f"under the same name as it was: "
        "UTF-8, no byte order mark, LF."
    )

    def judge(evidence: Evidence) -> list[Check]:
        return [_exact(evidence, f"{OUT}/{plain.name}", plain.text) for plain in plains]

    def script(lazy: bool) -> str:
        names = [_codec(name) for name in CODECS]
        return SUMS_ORACLE.format(codecs=names, misread=MISREAD, lazy=lazy)

    return Task(
        instruction=text,
        verifier=EvidenceVerifier((OUT,), judge),
        files={f"{IN}/{plain.name}": plain.data for plain in plains} | {"/workspace/SHA256SUMS": sums.encode()},
        tools=("iconv", "python3", "sha256sum"),
        oracle=(script(False),),
        cheats={
            "takes the first decoding that works": (script(True),),
            "copies": (f"cp -r {IN} {OUT}",),
            "drops what is not ASCII": (
                f"mkdir {OUT}; cd {IN}; for f in *; do tr -cd '\\11\\12\\40-\\176' <$f >{OUT}/$f; done",
            ),
        },
        limits=Limits(steps=40, seconds=900.0),
    )


def _wrapped(kind: str, data: bytes) -> bytes:
    text = data.decode()
    if kind == "html" and not re.search("[\x80-\x9f]", text):  # HTML reads references to C1 controls as Windows-1252
        return "".join(f"&#{ord(mark)};" if ord(mark) > 126 else html.escape(mark) for mark in text).encode()
    if kind in ("html", "percent"):
        return quote(text).encode()
    if kind == "qp":
        return quopri.encodestring(data).replace(b"=\n", b"")
    if kind == "base64":
        return b"=?utf-8?B?" + base64.b64encode(data) + b"?="
    return re.sub(r"[^\x00-\x7e]", lambda mark: f"\\u{ord(mark[0]):04x}", text).encode()


def _damaged(rng: np.random.Generator, text: str, legacy: str, depth: int) -> bytes:
    """`text` after one trip through a legacy code page, or after up to `depth` steps that start from UTF-8."""
    if chance_of(rng, 0.3) and _fits(text, legacy):
        return text.encode(_codec(legacy))
    data = (unicodedata.normalize("NFD", text) if chance_of(rng, 0.2) else text).encode()
    for _ in range(between(rng, 0, depth)):
        data = _misread_again(rng, data) if chance_of(rng, 0.5) else _wrapped(pick(rng, WRAPPERS), data)
    return data


_STEPS = """\
A row is `id`, a tab, `crc`, a tab, and the text. `crc` is the CRC-32
(8 hex digits, as in zip) of the right text in UTF-8.
The text of a row is what several programs made of it, each row by a route of its own:

- some wrote it in a code page: one of {codecs};
- the others started from UTF-8, a few of them in decomposed form (NFD; the right text is always NFC), and then took
  between none and {depth} of these steps, in any order, a step possibly more than once:
  - UTF-8 misread as {misread} and written as UTF-8 again;
  - HTML: everything outside ASCII as decimal references, and &amp; &lt; &gt; &quot; &#x27;;
  - percent-encoding of the UTF-8 bytes;
  - quoted-printable of the UTF-8 bytes, without soft line breaks;
  - an encoded word of RFC 2047, =?utf-8?B?...?=, of the whole text;
  - everything outside ASCII as \\uXXXX (four hex digits; no characters beyond U+FFFF occur).
"""


_ROWS = (
    f"The rows in {IN}/*.tsv are garbled, each in its own way; /workspace/ROUTES.md says what can have happened. "
    f"Write each file to {OUT} under the same name, in UTF-8: one line `id`, tab, right text for each row, in the "
    "same order."
)
_LOST_ROWS = (
    " Rows whose text nothing can bring back (characters were replaced by question marks) are left out there; "
    f"list their ids in {LOST}, one a line, sorted."
)


def _garbled(rng: np.random.Generator, level: int, depth: int) -> tuple[dict[str, bytes], dict[str, str], list[str]]:
    """Files of garbled rows, the text they should have by file name, and the ids of rows beyond repair."""
    per_file = 150 if level == 4 else 450
    files: dict[str, bytes] = {}
    expected: dict[str, str] = {}
    lost: list[str] = []
    keys = iter(sample(rng, range(100_000, 999_999), 4_000))
    for language in sample(rng, list(LANGUAGES), 3 if level == 4 else 6):
        rows, good = [], []
        for _ in range(per_file):
            key, text = f"r{next(keys)}", _words(rng, language, between(rng, 2, 6))
            data = _damaged(rng, text, pick(rng, LEGACY[language]), depth)
            if level == 5 and chance_of(rng, 0.03) and not text.isascii():
                data = _without_letters(text)
                lost.append(key)
            else:
                good.append(f"{key}\t{text}\n")
            rows.append(f"{key}\t{binascii.crc32(text.encode()):08x}\t".encode() + data + b"\n")
        name = f"{language.lower()[:2]}-{between(rng, 10, 99)}.tsv"
        files[f"{IN}/{name}"], expected[name] = b"".join(rows), "".join(good)
    return files, expected, lost


def _rows_task(rng: np.random.Generator, level: int) -> Task:
    depth = 1 if level == 4 else 2
    files, expected, lost = _garbled(rng, level, depth)
    notes = _STEPS.format(codecs=", ".join(CODECS), depth=depth, misread=" or ".join(MISREAD))
    files["/workspace/ROUTES.md"] = f"# What happened to the rows\n\n{notes}".encode()

    def judge(evidence: Evidence) -> list[Check]:
        checks = [_exact(evidence, f"{OUT}/{name}", text) for name, text in sorted(expected.items())]
        listed = "".join(f"{key}\n" for key in sorted(lost))
        return [*checks, _exact(evidence, LOST, listed)] if level == 5 else checks

    def script(steps: int) -> str:
        return ROWS_ORACLE.format(codecs=[_codec(name) for name in CODECS], misread=MISREAD, depth=steps)

    strip = (
        f"mkdir -p {OUT}; touch {LOST}; cd {IN}; for f in *.tsv; do iconv -c -f UTF-8 -t UTF-8 "
        f"$f | cut -f1,3 > {OUT}/$f; done"
    )
    return Task(
        instruction=_ROWS + (_LOST_ROWS if level == 5 else ""),
        verifier=EvidenceVerifier((OUT,), judge),
        files=files,
        tools=("iconv", "python3"),
        oracle=(script(depth),),
        cheats={
            "only tries code pages": (script(0),),
            "drops what is not UTF-8": (strip,),
            "takes all for Windows-1252": (strip.replace("-c -f UTF-8", "-c -f windows-1252"),),
            "copies": (f"cp -r {IN} {OUT}; touch {LOST}",),
        },
        limits=Limits(steps=50 if level == 4 else 70, seconds=300.0 * level),
    )


def _without_letters(text: str) -> bytes:
    return re.sub(r"[^\x00-\x7e]", "?", text).encode()


def build(rng: np.random.Generator, level: int) -> Task:
    """Labelled files at levels 1 and 2, files with checksums at 3, rows with checksums above."""
    if level <= 2:
        return _labelled_task(rng, level)
    return _sums_task(rng) if level == 3 else _rows_task(rng, level)


FAMILY = TaskFamily(
    name="encoding-recovery",
    summary="Bring text back to UTF-8 from code pages, mojibake and stacked transfer encodings.",
    skills=("character encodings", "mojibake", "checksums", "search over hypotheses"),
    chance=0.0,
    build=build,
)
