"""What everybody may see and members may do."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, jsonify, request

from ..base import change, flash, go, needs_login, now, page, paged, row, row_or_404, rows, sent, value

routes = Blueprint("forum", __name__)
SORTS = {
    "active": ("Latest activity", "last DESC, threads.id DESC"),
    "new": ("Newest", "threads.created DESC, threads.id DESC"),
    "replies": ("Most replies", "replies DESC, threads.id DESC"),
    "old": ("Oldest", "threads.created, threads.id"),
}
STATES = {"": "All", "solved": "Solved", "open": "Not solved", "locked": "Locked"}
_THREADS = """
SELECT threads.*, users.name AS author, users.username AS author_name, categories.name AS category,
    categories.slug AS slug,
    (SELECT COUNT(*) - 1 FROM posts WHERE thread_id = threads.id) AS replies,
    (SELECT MAX(created) FROM posts WHERE thread_id = threads.id) AS last
FROM threads JOIN users ON users.id = author_id JOIN categories ON categories.id = category_id
"""
_POSTS = """
SELECT posts.*, users.name AS author, users.username AS author_name, users.role AS role,
    (SELECT COUNT(*) FROM votes WHERE post_id = posts.id) AS votes
FROM posts JOIN users ON users.id = author_id
"""


def is_moderator() -> bool:
    """Whether who asks is signed in as a moderator."""
    return g.user is not None and g.user["role"] == "moderator"


def is_banned(user_id: int) -> bool:
    """Whether a ban of this user still lasts."""
    lasting = "date(created, '+' || days || ' days') > date(?)"
    return value(f"SELECT 1 FROM bans WHERE user_id = ? AND {lasting}", user_id, now()) is not None


@routes.get("/")
def home() -> Any:
    """The categories."""
    found = rows(
        "SELECT categories.*, COUNT(threads.id) AS threads, MAX(threads.created) AS newest FROM categories "
        "LEFT JOIN threads ON category_id = categories.id GROUP BY categories.id ORDER BY categories.name"
    )
    return page("forum/home.html", categories=found)


@routes.get("/c/<slug>")
def category(slug: str) -> Any:
    """The threads of a category, the pinned ones first."""
    found = row_or_404("SELECT * FROM categories WHERE slug = ?", slug)
    sort, state = request.args.get("sort", "active"), request.args.get("state", "")
    order = SORTS.get(sort, SORTS["active"])[1]
    where = {"solved": "answer_id IS NOT NULL", "open": "answer_id IS NULL", "locked": "locked = 1"}.get(state, "1")
    threads = paged(
        f"{_THREADS} WHERE category_id = ? AND {where} ORDER BY pinned DESC, {order}", found["id"], per_page=25
    )
    return page(
        "forum/category.html", category=found, threads=threads, sort=sort, state=state, SORTS=SORTS, STATES=STATES
    )


@routes.get("/search")
def search() -> Any:
    """Posts and titles that hold all words; by author and category if asked."""
    words = request.args.get("q", "").split()[:8]
    author, slug = request.args.get("author", "").strip(), request.args.get("category", "")
    where, values = ["posts.hidden = ''"], []
    for word in words:
        where.append("(posts.body LIKE ? OR threads.title LIKE ?)")
        values += [f"%{word}%"] * 2
    if author:
        where.append("users.username = ?")
        values.append(author)
    if slug:
        where.append("categories.slug = ?")
        values.append(slug)
    found = None
    if words or author:
        found = paged(
            "SELECT posts.id, posts.body, posts.created, threads.id AS thread, threads.title, users.name AS author, "
            "categories.name AS category FROM posts JOIN threads ON threads.id = thread_id "
            "JOIN users ON users.id = posts.author_id JOIN categories ON categories.id = category_id "
            f"WHERE {' AND '.join(where)} ORDER BY posts.created DESC, posts.id DESC",
            *values,
        )
    categories = rows("SELECT slug, name FROM categories ORDER BY name")
    return page("forum/search.html", found=found, categories=[("", "All"), *map(tuple, categories)])


@routes.get("/suggest")
def suggest() -> Any:
    """User names that begin with what is typed."""
    names = rows("SELECT username FROM users WHERE username LIKE ? ORDER BY username LIMIT 8", f"{request.args['q']}%")
    return jsonify([name for (name,) in names])


@routes.get("/t/<int:number>")
def thread(number: int) -> Any:
    """A thread with its posts, 20 a page."""
    found = row_or_404(f"{_THREADS} WHERE threads.id = ?", number)
    posts = paged(f"{_POSTS} WHERE thread_id = ? ORDER BY posts.id", number)
    categories = rows("SELECT slug, name FROM categories ORDER BY name")
    return page(
        "forum/thread.html",
        thread=found,
        posts=posts,
        moderator=is_moderator(),
        categories=[*map(tuple, categories)],
        errors={},
        body="",
    )


def _open_thread(number: int) -> Any:
    found = row_or_404("SELECT * FROM threads WHERE id = ?", number)
    if is_banned(g.user["id"]):
        abort(403)
    if found["locked"] and not is_moderator():
        abort(409, "This thread is locked.")
    return found


@routes.post("/t/<int:number>/reply")
@needs_login
def reply(number: int) -> Any:
    """A new post at the end of a thread."""
    _open_thread(number)
    form = sent()
    body = form.text("body", "Your reply", least=10, most=4000)
    if form.errors:
        found = row_or_404(f"{_THREADS} WHERE threads.id = ?", number)
        return page("forum/reply.html", 422, thread=found, errors=form.errors, body=body)
    made = change(
        "INSERT INTO posts (thread_id, author_id, body, created) VALUES (?, ?, ?, ?)",
        number,
        g.user["id"],
        body,
        now(),
    )
    flash("Your reply is posted.")
    return go("post", number=made)


@routes.get("/p/<int:number>")
def post(number: int) -> Any:
    """One post by itself, with its thread's title."""
    found = row_or_404(f"{_POSTS} WHERE posts.id = ?", number)
    its_thread = row_or_404(f"{_THREADS} WHERE threads.id = ?", found["thread_id"])
    reports = rows("SELECT * FROM reports WHERE post_id = ? ORDER BY id", number) if is_moderator() else []
    return page("forum/post.html", post=found, thread=its_thread, moderator=is_moderator(), reports=reports)


@routes.route("/p/<int:number>/edit", methods=["GET", "POST"])
@needs_login
def edit(number: int) -> Any:
    """Change the text of one's own post."""
    found = row_or_404("SELECT * FROM posts WHERE id = ?", number)
    if found["author_id"] != g.user["id"]:
        abort(403)
    _open_thread(found["thread_id"])
    form, body = sent(), found["body"]
    if request.method == "POST":
        body = form.text("body", "The text", least=10, most=4000)
        if not form.errors:
            change("UPDATE posts SET body = ? WHERE id = ?", body, number)
            flash("Your post is changed.")
            return go("post", number=number)
    return page("forum/edit.html", 422 if form.errors else 200, post=found, body=body, errors=form.errors)


@routes.post("/p/<int:number>/vote")
@needs_login
def vote(number: int) -> Any:
    """Give one's vote to a post, or take it back."""
    found = row_or_404("SELECT * FROM posts WHERE id = ?", number)
    if found["author_id"] == g.user["id"]:
        abort(409, "You cannot vote for your own post.")
    if given := value("SELECT id FROM votes WHERE post_id = ? AND user_id = ?", number, g.user["id"]):
        change("DELETE FROM votes WHERE id = ?", given)
        flash("Your vote is taken back.")
    else:
        change("INSERT INTO votes (post_id, user_id) VALUES (?, ?)", number, g.user["id"])
        flash("Your vote is counted.")
    return go("post", number=number)


@routes.post("/p/<int:number>/accept")
@needs_login
def accept(number: int) -> Any:
    """Mark a post as the answer; who began the thread may."""
    found = row_or_404("SELECT * FROM posts WHERE id = ?", number)
    its_thread = _open_thread(found["thread_id"])
    if its_thread["author_id"] != g.user["id"]:
        abort(403)
    change("UPDATE threads SET answer_id = ? WHERE id = ?", number, its_thread["id"])
    flash("The thread is marked as solved.")
    return go("thread", number=its_thread["id"])


@routes.route("/p/<int:number>/report", methods=["GET", "POST"])
@needs_login
def report(number: int) -> Any:
    """Tell the moderators of a post."""
    found = row_or_404(f"{_POSTS} WHERE posts.id = ?", number)
    form = sent()
    if request.method == "POST":
        reason = form.text("reason", "The reason", least=5, most=300)
        if not form.errors:
            change(
                "INSERT INTO reports (post_id, reporter_id, reason, created) VALUES (?, ?, ?, ?)",
                number,
                g.user["id"],
                reason,
                now(),
            )
            flash("Thank you, the moderators will look at it.")
            return go("thread", number=found["thread_id"])
    return page("forum/report.html", 422 if form.errors else 200, post=found, errors=form.errors)


@routes.route("/new/<slug>", methods=["GET", "POST"])
@needs_login
def new_thread(slug: str) -> Any:
    """Begin a thread."""
    found = row_or_404("SELECT * FROM categories WHERE slug = ?", slug)
    if is_banned(g.user["id"]):
        abort(403)
    form = sent()
    if request.method == "POST":
        title, body = (
            form.text("title", "The title", least=8, most=120),
            form.text("body", "The text", least=10, most=4000),
        )
        if not form.errors:
            made = change(
                "INSERT INTO threads (category_id, author_id, title, created) VALUES (?, ?, ?, ?)",
                found["id"],
                g.user["id"],
                title,
                now(),
            )
            change(
                "INSERT INTO posts (thread_id, author_id, body, created) VALUES (?, ?, ?, ?)",
                made,
                g.user["id"],
                body,
                now(),
            )
            return go("thread", number=made)
    return page("forum/new.html", 422 if form.errors else 200, category=found, errors=form.errors, values=form.values)


@routes.get("/members")
def members() -> Any:
    """All members, by name."""
    named = request.args.get("q", "")
    found = paged(
        "SELECT users.*, (SELECT COUNT(*) FROM posts WHERE author_id = users.id) AS posts FROM users "
        "WHERE name LIKE ? OR username LIKE ? ORDER BY name, id",
        f"%{named}%",
        f"%{named}%",
        per_page=30,
    )
    return page("forum/members.html", members=found, q=named)


@routes.get("/u/<username>")
def member(username: str) -> Any:
    """A member: what they wrote, and for moderators what they were warned for."""
    found = row_or_404("SELECT * FROM users WHERE username = ?", username)
    posts = paged(
        "SELECT posts.*, threads.title FROM posts JOIN threads ON threads.id = thread_id "
        "WHERE posts.author_id = ? ORDER BY posts.created DESC, posts.id DESC",
        found["id"],
    )
    seen = is_moderator() or (g.user is not None and g.user["id"] == found["id"])
    warnings = (
        rows("SELECT * FROM warnings WHERE user_id = ? ORDER BY created DESC, id DESC", found["id"]) if seen else []
    )
    bans = rows("SELECT * FROM bans WHERE user_id = ? ORDER BY created DESC, id DESC", found["id"])
    votes = value("SELECT COUNT(*) FROM votes JOIN posts ON posts.id = post_id WHERE posts.author_id = ?", found["id"])
    return page(
        "forum/member.html",
        member=found,
        posts=posts,
        seen=seen,
        warnings=warnings,
        bans=bans,
        votes=votes,
        banned=is_banned(found["id"]),
        moderator=is_moderator(),
    )


@routes.get("/guide")
def guide() -> Any:
    """The rules, and what moderators do."""
    rule = row("SELECT * FROM categories WHERE slug = 'market'")
    return page("forum/guide.html", rule=dict(map(tuple, rows("SELECT key, value FROM guide"))), market=rule)
