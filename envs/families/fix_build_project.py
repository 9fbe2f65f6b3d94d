"""The sound tree of a `fix-build` project, and the faults that can be planted in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from selftrain.envs.families.fix_build_modules import MODULES, Data

_HEADERS = "#include <assert.h>\n#include <math.h>\n#include <stdint.h>\n#include <stdio.h>\n#include <string.h>\n"
_TYPES = {
    "units": ("struct unit {\n    const char *name;\n    const char *base;\n    long factor;\n};\n\n"),
    "codes": ("struct code {\n    long code;\n    const char *text;\n};\n\n"),
}
_TEXT = """\
#include "text.h"

#include <stdlib.h>

size_t copy_word(const char **text, char *word, size_t size)
{
    size_t length = 0;
    while (**text == ' ')
        ++*text;
    for (; **text != '\\0' && **text != ' '; ++*text)
        if (length + 1 < size)
            word[length++] = **text;
    word[length] = '\\0';
    return length;
}

long parse_number(const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);
    return end == text ? -1 : value;
}
"""
_TEXT_H = """\
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>

#define WORD_SIZE 64
#define OUT_SIZE 512

/* Copies the next word of *text (at most size - 1 bytes) and moves *text behind it; returns its length. */
size_t copy_word(const char **text, char *word, size_t size);

/* The decimal number that text begins with, -1 when there is none. */
long parse_number(const char *text);

#endif
"""
_MAIN = """
struct command {
    const char *name;
    void (*run)(const char *text, char *out);
};

#include "commands.h"

static const struct command *find(const char *name)
{
    for (size_t index = 0; index < sizeof COMMANDS / sizeof *COMMANDS; ++index)
        if (strcmp(COMMANDS[index].name, name) == 0)
            return &COMMANDS[index];
    return NULL;
}

int main(void)
{
    char line[LINE_SIZE], out[OUT_SIZE];
    int count = 0;
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\\r\\n")] = '\\0';
        char *rest = strchr(line, ' ');
        if (rest != NULL)
            *rest++ = '\\0';
        else
            rest = line + strlen(line);
        const struct command *command = find(line);
        strcpy(out, "unknown command");
        if (command != NULL)
            command->run(rest, out);
        printf("%s: %s\\n", line, out);
        if (++count % GROUP_SIZE == 0)
            puts("--");
    }
    printf("%s %s: %d lines\\n", PROGRAM_NAME, VERSION, count);
    return 0;
}
"""
_SCRIPTS = {
    "units.sh": """\
#!/bin/sh
# units.tsv (name, base unit, factor; lines that begin with # are remarks) as a C table
set -eu
echo "static const struct unit UNITS[] = {"
grep -v '^#' "$1" | awk -F '\\t' 'NF == 3 { printf "    {\\"%s\\", \\"%s\\", %s},\\n", $1, $2, $3 }'
echo "};"
""",
    "codes.sh": """\
#!/bin/sh
# codes.tsv (code, text; lines that begin with # are remarks) as a C table, sorted by code for the binary search
set -eu
tab=$(printf '\\t')
echo "static const struct code CODES[] = {"
grep -v '^#' "$1" | sort -n | while IFS="$tab" read -r code text; do
    printf '    {%s, "%s"},\\n' "$code" "$text"
done
echo "};"
""",
    "version.sh": """\
#!/bin/sh
# the number in VERSION, all three parts of it, as a C string
set -eu
printf '#define VERSION "%s"\\n' "$(head -n 1 "$1" | tr -d '\\r')"
""",
    "commands.py": """\
#!/usr/bin/env python3
\"\"\"commands.tsv (command, module; lines that begin with # are remarks) as a C table.\"\"\"
import pathlib
import sys

lines = pathlib.Path(sys.argv[1]).read_text().splitlines()
print("static const struct command COMMANDS[] = {")
for line in lines:
    if line and not line.startswith("#"):
        command, module = line.split("\\t")
        print(f'    {{"{command}", {module}_run}},')
print("};")
""",
}


@dataclass(frozen=True)
class Layout:
    """What differs between projects of the same modules: names, folders, and how the objects are put together."""

    program: str
    modules: tuple[str, ...]
    library: str  # "", "static" or "shared"
    build: str
    source: str
    tools: str
    automatic: bool  # header dependencies come from the compiler instead of a list


@dataclass(frozen=True)
class Fault:
    """A text replaced in one file, a file changed as a whole ("crlf", "mode"), or a module's file."""

    name: str
    path: str
    old: str
    new: str
    quiet: bool = False  # the build succeeds and its result is wrong
    level: int = 1
    also: tuple[tuple[str, str], ...] = ()
    everywhere: bool = False

    def clashes(self, other: Fault) -> bool:
        """Would planting both lose one, because they change the same text?"""
        return "" not in (self.old, other.old) and (self.old in other.old or other.old in self.old)


def _header(name: str) -> str:
    guard = f"{name.upper()}_H"
    return (
        f"#ifndef {guard}\n#define {guard}\n\n/* Writes to out: {MODULES[name].says}. */\n"
        f"void {name}_run(const char *text, char *out);\n\n#endif\n"
    )


def _source(name: str) -> str:
    settings = '#include "settings.h"\n' if name == "fnv" else ""
    table = _TYPES.get(name, "") + (f'#include "{name}_table.h"\n\n' if name in _TYPES else "")
    return (
        f'#include "{name}.h"\n\n{_HEADERS}\n{settings}#include "text.h"\n\n{table}'
        f"void {name}_run(const char *text, char *out)\n{{\n{MODULES[name].code}}}\n"
    )


def data_files(data: Data) -> dict[str, str]:
    """The data files, the last of their lines without a line break, and VERSION."""
    units = [f"{name}\t{base}\t{factor}" for name, (base, factor) in data.units.items()]
    codes = [f"{code}\t{text}" for code, text in data.codes.items()]
    commands = [f"{name}\t{module}" for name, module in data.commands.items()]
    return {
        "VERSION": f"{data.version}\n",
        "data/units.tsv": "\n".join(["# name\tbase\tfactor", *units]),
        "data/codes.tsv": "\n".join(["# code\ttext", *codes]),
        "data/commands.tsv": "\n".join(["# command\tmodule", *commands]),
    }


def settings(data: Data) -> str:
    """include/settings.h for this data."""
    return (
        "#ifndef SETTINGS_H\n#define SETTINGS_H\n\n"
        f"#define HASH_SEED {data.seed}u\n#define GROUP_SIZE {data.group}\n\n#endif\n"
    )


def _makefile(one: Layout) -> str:
    name, build = one.program, one.build
    tables: list[str] = [table for table in ("units", "codes") if table in one.modules]
    library = {"": "$(OBJECTS)", "static": f"$(BUILD)/lib{name}.a", "shared": f"$(BUILD)/lib{name}.so"}[one.library]
    flags = " -Wl,-rpath,'$$ORIGIN/../$(BUILD)'" if one.library == "shared" else ""
    headers = "" if one.automatic else " $(HEADERS) $(GENERATED)"
    text = f"# Builds bin/{name}; README.md says what each part is.\ninclude config.mk\n\nBUILD := {build}\n"
    text += "GEN := $(BUILD)/gen\nMODULES := text " + " ".join(one.modules) + "\n"
    text += "OBJECTS := $(MODULES:%=$(BUILD)/%.o)\n" + ("" if one.automatic else "HEADERS := $(wildcard include/*.h)\n")
    text += "GENERATED := " + " ".join(f"$(GEN)/{part}.h" for part in _generated(tables)) + "\n\n"
    text += f"all: bin/{name}\n\n.PHONY: all clean\n.DELETE_ON_ERROR:\n\n"
    text += f"bin/{name}: $(BUILD)/main.o {library}\n\t@mkdir -p bin\n"
    text += f"\t$(CC){flags} -o $@ $(BUILD)/main.o {library} $(LDLIBS)\n\n"
    if one.library == "static":
        text += f"{library}: $(OBJECTS)\n\trm -f $@\n\t$(AR) rcs $@ $(OBJECTS)\n\n"
    if one.library == "shared":
        text += f"{library}: $(OBJECTS) exports.map\n"
        text += "\t$(CC) -shared -Wl,-soname,$(@F) -Wl,--version-script=exports.map -o $@ $(OBJECTS) $(LDLIBS)\n\n"
    depend = " -MMD -MP" if one.automatic else ""
    text += f"$(BUILD)/%.o: {one.source}/%.c{headers} | $(GENERATED)\n"
    text += f"\t@mkdir -p $(BUILD)\n\t$(CC) $(CPPFLAGS) $(CFLAGS){depend} -c -o $@ $<\n\n"
    for table, script, origin in _rules(one, tables):
        text += f"$(GEN)/{table}.h: {origin} {script}\n\t@mkdir -p $(GEN)\n\t./{script} {origin} > $@\n\n"
    text += "clean:\n\trm -rf $(BUILD) bin\n"
    return text + ("\n-include $(wildcard $(BUILD)/*.d)\n" if one.automatic else "")


def _generated(tables: Sequence[str]) -> list[str]:
    return ["version", "commands", *(f"{table}_table" for table in tables)]


def _rules(one: Layout, tables: Sequence[str]) -> list[tuple[str, str, str]]:
    rules = [
        ("version", f"{one.tools}/version.sh", "VERSION"),
        ("commands", f"{one.tools}/commands.py", "data/commands.tsv"),
    ]
    return rules + [(f"{table}_table", f"{one.tools}/{table}.sh", f"data/{table}.tsv") for table in tables]


def _config(one: Layout) -> str:
    pic = " -fPIC" if one.library == "shared" else ""
    return (
        "CC = gcc\nCPPFLAGS = -Iinclude -I$(GEN)\n"
        f"CPPFLAGS += -DPROGRAM_NAME='\"{one.program}\"'\nCPPFLAGS += -DLINE_SIZE=256\n"
        "CFLAGS = -std=c11 -O1 -Wall -Wextra -Werror=implicit-function-declaration\n"
        f"CFLAGS += -funsigned-char{pic}\nLDLIBS = -lm\n"
    )


def _readme(one: Layout) -> str:
    commands = "".join(f"- `{name}`: {MODULES[name].says}\n" for name in one.modules)
    return f"""# {one.program}

`bin/{one.program}` reads lines `COMMAND TEXT` (at most 200 bytes) from standard input and prints `COMMAND: RESULT`
for each, `COMMAND: unknown command` for others, `--` after every GROUP_SIZE lines (include/settings.h), and at the
end its name, its version and the number of lines. data/commands.tsv says which module runs a command.

## Modules

{commands}
## Build

`make` builds, `make clean` removes everything that `make` has made. Nothing generated is kept in the tree.

- The scripts in {one.tools}/ turn VERSION and data/*.tsv into headers. In data/*.tsv, lines that begin with `#` are
  remarks (a `#` later in a line is text), rows come in any order, texts may have blanks, and the last line may lack its
  line break.
- After a change to VERSION, data/*.tsv or a header, `make` builds anew whatever depends on it.
- Asserts stay on in every build: some do work. `char` is unsigned. Both are set in config.mk.
- `make -j4` and `make bin/{one.program}` work in a fresh tree, and the program runs from any working directory.
"""


def sound_tree(one: Layout, data: Data) -> dict[str, str]:
    """All files of the project as they should be, by path in its folder."""
    tables: list[str] = [table for table in ("units", "codes") if table in one.modules]
    main = "".join(f'#include "{name}.h"\n' for name in sorted(one.modules))
    files = {path: text for path, text in data_files(data).items() if path.split("/")[-1][:-4] not in _TYPES}
    files |= {f"data/{table}.tsv": data_files(data)[f"data/{table}.tsv"] for table in tables}
    files |= {
        "Makefile": _makefile(one),
        "config.mk": _config(one),
        "README.md": _readme(one),
        "include/settings.h": settings(data),
        "include/text.h": _TEXT_H,
        f"{one.source}/text.c": _TEXT,
        f"{one.source}/main.c": f'#include <stdio.h>\n#include <string.h>\n\n{main}#include "settings.h"\n'
        f'#include "text.h"\n#include "version.h"\n{_MAIN}',
    }
    for name in one.modules:
        files[f"include/{name}.h"], files[f"{one.source}/{name}.c"] = _header(name), _source(name)
    for _, script, _ in _rules(one, tables):
        files[script] = _SCRIPTS[script.split("/")[-1]]
    if one.library == "shared":
        exports = "".join(f"        {name}_run;\n" for name in one.modules)
        files["exports.map"] = f"{{\n    global:\n{exports}    local:\n        *;\n}};\n"
    return files


def _common_faults(one: Layout) -> list[Fault]:
    """Faults of every layout."""
    first, second = one.modules[0], one.modules[1]
    target = f"{one.tools}/{'units.sh' if 'units' in one.modules else 'version.sh'}"
    guard = _header(second).split("\n\n")[0]
    return [
        Fault("object left out", "Makefile", f" {second}", ""),
        Fault("helper left out", "Makefile", "MODULES := text ", "MODULES := "),
        Fault("blanks for a tab", "Makefile", "\t$(CC) $(CPPFLAGS)", "        $(CC) $(CPPFLAGS)"),
        Fault("include path", "config.mk", "-Iinclude ", "-Iincludes "),
        Fault("generated path", "config.mk", "-I$(GEN)", "-I$(BUILD)"),
        Fault("flags thrown away", "config.mk", "CPPFLAGS += -DLINE", "CPPFLAGS = -DLINE"),
        Fault("script with CRLF", f"{one.tools}/version.sh", "\n", "\r\n", everywhere=True),
        Fault("script not executable", target, "", ""),
        Fault("declaration lost", "include/text.h", "long parse_number(const char *text);\n", ""),
        Fault("other prototype", f"include/{first}.h", "(const char *text, char *out)", "(char *out, int size)"),
        Fault("guard used twice", f"include/{second}.h", guard, _header(first).split("\n\n")[0], level=2),
        Fault(
            "defined twice", "include/text.h", "#include <stddef.h>\n", "#include <stddef.h>\n\nint text_errors = 0;\n"
        ),
        Fault("folder not made", "Makefile", "\t@mkdir -p $(GEN)\n", "", level=2, everywhere=True),
        Fault(
            "wrong data file",
            "Makefile",
            "./" + one.tools + "/version.sh VERSION",
            f"./{one.tools}/version.sh VERSIONS",
            quiet=True,
        ),
        Fault("stale after data", "Makefile", "h: data/commands.tsv ", "h: ", True, 2),
        Fault("stale after version", "Makefile", "h: VERSION ", "h: ", True, 2),
        Fault("clean leaves objects", "Makefile", "rm -rf $(BUILD) bin", "rm -rf bin", True, 3),
        Fault("short lines", "config.mk", "-DLINE_SIZE=256", "-DLINE_SIZE=40", True),
        Fault("version cut", f"{one.tools}/version.sh", 'head -n 1 "$1"', 'cut -d. -f1,2 "$1"', True),
        Fault("last row lost", f"{one.tools}/commands.py", ".splitlines()", '.split("\\n")[:-1]', True),
    ]


def faults_of(one: Layout, tree: Mapping[str, str]) -> list[Fault]:
    """Every fault that can be planted in this tree; `sound_tree` has each `old` text."""
    name, second = one.program, one.modules[1]
    faults = _common_faults(one)
    if one.automatic:
        serial = (f"all: bin/{name}", f"all: $(GENERATED) bin/{name}")
        faults.append(Fault("order left to luck", "Makefile", ".c | $(GENERATED)", ".c", True, 4, (serial,)))
        faults.append(Fault("stale after header", "Makefile", "-include $(wildcard", "#-include $(wildcard", True, 2))
    else:
        faults.append(Fault("stale after header", "Makefile", "%.c $(HEADERS) ", "%.c ", True, 2))
    if "units" in one.modules:
        faults.append(Fault("stale after units", "Makefile", "h: data/units.tsv ", "h: ", True, 2))
        faults.append(Fault("first row lost", f"{one.tools}/units.sh", "'NF == 3", "'NR > 1", True))
    if "codes" in one.modules:
        faults.append(Fault("sorted as text", f"{one.tools}/codes.sh", "sort -n", "sort", True, 2))
        faults.append(Fault("rows lost", f"{one.tools}/codes.sh", "'^#'", "'#'", True, 2))
    if "roman" in one.modules:
        first_flag = "CPPFLAGS += -DPROGRAM"
        faults.append(Fault("asserts off", "config.mk", first_flag, f"CPPFLAGS += -DNDEBUG\n{first_flag}", True, 2))
    if "bytesum" in one.modules:
        faults.append(Fault("signed characters", "config.mk", "-funsigned-char", "-fsigned-char", True, 2))
    if "stats" in one.modules:
        faults.append(Fault("no mathematics", "config.mk", "LDLIBS = -lm", "LDLIBS ="))
    if one.library == "static":
        link = f"$(BUILD)/main.o $(BUILD)/lib{name}.a $(LDLIBS)"
        faults.append(Fault("order of the link", "Makefile", link, f"$(BUILD)/lib{name}.a $(BUILD)/main.o $(LDLIBS)"))
    if one.library == "shared":
        faults.append(Fault("symbol not exported", "exports.map", f"        {second}_run;\n", ""))
        faults.append(Fault("no soname", "Makefile", " -Wl,-soname,$(@F)", "", True, 2))
        faults.append(Fault("origin eaten", "Makefile", "'$$ORIGIN/", "'$ORIGIN/", True))
    return [fault for fault in faults if fault.old in tree[fault.path]]
