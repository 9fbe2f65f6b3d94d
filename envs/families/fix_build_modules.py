"""The C modules that a `fix-build` project is made of, what each must print, and inputs for them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean

import numpy as np

from selftrain.envs.families.material import WORDS, between, pick


@dataclass(frozen=True)
class Data:
    """What the program is built from, apart from code: the files that may change between two builds."""

    version: str
    seed: int
    group: int
    units: Mapping[str, tuple[str, int]]
    codes: Mapping[int, str]
    commands: Mapping[str, str]


@dataclass(frozen=True)
class Module:
    """One command of the program: what its header says, its C code, the right answer and a maker of inputs."""

    says: str
    code: str
    answer: Callable[[str, Data], str]
    make: Callable[[np.random.Generator, Data], str]


def _phrase(rng: np.random.Generator, data: Data) -> str:
    words = [pick(rng, WORDS) for _ in range(between(rng, 1, 18))]
    if between(rng, 0, 2) == 0:
        words[-1] = pick(rng, ("Zürich", "naïve", "smörgås", "señor", "Łódź"))
    return " ".join(words)


def _number(rng: np.random.Generator, data: Data) -> str:
    return str(between(rng, 0, 10 ** between(rng, 2, 7)))


def _fnv(text: str, data: Data) -> str:
    value = data.seed
    for byte in text.encode():
        value = (value ^ byte) * 16777619 % 2**32
    return f"{value:08x}"


def _rle_input(rng: np.random.Generator, data: Data) -> str:
    return "".join(pick(rng, "abcxyz") * between(rng, 1, 14) for _ in range(between(rng, 1, 12)))


def _rot(text: str, data: Data) -> str:
    small, big = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return text.translate(str.maketrans(small + big, small[13:] + small[:13] + big[13:] + big[:13]))


def _luhn(text: str, data: Data) -> str:
    total = 0
    for place, digit in enumerate(reversed(text)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return f"{'ok' if total % 10 == 0 else 'bad'} {total}"


_ROMAN = tuple(
    zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        ("M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"),
        strict=True,
    )
)


def _roman(text: str, data: Data) -> str:
    value, out = int(text), ""
    for worth, mark in _ROMAN:
        out, value = out + mark * (value // worth), value % worth
    return out


def _span(text: str, data: Data) -> str:
    value = int(text)
    return f"{value // 86400}d{value // 3600 % 24:02d}h{value // 60 % 60:02d}m{value % 60:02d}s"


def _base36(text: str, data: Data) -> str:
    value, out = int(text), ""
    while value or not out:
        out, value = "0123456789abcdefghijklmnopqrstuvwxyz"[value % 36] + out, value // 36
    return out


def _stats(text: str, data: Data) -> str:
    values = [int(word) for word in text.split()]
    mean = fmean(values)
    return f"n={len(values)} mean={mean:.2f} rms={(sum(value * value for value in values) / len(values)) ** 0.5:.2f}"


def _stats_input(rng: np.random.Generator, data: Data) -> str:
    # four or sixteen numbers: their mean is exact in binary, so that no rounding is in doubt
    return " ".join(str(between(rng, 1, 900) * 4) for _ in range(pick(rng, (4, 16))))


def _unit(text: str, data: Data) -> str:
    amount, name = text.split()
    return f"{int(amount) * data.units[name][1]} {data.units[name][0]}" if name in data.units else "no such unit"


def _unit_input(rng: np.random.Generator, data: Data) -> str:
    return f"{between(rng, 1, 400)} {pick(rng, [*data.units, 'furlongs'])}"


def _code_input(rng: np.random.Generator, data: Data) -> str:
    return str(pick(rng, [*data.codes, 7]))


_WALK = "    for (const char *at = text; *at != '\\0'; ++at)\n"
MODULES: Mapping[str, Module] = {
    "crc": Module(
        "the CRC-32 of the bytes of `text` (as in zlib), eight hexadecimal digits",
        "    uint32_t crc = 0xffffffffu;\n" + _WALK + "    {\n        crc ^= (unsigned char)*at;\n"
        "        for (int bit = 0; bit < 8; ++bit)\n            crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));\n"
        '    }\n    sprintf(out, "%08lx", (unsigned long)(crc ^ 0xffffffffu));\n',
        lambda text, data: f"{zlib.crc32(text.encode()):08x}",
        _phrase,
    ),
    "fnv": Module(
        "the 32-bit FNV-1a hash of the bytes of `text`, begun at HASH_SEED (settings.h), eight hexadecimal digits",
        "    uint32_t hash = HASH_SEED;\n" + _WALK + "        hash = (hash ^ (unsigned char)*at) * 16777619u;\n"
        '    sprintf(out, "%08lx", (unsigned long)hash);\n',
        _fnv,
        _phrase,
    ),
    "rle": Module(
        "each run of equal characters as the character and its count: aab becomes a2b1",
        "    *out = '\\0';\n    while (*text != '\\0') {\n        int count = 1;\n"
        "        while (text[count] == *text)\n            ++count;\n"
        '        out += sprintf(out, "%c%d", *text, count);\n        text += count;\n    }\n',
        lambda text, data: "".join(
            f"{mark}{count}" for mark, count in ((mark, len(list(run))) for mark, run in groupby(text))
        ),
        _rle_input,
    ),
    "rot": Module(
        "`text` with every ASCII letter moved by 13 places",
        "    for (; *text != '\\0'; ++text) {\n        char base = *text >= 'a' ? 'a' : 'A';\n"
        "        int letter = *text - base;\n"
        "        *out++ = letter >= 0 && letter < 26 ? (char)(base + (letter + 13) % 26) : *text;\n    }\n"
        "    *out = '\\0';\n",
        _rot,
        _phrase,
    ),
    "luhn": Module(
        "`ok` or `bad` and the Luhn sum of the digits in `text`",
        "    int total = 0, place = 0;\n    for (const char *at = text + strlen(text); at > text; ++place) {\n"
        "        int value = (*--at - '0') * (1 + place % 2);\n        total += value > 9 ? value - 9 : value;\n    }\n"
        '    sprintf(out, "%s %d", total % 10 == 0 ? "ok" : "bad", total);\n',
        _luhn,
        lambda rng, data: "".join(str(between(rng, 0, 9)) for _ in range(between(rng, 8, 16))),
    ),
    "roman": Module(
        "the number 1 to 3999 in `text` as a Roman numeral",
        "    static const int worth[] = {1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1};\n"
        '    static const char *const mark[] = {"M", "CM", "D", "CD", "C",\n'
        '        "XC", "L", "XL", "X", "IX", "V", "IV", "I"};\n'
        "    long value = 0;\n    assert((value = parse_number(text)) >= 0);\n    *out = '\\0';\n"
        "    for (int index = 0; index < 13; ++index)\n        for (; value >= worth[index]; value -= worth[index])\n"
        "            strcat(out, mark[index]);\n",
        _roman,
        lambda rng, data: str(between(rng, 1, 3999)),
    ),
    "span": Module(
        "the seconds in `text` as days, hours, minutes and seconds: 93784 becomes 1d02h03m04s",
        "    long value = parse_number(text);\n"
        '    sprintf(out, "%ldd%02ldh%02ldm%02lds", value / 86400, value / 3600 % 24, value / 60 % 60, value % 60);\n',
        _span,
        _number,
    ),
    "base36": Module(
        "the number in `text` in base 36, digits 0-9a-z",
        "    char digits[32];\n    int count = 0;\n    long value = parse_number(text);\n    do\n"
        '        digits[count++] = "0123456789abcdefghijklmnopqrstuvwxyz"[value % 36];\n'
        "    while ((value /= 36) > 0);\n    while (count > 0)\n        *out++ = digits[--count];\n    *out = '\\0';\n",
        _base36,
        _number,
    ),
    "stats": Module(
        "count, mean and root mean square of the numbers in `text`, two decimals",
        "    char word[WORD_SIZE];\n    double sum = 0, squares = 0;\n    int count = 0;\n"
        "    while (copy_word(&text, word, sizeof word) > 0) {\n        double value = (double)parse_number(word);\n"
        "        sum += value;\n        squares += value * value;\n        ++count;\n    }\n"
        '    sprintf(out, "n=%d mean=%.2f rms=%.2f", count, sum / count, sqrt(squares / count));\n',
        _stats,
        _stats_input,
    ),
    "bytesum": Module(
        "the sum of the bytes of `text`, each 0 to 255",
        "    long sum = 0;\n" + _WALK + '        sum += *at;\n    sprintf(out, "%ld", sum);\n',
        lambda text, data: str(sum(text.encode())),
        lambda rng, data: f"{_phrase(rng, data)} {pick(rng, ('Zürich', 'café', 'Øst'))}",
    ),
    "turn": Module(
        "the words of `text` in reverse order",
        "    char word[WORD_SIZE], copy[OUT_SIZE];\n    *out = '\\0';\n"
        "    while (copy_word(&text, word, sizeof word) > 0) {\n        strcpy(copy, out);\n"
        '        sprintf(out, "%s%s%s", word, *copy ? " " : "", copy);\n    }\n',
        lambda text, data: " ".join(reversed(text.split(" "))),
        _phrase,
    ),
    "units": Module(
        "`AMOUNT UNIT` in the base unit of data/units.tsv, or `no such unit`",
        "    char word[WORD_SIZE];\n    copy_word(&text, word, sizeof word);\n    long amount = parse_number(word);\n"
        "    copy_word(&text, word, sizeof word);\n"
        "    for (size_t index = 0; index < sizeof UNITS / sizeof *UNITS; ++index)\n"
        "        if (strcmp(UNITS[index].name, word) == 0) {\n"
        '            sprintf(out, "%ld %s", amount * UNITS[index].factor, UNITS[index].base);\n            return;\n'
        '        }\n    strcpy(out, "no such unit");\n',
        _unit,
        _unit_input,
    ),
    "codes": Module(
        "the text for the code in data/codes.tsv, or `no such code`",
        "    size_t low = 0, high = sizeof CODES / sizeof *CODES;\n    long code = parse_number(text);\n"
        "    while (low < high) {\n        size_t middle = (low + high) / 2;\n        if (CODES[middle].code < code)\n"
        "            low = middle + 1;\n        else\n            high = middle;\n    }\n"
        "    int found = low < sizeof CODES / sizeof *CODES && CODES[low].code == code;\n"
        '    strcpy(out, found ? CODES[low].text : "no such code");\n',
        lambda text, data: data.codes.get(int(text), "no such code"),
        _code_input,
    ),
}


def printed(name: str, lines: list[str], data: Data) -> str:
    """What the sound program called `name`, built from `data`, prints for these lines of input."""
    out = []
    for number, line in enumerate(lines, 1):
        command, _, rest = line.partition(" ")
        function = data.commands.get(command)
        out.append(f"{command}: {MODULES[function].answer(rest, data) if function else 'unknown command'}")
        if number % data.group == 0:
            out.append("--")
    return "\n".join([*out, f"{name} {data.version}: {len(lines)} lines"]) + "\n"
