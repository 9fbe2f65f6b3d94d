"""Tasks in the forum that members have: finding things out, and answering."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from selftrain.envs.browser.family import BrowserFamily, Draft
from selftrain.envs.browser.goals import Contains, Goal, Inserted
from selftrain.envs.browser.script import Do
from selftrain.envs.browser.sites.forum.content import BLAME, MEMBER, MODELS, PASSWORDS, PRAISE
from selftrain.envs.browser.tasks.forum_common import FORUM, NAMES, sign_in
from selftrain.envs.browser.tasks.forum_sanctions import SANCTIONS
from selftrain.envs.browser.tasks.forum_threads import TIDYING
from selftrain.envs.browser.tasks.parts import answering, said
from selftrain.envs.browser.world import World

SIGN_IN = sign_in(MEMBER)
ACCOUNT = f"Your user name there is {MEMBER}, the password is {PASSWORDS[MEMBER]}."


def other_than(right: str, candidates: Sequence[str], rng: np.random.Generator) -> str:
    """Another one of the candidates."""
    others = sorted(set(candidates) - {right})
    return others[int(rng.integers(len(others)))]


# who wrote the accepted answers


_ANSWERS = """
SELECT threads.id, threads.title, threads.created, categories.slug, users.name, users.username, users.city, users.joined
FROM threads JOIN categories ON categories.id = category_id JOIN posts ON posts.id = answer_id
JOIN users ON users.id = posts.author_id
"""


def _answers(rng: np.random.Generator, level: int, world: World) -> Draft:
    found = world.rows("forum", f"{_ANSWERS} ORDER BY threads.id")
    if level <= 2:
        titles = Counter(line["title"] for line in world.rows("forum", "SELECT title FROM threads"))
        single = [line for line in found if titles[line["title"]] == 1]
        line = single[int(rng.integers(len(single)))]
        asked, answer = ("name", line["name"]) if level == 1 else ("city", line["city"])
        what = f"the thread {line['title']!r} in the category {NAMES[line['slug']]}"
        told = said(
            rng,
            [
                "In the forum, who wrote the accepted answer of {what}? {form}",
                "Somebody answered {what} so well that it was accepted. {form}",
                "Look up {what}: I need to know about the author of the accepted answer. {form}",
            ],
            what=what,
            form="Answer with the full name of that member."
            if asked == "name"
            else "Answer with the city that stands in that member's profile.",
        )
        wrong = other_than(answer, [each[asked] for each in found], rng)
    else:
        return _most_answers(rng, level, world)
    oracle = (
        Do(f"goto('{FORUM}/c/{line['slug']}?state=solved&sort=new')"),
        Do(f"goto('{FORUM}/t/{line['id']}')"),
        Do("click", "link", "Go to the accepted answer"),
        *answering(answer),
    )
    return Draft(told, world, Goal(answer=answer), oracle, {"another member": answering(wrong)}, steps=40)


def _most_answers(rng: np.random.Generator, level: int, world: World) -> Draft:
    """The member with the most accepted answers: in one category, in three, in all; made unique where it is not."""
    slugs = [slug for slug in NAMES if slug != "market"]
    chosen = sorted(slugs[at] for at in rng.permutation(len(slugs))[: {3: 1, 4: 3, 5: len(slugs)}[level]])
    marks = ", ".join("?" * len(chosen))
    where = f"WHERE categories.slug IN ({marks})"
    members = world.rows("forum", "SELECT id, name FROM users WHERE role = 'member' ORDER BY id")
    best = members[int(rng.integers(len(members)))]
    while True:
        found = world.rows("forum", f"{_ANSWERS} {where} ORDER BY threads.id", *chosen)
        counts = Counter(line["name"] for line in found).most_common(2)
        if counts[0][0] == best["name"] and (len(counts) == 1 or counts[1][1] < counts[0][1]):
            break
        loose = [line for line in found if line["name"] != best["name"]]
        thread = loose[int(rng.integers(len(loose)))]["id"]
        world.write(
            "forum",
            "UPDATE posts SET author_id = ? WHERE id = (SELECT answer_id FROM threads WHERE id = ?)",
            best["id"],
            thread,
        )
    area = "in the whole forum" if level == 5 else "in " + " and ".join(NAMES[slug] for slug in chosen)
    told = said(
        rng,
        [
            "We thank the most helpful member {area}: the one who wrote the most accepted answers there. Answer with "
            "the full name.",
            "Go through the solved threads {area} and find who wrote the most of the accepted answers. Answer with "
            "that member's full name.",
            "Whose posts were accepted as answers most often {area}? Answer with the member's full name.",
        ],
        area=area,
    )
    survey = [Do(f"goto('{FORUM}/p/{line['answer']}')") for line in _answer_posts(world, where, chosen)]
    runner_up = next((name for name, _ in counts[1:]), other_than(best["name"], [m["name"] for m in members], rng))
    cheats = {"the second": answering(runner_up), "the most active": answering(_most_active(world, best["name"]))}
    return Draft(
        told, world, Goal(answer=best["name"]), (*survey, *answering(best["name"])), cheats, steps=60 + 3 * len(survey)
    )


def _answer_posts(world: World, where: str, chosen: Sequence[str]) -> Sequence[Any]:
    return world.rows(
        "forum",
        f"SELECT answer_id AS answer FROM threads JOIN categories ON categories.id = category_id {where} "
        "AND answer_id IS NOT NULL ORDER BY threads.id",
        *chosen,
    )


def _most_active(world: World, besides: str) -> str:
    name = world.row(
        "forum",
        "SELECT name FROM posts JOIN users ON users.id = author_id WHERE name <> ? "
        "GROUP BY author_id ORDER BY COUNT(*) DESC, author_id",
        besides,
    )["name"]
    return str(name)


# what is recommended


def opinion(body: str, models: Sequence[str]) -> tuple[str, bool] | None:
    """The model that a post is for (true) or against (false), if any."""
    for model in models:
        if any(line.format(model) in body for line in PRAISE):
            return model, True
        if any(line.format(model) in body for line in BLAME):
            return model, False
    return None


def _recommended(rng: np.random.Generator, level: int, world: World) -> Draft:
    slugs = sorted(MODELS)
    slug = slugs[int(rng.integers(len(slugs)))]
    threads = world.rows(
        "forum",
        "SELECT threads.id, title, threads.created, COUNT(*) AS posts FROM threads "
        "JOIN posts ON thread_id = threads.id JOIN categories ON categories.id = category_id "
        "WHERE slug = ? GROUP BY threads.id ORDER BY threads.id",
        slug,
    )
    if level <= 2:
        titles = Counter(line["title"] for line in world.rows("forum", "SELECT title FROM threads"))
        single = [line for line in threads if titles[line["title"]] == 1] or threads[:1]
        scope = sorted(single, key=lambda line: (-line["posts"], line["id"]))[:1]
        area = f"in the thread {scope[0]['title']!r} (category {NAMES[slug]})"
    elif level == 5:
        scope, area = threads, f"in all threads of the category {NAMES[slug]}"
    else:
        years = {3: "2026", 4: "2025"}
        scope = [line for line in threads if line["created"][:4] == years[level]] or threads
        area = f"in the threads of the category {NAMES[slug]} that were begun in {scope[0]['created'][:4]}"
        if scope is threads:
            area = f"in all threads of the category {NAMES[slug]}"
    return _tally(rng, level, world, slug, [line["id"] for line in scope], area)


def _tally(rng: np.random.Generator, level: int, world: World, slug: str, threads: Sequence[int], area: str) -> Draft:
    models = MODELS[slug]
    best = models[int(rng.integers(len(models)))]

    def counts() -> Counter[str]:
        marks = ", ".join("?" * len(threads))
        bodies = world.rows("forum", f"SELECT body FROM posts WHERE thread_id IN ({marks}) ORDER BY id", *threads)
        tally = Counter(dict.fromkeys(models, 0))
        for line in bodies:
            if (found := opinion(line["body"], models)) is not None:
                tally[found[0]] += 1 if found[1] else (-1 if level >= 4 else 0)
        return tally

    while (tally := counts())[best] <= max(tally[model] for model in models if model != best):
        _speak_for(rng, world, best, threads)
    rule = (
        "A post that advises against a model takes one recommendation away from it."
        if level >= 4
        else "Posts that advise against a model count for nothing."
    )
    told = said(
        rng,
        [
            "Which model is recommended most often {area}? Every post that recommends a model counts once. {rule} "
            "Answer with the name of the model.",
            "I want to buy what people praise. Count the recommendations {area}, one for each post that recommends a "
            "model. {rule} Answer with the name of the model that has the most.",
            "Please read {area} and tell me which model gets the most recommendations, one a post. {rule} Answer with "
            "the model's name.",
        ],
        area=area,
        rule=rule,
    )
    named = [model for model, _ in tally.most_common() if model != best]
    pages = [Do(f"goto('{FORUM}/t/{thread}')") for thread in threads]
    cheats = {"the second": answering(named[0]), "the last": answering(named[-1])}
    return Draft(told, world, Goal(answer=best), (*pages, *answering(best)), cheats, steps=60 + 4 * len(pages))


def _speak_for(rng: np.random.Generator, world: World, model: str, threads: Sequence[int]) -> None:
    """One more post recommends the model, among those that say nothing or speak for another."""
    thread = threads[int(rng.integers(len(threads)))]
    author = world.row(
        "forum", "SELECT id FROM users WHERE role = 'member' AND id > 3 ORDER BY (id * 37 + ?) % 211", thread
    )
    created = world.row("forum", "SELECT MAX(created) AS at FROM posts WHERE thread_id = ?", thread)["at"]
    world.write(
        "forum",
        "INSERT INTO posts (thread_id, author_id, body, created) VALUES (?, ?, ?, ?)",
        thread,
        author["id"],
        PRAISE[int(rng.integers(len(PRAISE)))].format(model),
        created,
    )


# replies


def _replies(rng: np.random.Generator, level: int, world: World) -> Draft:
    """Answer in the right threads: one that is named, or all of somebody's that are still open."""
    author, slug = _asker(world, rng), "tents"
    wanted = {1: 1, 2: 1, 3: 2, 4: 3, 5: 5}[level]
    made = [_asked_thread(world, rng, author["id"], slug, number) for number in range(wanted)]
    if level >= 3:
        _closed_threads(world, rng, author["id"], slug)
    text = said(rng, ["Is this still open?", "Did you find a solution?", "What did you choose in the end?"])
    if level == 1:
        where = f"to the thread {made[0][1]!r} in the category {NAMES[slug]}"
    else:
        where = (
            f"to every thread in the category {NAMES[slug]} that {author['name']} began in February 2026"
            + (" and that is neither solved nor locked" if level >= 3 else "")
            + (", with one reply each" if wanted > 1 else "")
        )
    token = f"ref {int(rng.integers(100, 1000))}"
    told = said(
        rng,
        [
            "Please reply {where} in the forum. The reply must contain the sentence {text!r} and the words {token!r}. "
            "{me}",
            "I promised to ask again in the forum: reply {where}, with a text that has the sentence {text!r} and "
            "{token!r} in it. {me}",
            "In the forum, post a reply {where}. It must hold {text!r} and also {token!r}. {me}",
        ],
        where=where,
        text=text,
        token=token,
        me=ACCOUNT,
    )
    threads = [thread for thread, _ in made]
    me = world.row("forum", "SELECT id FROM users WHERE username = ?", MEMBER)["id"]
    changes = [
        Inserted("forum", "posts", {"thread_id": thread, "author_id": me, "body": Contains((text, token))})
        for thread in threads
    ]
    strange = world.row("forum", "SELECT id FROM threads WHERE locked = 0 AND author_id <> ? ORDER BY id", author["id"])
    oracle, cheats = _reply_scripts(threads, strange["id"], text, token)
    return Draft(told, world, Goal(changes, {"forum": MEMBER}), oracle, cheats, steps=40 + 12 * wanted)


def _reply_scripts(
    threads: Sequence[int], strange: int, text: str, token: str
) -> tuple[tuple[Do, ...], dict[str, tuple[Do, ...]]]:
    """The oracle and the cheats: the right replies, or one too many, in a strange thread, or without the words."""

    def post(thread: int, body: str) -> tuple[Do, ...]:
        return (
            Do(f"goto('{FORUM}/t/{thread}')"),
            Do("fill", "textbox", "Your reply", body),
            Do("click", "button", "Post reply"),
        )

    body, end = f"{text} ({token})", Do("submit()")
    every = tuple(do for thread in threads for do in post(thread, body))
    cheats = {
        "another thread": (*SIGN_IN, *post(strange, body), end),
        "one too many": (*SIGN_IN, *every, *post(threads[0], body), end),
        "without the words": (*SIGN_IN, *every[:-3], *post(threads[-1], f"{text} Tell us."), end),
    }
    return (*SIGN_IN, *every, end), cheats


def _asker(world: World, rng: np.random.Generator) -> Any:
    members = world.rows(
        "forum",
        "SELECT id, name FROM users WHERE role = 'member' AND username <> ? "
        "AND id NOT IN (SELECT author_id FROM threads WHERE created > '2026') ORDER BY id",
        MEMBER,
    )
    return members[int(rng.integers(len(members)))]


_LATE = (
    "Condensation in the {}",
    "Poles for the {}",
    "Footprint for the {}",
    "Pitching the {} on rock",
    "Seams of the {}",
)


def _asked_thread(
    world: World, rng: np.random.Generator, author: int, slug: str, number: int, day: int = 0
) -> tuple[int, str]:
    category = world.row("forum", "SELECT id FROM categories WHERE slug = ?", slug)["id"]
    models = MODELS[slug]
    title = _LATE[number % len(_LATE)].format(models[int(rng.integers(len(models)))])
    created = f"2026-02-{day or int(rng.integers(3, 27)):02} {int(rng.integers(8, 20)):02}:15"
    thread = world.write(
        "forum",
        "INSERT INTO threads (category_id, author_id, title, created) VALUES (?, ?, ?, ?)",
        category,
        author,
        title,
        created,
    )
    world.write(
        "forum",
        "INSERT INTO posts (thread_id, author_id, body, created) VALUES (?, ?, ?, ?)",
        thread,
        author,
        "Has anybody met this? I tried what the label says.",
        created,
    )
    return thread, title


def _closed_threads(world: World, rng: np.random.Generator, author: int, slug: str) -> None:
    """Two threads of the same member and month that want no reply: one locked, one solved; and an older one."""
    locked, _ = _asked_thread(world, rng, author, slug, 3)
    world.write("forum", "UPDATE threads SET locked = 1 WHERE id = ?", locked)
    solved, _ = _asked_thread(world, rng, author, slug, 4)
    first = world.row("forum", "SELECT id FROM posts WHERE thread_id = ?", solved)["id"]
    world.write("forum", "UPDATE threads SET answer_id = ? WHERE id = ?", first, solved)
    older, _ = _asked_thread(world, rng, author, slug, 2)
    world.write("forum", "UPDATE threads SET created = replace(created, '2026-02', '2026-01') WHERE id = ?", older)
    world.write("forum", "UPDATE posts SET created = replace(created, '2026-02', '2026-01') WHERE thread_id = ?", older)


FAMILIES = (
    BrowserFamily(
        "forum-accepted-answers",
        "Find who wrote the accepted answers, in one thread or in all of them.",
        ("reading", "survey", "counting"),
        0.02,
        ("forum",),
        _answers,
    ),
    BrowserFamily(
        "forum-recommendations",
        "Count which model a category's posts recommend.",
        ("reading", "survey", "counting"),
        0.2,
        ("forum",),
        _recommended,
    ),
    BrowserFamily(
        "forum-replies",
        "Reply in the right threads, and in no others.",
        ("search", "writing", "care"),
        0.0,
        ("forum",),
        _replies,
    ),
    *SANCTIONS,
    *TIDYING,
)
