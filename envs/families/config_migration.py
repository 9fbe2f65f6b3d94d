"""The family `config-migration`: bring INI files into a JSON schema by a guide, at higher levels with a program."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from selftrain.envs.checks import UnreadableError, csv_check, json_check, missing, same_value, strict_json
from selftrain.envs.families.config_migration_material import Setting, guide, instruction, solver
from selftrain.envs.families.material import SERVICES, WORDS, between, chance_of, hosts, pick, sample
from selftrain.envs.verifiers import EvidenceVerifier, TrialCase, TrialVerifier
from selftrain.evidence import Evidence
from selftrain.tasks import Limits, Task, TaskFamily
from selftrain.verdicts import CaseInput, CaseOutput, Check

_OLD, _NEW, _GUIDE, _PROGRAM = "/workspace/old", "/workspace/new", "/workspace/MIGRATION.md", "/workspace/migrate.py"
_UNMAPPED = "/workspace/unmapped.csv"
_SECTIONS = ("server", "storage", "limits", "mail", "auth", "logging", "cache", "jobs")
_STEMS = {
    "duration": ("timeout", "keepalive", "retry_wait", "session_ttl", "poll_every", "grace"),
    "size": ("max_body", "cache_size", "buffer", "log_limit", "upload_limit"),
    "flag": ("enabled", "verbose", "use_tls", "compress", "strict", "dry_run"),
    "number": ("workers", "max_tries", "backlog", "batch", "depth"),
    "text": ("name", "path", "banner", "bucket", "realm"),
    "list": ("hosts", "tags", "admins", "allowed"),
    "address": ("listen", "upstream", "relay", "peer"),
    "word": ("level", "mode"),
}
_WORDS_MAP = {"quiet": "error", "normal": "info", "chatty": "debug", "off": "none"}
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_SIZES = {"B": 1, "K": 1024, "KB": 1024, "M": 1024**2, "MB": 1024**2, "G": 1024**3}


@dataclass
class _Config:
    """Files of one configuration in the old form, and what must come out of it (None: it must be refused)."""

    files: dict[str, str]
    expected: dict[str, object] | None
    unmapped: list[tuple[str, str, str]] = field(default_factory=list)


def _settings(rng: np.random.Generator, level: int) -> list[Setting]:
    kinds = list(_STEMS)[: {1: 5, 2: 7}.get(level, 8)]
    settings = []
    for section in sample(rng, _SECTIONS, 2 if level == 1 else 3 + level // 2):
        for kind in sample(rng, kinds, 4 if level == 1 else 5):
            stem = pick(rng, _STEMS[kind])
            group = section if chance_of(rng, 0.6) else f"{section}.{pick(rng, ('options', 'runtime', 'policy'))}"
            leaf = {"duration": f"{stem}_ms", "size": f"{stem}_bytes"}.get(kind, stem)
            leaf = pick(rng, (leaf, "".join(part.title() if n else part for n, part in enumerate(leaf.split("_")))))
            first = f"{pick(rng, ('x', 'old', 'srv'))}_{stem}" if level == 5 and chance_of(rng, 0.4) else ""
            settings.append(Setting(section, stem, f"{group}.{leaf}", kind, first))
    return settings


def _value(rng: np.random.Generator, kind: str, level: int, version: int) -> tuple[str, object]:
    """A value in the old notation, and the same in the new one."""
    if kind == "duration":
        count, unit = between(rng, 1, 90), pick(rng, list(_UNITS))
        return (str(count), count * 1000) if version == 1 else (f"{count}{unit}", count * _UNITS[unit])
    if kind == "size":
        count, unit = between(rng, 1, 900), pick(rng, list(_SIZES))
        return f"{count}{pick(rng, ('', ' '))}{unit}", count * _SIZES[unit]
    if kind == "flag":
        text = pick(rng, ("yes", "no", "on", "off", "true", "false", "1", "0"))
        return pick(rng, (text, text.upper()) if level > 1 else (text,)), text in ("yes", "on", "true", "1")
    if kind == "number":
        count = between(rng, 1, 5000)
        return str(count), count
    if kind == "text":
        text = " ".join(sample(rng, WORDS, between(rng, 1, 3)))
        if level > 1 and chance_of(rng, 0.5):
            text = pick(rng, (text, f"{text} #{between(rng, 1, 9)}", f"{text} = 50%", f" {text} ; ü", "12", "yes"))
            return f'"{text}"', text
        return text, text
    if kind == "list":
        items = sample(rng, WORDS, between(rng, 1, 5))
        return pick(rng, (",", ", ", " , ")).join(items), list(items)
    if kind == "address":
        host, port = pick(rng, (hosts(rng, 1)[0], f"10.{between(rng, 0, 255)}.0.7", "[::1]")), between(rng, 80, 9999)
        return f"{host}:{port}", {"host": host.strip("[]"), "port": port}
    old = pick(rng, list(_WORDS_MAP))
    return old, _WORDS_MAP[old]


def _put(tree: dict[str, object], path: str, value: object) -> None:
    *groups, leaf = path.split(".")
    for group in groups:
        below = tree.setdefault(group, {})
        assert isinstance(below, dict)
        tree = below
    tree[leaf] = value


def _line(rng: np.random.Generator, level: int, key: str, text: str) -> list[str]:
    shown = key.upper() if level >= 2 and chance_of(rng, 0.1) else key
    line = f"{shown}{pick(rng, (' = ', '=', ' =  '))}{text}"
    if level >= 3 and chance_of(rng, 0.2):
        line += pick(rng, ("  # keep", "\t; see wiki"))
    comment = [f"{pick(rng, '#;')} {key} = {pick(rng, WORDS)}"] if chance_of(rng, 0.15) else []
    return [*comment, line]


def _render(rng: np.random.Generator, level: int, head: Sequence[str], rows: Sequence[tuple[str, str, str]]) -> str:
    """INI text of (section, key, value) rows; at higher levels a section may come twice."""
    lines = [f"# {pick(rng, WORDS)} {pick(rng, WORDS)}", *head]
    sections = list(dict.fromkeys(section for section, _, _ in rows))
    for section in sections:
        lines += ["", f"[{section.title() if level >= 2 and chance_of(rng, 0.1) else section}]"]
        for own, key, text in rows:
            lines += _line(rng, level, key, text) if own == section else []
    ending = "\r\n" if level >= 2 and chance_of(rng, 0.2) else "\n"
    return ending.join([*lines, ""])


def _config(rng: np.random.Generator, level: int, settings: Sequence[Setting], name: str) -> _Config:
    """One configuration: its own file, at higher levels an included one, unknown keys and variables."""
    version = pick(rng, (1, 2)) if level == 5 else 2
    own: list[tuple[str, str, str]] = []
    base: list[tuple[str, str, str]] = []
    variables: list[tuple[str, str, str]] = []
    expected: dict[str, object] = {}
    for setting in settings:
        if chance_of(rng, 0.2):
            continue
        text, value = _value(rng, setting.kind, level, version)
        key = setting.first_key if version == 1 and setting.first_key else setting.key
        _put(expected, setting.path, value)
        if level >= 4 and setting.kind in ("list", "number") and chance_of(rng, 0.5):
            variables.append(("vars", f"v{len(variables)}_{setting.key}", text))
            text = "${" + variables[-1][1] + "}"
        row = (setting.section, key, text)
        place = pick(rng, (own, own, base)) if level >= 3 else own
        if place is own and level >= 3 and chance_of(rng, 0.4):
            base.append((setting.section, key, _value(rng, setting.kind, level, version)[0]))  # overridden
        if level >= 3 and chance_of(rng, 0.1):
            place.append((setting.section, key, _value(rng, setting.kind, level, version)[0]))  # set again below
        place.append(row)
    unmapped = []
    if level == 3:
        for section in sample(rng, list(dict.fromkeys(row[0] for row in own)), 2):
            key = f"legacy_{pick(rng, WORDS)}"
            own.append((section, key, pick(rng, WORDS)))
            unmapped.append((name, section, key))
    head = [f"version = {version}"] if level == 5 else []
    files = {f"{name}.ini": ""}
    if base or variables:
        files[f"{name}-base.ini"] = _render(rng, level, [], [*base, *variables])
        head.append(f"include = {name}-base.ini")
    files[f"{name}.ini"] = _render(rng, level, head, own)
    return _Config(files, expected, unmapped)


def _broken(rng: np.random.Generator, settings: Sequence[Setting], name: str) -> list[_Config]:
    """Configurations that a migration must refuse."""
    by_kind = {setting.kind: setting for setting in settings}
    faults = [("server", "no_such_key", "1"), (settings[0].section, settings[0].key, "${undefined_name}")]
    for kind, text in (("duration", "12 parsecs"), ("flag", "perhaps"), ("size", "many"), ("number", "3.5")):
        if kind in by_kind:
            faults.append((by_kind[kind].section, by_kind[kind].key, text))
    return [
        _Config({f"{name}.ini": _render(rng, 3, ["version = 2"], [fault])}, None) for fault in sample(rng, faults, 4)
    ]


def _judge_files(configs: Mapping[str, _Config], level: int, evidence: Evidence) -> list[Check]:
    target = "/workspace/config.json" if level == 1 else f"{_NEW}/{{}}.json"
    checks = [json_check(evidence, target.format(name), config.expected) for name, config in configs.items()]
    if level == 3:
        rows = [["file", "section", "key"], *(list(row) for config in configs.values() for row in config.unmapped)]
        checks.append(csv_check(evidence, _UNMAPPED, rows, ordered=False))
    return checks


def _case(number: int, config: _Config) -> TrialCase:
    first = next(iter(config.files))
    out = "/workspace/result/new.json"

    def judge(output: CaseOutput) -> str:
        data = output.files.get(out)
        if config.expected is None:
            return "" if output.exit_code == 2 and data is None else "accepted what must be refused"
        if data is None or output.exit_code != 0:
            return "no_result"
        try:
            return "" if same_value(config.expected, strict_json(data)) else "wrong"
        except UnreadableError:
            return "no_result"

    files = {f"/workspace/given/{name}": text.encode() for name, text in config.files.items()}
    command = (
        f"mkdir -p /workspace/result; exec python3 -I -B {_PROGRAM} /workspace/given/{first} {out} >/dev/null 2>&1"
    )
    return TrialCase(f"hidden configuration {number}", CaseInput(command, files=files, reads=(out,)), judge)


def _program_there(evidence: Evidence) -> list[Check]:
    return [Check("the program is there", evidence.get(_PROGRAM) is not None, missing(evidence, _PROGRAM))]


def _hollow(config: _Config) -> str:
    return (
        f"cat > {_PROGRAM} <<'EOF'\nimport json, sys\nanswer = {config.expected!r}\n"
        "json.dump(answer, open(sys.argv[2], 'w'))\nEOF"
    )


def _cheats(level: int, configs: Mapping[str, _Config]) -> dict[str, tuple[str, ...]]:
    names = list(configs)
    sloppy = {1: ("units",), 2: ("units", "quotes"), 3: ("units", "include")}.get(level, ("units", "include", "vars"))
    cheats: dict[str, tuple[str, ...]] = {f"gets it wrong: {mode}": (solver(level, names, mode),) for mode in sloppy}
    if level == 5:
        cheats["accepts everything"] = (solver(level, names, "accept"),)
    if level >= 4:
        cheats["knows the example only"] = (_hollow(configs[names[0]]),)
        cheats["ends well without a word"] = (f"echo 'import os; os._exit(0)' > {_PROGRAM}",)
        cheats["a link to the guide"] = (f"ln -s {_GUIDE} {_PROGRAM}",)
    else:
        target = "/workspace/config.json" if level == 1 else f"{_NEW}/$n.json"
        each = f"mkdir -p {_NEW}; for n in {' '.join(names)}; do "
        cheats["empty objects"] = (f"{each}echo '{{}}' > {target}; done",)
        cheats["links to the old files"] = (f"{each}ln -s {_OLD}/$n.ini {target}; done",)
    return cheats


def build(rng: np.random.Generator, level: int) -> Task:
    """A guide with its own settings, and configurations in the old form."""
    settings = _settings(rng, level)
    names = sample(rng, SERVICES, {1: 1, 2: 4, 3: 12}.get(level, 3))
    configs = {name: _config(rng, level, settings, name) for name in names}
    files = {f"{_OLD}/{path}": text.encode() for config in configs.values() for path, text in config.files.items()}
    files[_GUIDE] = guide(settings, _WORDS_MAP, level).encode()
    verifier: EvidenceVerifier | TrialVerifier
    if level <= 3:
        exports = ("/workspace/config.json",) if level == 1 else (_NEW, _UNMAPPED)[: level - 1]
        verifier = EvidenceVerifier(exports, lambda evidence: _judge_files(configs, level, evidence))
    else:
        hidden = [_config(rng, level, settings, pick(rng, SERVICES)) for _ in range(6)]
        hidden += _broken(rng, settings, "refused") if level == 5 else []
        files[f"{_NEW}/{names[0]}.json"] = (json.dumps(configs[names[0]].expected, indent=2) + "\n").encode()
        cases = tuple(_case(number, config) for number, config in enumerate(hidden, 1))
        verifier = TrialVerifier((_PROGRAM,), cases, _program_there)
    return Task(
        instruction=instruction(rng, level, names),
        verifier=verifier,
        files=files,
        tools=("python3",),
        oracle=(solver(level, names),),
        cheats=_cheats(level, configs),
        limits=Limits(steps=20 + 10 * level, seconds=300.0 + 180.0 * level),
    )


FAMILY = TaskFamily(
    name="config-migration",
    summary="Bring old INI files into a JSON schema by a migration guide, at higher levels with a program.",
    skills=("reading a guide", "parsing", "units and notations", "refusing bad input"),
    chance=0.0,
    build=build,
)
