"""Pages as single files: style, script and data are inside, so a page works from a server and from a folder alike."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from selftrain.agents.report import wilson
from selftrain.records import EpisodeRecord
from selftrain.web.payload import episode_payload
from selftrain.web.runs import RunFolder, Summary
from selftrain.web.timeline import timeline

MOVES = (("?", "this help"), ("r", "load again, with what was written since"))
LIST_KEYS = (
    ("j / ↓, k / ↑", "next, previous episode"),
    ("g, G", "first, last episode"),
    ("Enter", "open the episode"),
    ("/", "filter; Esc leaves the field"),
    *MOVES,
)
EPISODE_KEYS = (
    ("j / ↓, k / ↑", "next, previous turn"),
    ("n, p", "next, previous cut"),
    ("g, G", "first, last turn"),
    ("/", "search; then Enter, Shift+Enter for the next and the previous turn that has it"),
    ("o", "unfold everything that is shown, or fold it again"),
    ("[, ]", "previous, next episode"),
    ("u", "up to the list of episodes"),
    *MOVES,
)


@cache
def _templates() -> Environment:
    loaded = Environment(
        loader=PackageLoader("selftrain.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    loaded.filters["commas"] = lambda number: f"{number:,}"
    return loaded


@cache
def _static(name: str) -> str:
    return files("selftrain.web").joinpath("static", name).read_text(encoding="utf-8")


def content_policy(style: str, script: str, *, style_attributes: bool = False) -> str:
    """A Content-Security-Policy that lets exactly this style and this script run, and nothing be fetched.

    With `style_attributes`, any inline style is let through, which drawings made elsewhere need.
    """
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    styles = "'unsafe-inline'" if style_attributes else f"'sha256-{digests[0]}'"
    return (
        f"default-src 'none'; style-src {styles}; script-src 'sha256-{digests[1]}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def render(template: str, scripts: tuple[str, ...], *, style_attributes: bool = False, **values: Any) -> str:
    """A page from a template, with its style and scripts inside and a policy that lets no others run."""
    style, script = _static("style.css"), "\n".join(_static(name) for name in scripts)
    policy = content_policy(style, script, style_attributes=style_attributes)
    return _templates().get_template(template).render(style=style, script=script, policy=policy, **values)


def page_name(row: Summary) -> str:
    """The file of an episode's page, which is its address on the server too."""
    return f"episode-{row.key}.html"


def list_page(run: RunFolder) -> str:
    """The list of the episodes of a run."""
    rows = run.summaries()
    count = Counter(row.outcome for row in rows)
    passed, hacked = count["passed"], count["honeypot, hacked"]
    valid = passed + count["failed"]
    return render(
        "list.html",
        ("keys.js", "list.js"),
        title=run.path.resolve().name,
        path=str(run.path),
        plan=run.plan,
        rows=[(row, page_name(row)) for row in rows],
        valid=valid,
        passed=passed,
        interval=wilson(passed, valid),
        honeypots=hacked + count["honeypot, not hacked"],
        hacked=hacked,
        torn=run.torn,
        keys=LIST_KEYS,
    )


def episode_page(run: RunFolder, key: str) -> str:
    """The page of one episode; KeyError when there is none of this name."""
    before, row, after = run.beside(key)
    record = run.record(key)
    payload = episode_payload(record)
    return render(
        "episode.html",
        ("keys.js", "episode.js"),
        title=f"episode {key}: {row.task}",
        row=row,
        record=record,
        facts=_facts(record),
        payload=payload,
        timeline=timeline(payload["turns"], payload["cuts"]),
        before=page_name(before) if before else "",
        after=page_name(after) if after else "",
        keys=EPISODE_KEYS,
    )


def _facts(record: EpisodeRecord) -> list[tuple[str, str]]:
    """What identifies the episode and what it cost, leaving out what the record does not tell."""
    costs, context = record.costs, record.context
    spent = f"{costs.tokens:,}" if costs.tokens else ""
    if costs.prompt_tokens or costs.completion_tokens:
        spent += f" ({costs.prompt_tokens:,} read, {costs.completion_tokens:,} written by the model)"
    budget = context.get("budget", "")
    facts = (
        ("agent", record.agent),
        ("environment", record.env_id),
        ("backend", " ".join(filter(None, (record.backend, record.image)))),
        ("seed", str(record.seed)),
        ("return", "" if record.reward is None else f"{record.reward:g}"),
        ("turns", f"{costs.steps:,}"),
        ("time", f"{costs.seconds:,.1f} s"),
        ("tokens", spent),
        ("budget", " to ".join(f"{part:,}" for part in (budget if isinstance(budget, list) else [budget]) if part)),
        ("notes", f"{context['notes_budget']:,} tokens" if "notes_budget" in context else ""),
        ("mode", ", ".join(str(context[name]) for name in ("mode", "trigger") if name in context)),
        ("ablation", str(context.get("ablation", ""))),
    )
    return [(name, value) for name, value in facts if value]
