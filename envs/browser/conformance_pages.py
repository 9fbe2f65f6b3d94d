"""The application of the conformance suite: pages with everything that engines might take differently."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from typing import Any

from werkzeug.wrappers import Request, Response

_INDEX = """
<h1>Start</h1>
<ul>
<li><a href="/structure">Structure</a></li>
<li><a href="http://two.test/second?x=1">The other site</a></li>
<li><a href="http://three.test/">Out of here</a> <a href="file:///etc/passwd">A file</a>
<a href="data:text/html,x">Data</a></li>
<li><a href="/structure" target="_blank">In a new tab</a></li>
<li><a href="/export">Export</a> <a href="/notes.txt" download>Saved page</a>
<a href="/notes.txt" download="my notes.txt">Named page</a></li>
<li><a href="/nothing">Nothing</a> <a href="/missing">Missing</a></li>
<li><a href="/moved">Moved</a> <a href="/moved-out">Moved out</a></li>
</ul>
"""
_STRUCTURE = """
<header><a class="brand" href="/">Home</a><nav aria-label="Main"><a href="/search">Search</a>
<a href="/form" aria-current="page">Form</a></nav></header>
<main><h1>All <em>kinds</em> of things</h1>
<p>Some   text, <b>bold</b> and <a href="#end">To the end</a>, <code>code</code>&nbsp;here.<br>A second line.</p>
<table><caption>Orders</caption><thead><tr><th scope="col">Order</th><th>Total</th><th></th></tr></thead>
<tbody><tr><td><a href="/o/1">#1</a></td><td class="num">$&nbsp;84.20</td>
<td><button type="button">Return</button></td></tr>
<tr><td><a href="/o/2">#2</a></td><td>$ 9.00</td><td></td></tr></tbody></table>
<ul><li>One</li><li>Two <ul><li>Two and a half</li></ul></li></ul><ol><li>First</li></ol>
<dl><dt>Status</dt><dd>Shipped</dd><dt>Price</dt><dd>4</dd></dl>
<article><h2>A card</h2><p>With text.</p><button type="button" aria-label="Remove Blue mug">x</button></article>
<blockquote>A quote</blockquote><pre>a  b
  c</pre>
<img src="data:," alt="A picture"><img src="data:,">
<fieldset><legend>Group</legend><label><input type="radio" name="r" value="1"> Left</label>
<label><input type="radio" name="r" value="2" checked> Right</label></fieldset>
<p role="alert">Careful!</p><p role="status">Saved.</p>
<section aria-label="Part"><h3>Inside</h3><hr></section>
<meter value="3" max="9">3 of 9</meter><progress value="1" max="2"></progress>
</main><aside>Aside</aside><footer id="end"><p>End</p></footer>
"""
_HIDDEN = """
<h1>Hidden things</h1>
<p hidden>Not this</p><p style="display:none">Nor this</p><p style="visibility: hidden">Nor that</p>
<p aria-hidden="true">Decoration</p><input type="hidden" name="secret" value="s3cret">
<script>/* no text */</script><style>p { margin: 0 }</style><template><p>template</p></template>
<noscript><p>No scripts</p></noscript><!-- a comment -->
<details><summary>More</summary><p>Inside of it <a href="/">Home</a></p></details>
<details open><summary>Less</summary><p>Shown already</p></details>
<dialog><p>Closed dialog</p></dialog>
<div hidden><button type="button">Not there</button></div>
"""
_NAMES = """
<h1>Names</h1><form>
<label for="a">By for</label><input id="a" name="a" value="1">
<label>Around <input name="b"></label>
<input aria-label="By label" name="c"><span id="d1">By</span> <span id="d2">two parts</span>
<input aria-labelledby="d1 d2" name="d"><input placeholder="By placeholder" name="e"><input title="By title" name="f">
<input type="submit"><input type="submit" value="Go"><input type="reset"><input type="button" value="Plain">
<input type="image" alt="Picture" src="data:,"><button type="button"><img src="data:," alt="Icon"></button>
<button type="button">  Two
 lines </button><a href="/" aria-label="Named link">x</a><a href="/"><img src="data:," alt="Logo"></a>
<a href="/" title="Titled"></a><a>No link</a><select aria-label="Pick"><optgroup label="A"><option>One</option>
</optgroup><option value="2" selected>Two</option></select><textarea aria-label="Text">
First line
Second</textarea>
<div role="button" tabindex="0">Made of div</div><span role="checkbox" aria-checked="true" tabindex="0">Box</span>
<input type="search" aria-label="Find" value="x"><input type="email" aria-label="Mail">
<input type="date" aria-label="Day" value="2026-03-02">
<input type="range" aria-label="Range" min="0" max="10" value="4">
<input type="password" aria-label="Secret" value="abc">
<input type="color" aria-label="Colour" value="#AABBCC"><input type="number" aria-label="Number" value="x7">
</form>
"""
_ODD = """
<h1>Odd<h2>Unclosed<p>One<p>Two<div>in p</div></p><b><i>wrong</b> nesting</i>
<table><tr><td>no body<td>two<tr><td>three</table><table><p>fostered</p><tr><td>x</td></tr></table>
<ul><li>a<li>b</ul>&lt;tag&gt; &amp; &copy; &#128512; &notanentity; 'single' "double"
<a href="/a"><a href="/b">Nested</a></a><form id=x><input name=q value="it's"></form><button form=x>Outside</button>
<select aria-label=S><option>One<option selected>Two</select><br/><unknown-tag>Custom</unknown-tag>
<svg width="10" height="10"><circle r="3"></circle></svg><p>\u200bzero\u00a0width\ttab</p>
"""
_SEARCH = """
<h1>Search</h1><form action="/found"><label for="q">Words</label><input id="q" name="q">
<label for="s">Sort by</label><select id="s" name="s">
<option>Newest</option><option value="p">Price</option></select>
<button>Search</button></form>
"""
_FORM = """
<h1>Form</h1><form method="post" action="/sent" enctype="multipart/form-data">
<input type="hidden" name="token" value="t0ken">
<label for="n">Name</label><input id="n" name="n" required minlength="1">
<label for="m">E-mail</label><input id="m" name="m" type="email">
<label for="t">Story</label><textarea id="t" name="t"></textarea>
<label for="c">Colour</label><select id="c" name="c"><option>Red</option><option value="dg">Dark  green</option>
<option disabled>Sold out</option></select>
<label for="d">Days</label><select id="d" name="d" multiple>
<option selected>Monday</option><option>Tuesday</option></select>
<label><input type="checkbox" name="g" value="yes"> Gift</label>
<label><input type="radio" name="w" value="s" checked> Standard</label>
<label><input type="radio" name="w" value="e"> Express</label>
<label for="k">Count</label><input id="k" name="k" type="number" min="1" max="10">
<label for="y">Day</label><input id="y" name="y" type="date">
<label for="z">Code</label><input id="z" name="z" pattern="[0-9]{4}" title="four digits">
<label for="f">Fixed</label><input id="f" name="f" value="fixed" readonly>
<label for="o">Off</label><input id="o" name="o" value="off" disabled>
<label for="h">Short</label><input id="h" name="h" maxlength="5">
<label for="u">Attachment</label><input id="u" name="u" type="file">
<button>Send</button><button name="draft" value="1" formnovalidate>Save as draft</button>
<button type="reset">Reset</button>
<button disabled>Not now</button></form>
"""
_PAGES = {
    "/": _INDEX,
    "/structure": _STRUCTURE,
    "/hidden": _HIDDEN,
    "/names": _NAMES,
    "/odd": _ODD,
    "/search": _SEARCH,
    "/form": _FORM,
    "/second": '<h1>Second</h1><a href="http://one.test/">Back to the first</a>',
}


class Recorder:
    """The application; keeps what it was asked.

    Attributes:
        asked: method, URL, fields, files, cookies and referrer of every request.
    """

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        if request.path == "/favicon.ico":
            return Response(status=404)(environ, start_response)
        files = [(key, file.filename, file.read()) for key, file in request.files.items(multi=True)]
        request.close()
        fields = [(key, value) for key, value in request.form.items(multi=True)]
        self.asked.append((request.method, request.url, fields, files, request.cookies.to_dict(), request.referrer))
        return self._answer(request, fields)(environ, start_response)

    def check(self) -> None:
        """Nothing breaks here."""

    def databases(self) -> dict[str, bytes]:
        """There are none."""
        return {}

    def log(self) -> bytes:
        """There is none but `asked`."""
        return b"[]"

    def close(self) -> None:
        """There is nothing to close."""

    def _answer(self, request: Request, fields: list[tuple[str, str]]) -> Response:
        path = request.path
        if path in _PAGES:
            return _page(_PAGES[path])
        if path in {"/found", "/sent"}:
            given = fields or list(request.args.items(multi=True))
            shown = "".join(f"<tr><td>{escape(key)}</td><td>{escape(repr(value))}</td></tr>" for key, value in given)
            return _page(f"<h1>Sent</h1><table>{shown}</table>")
        if path == "/visits":
            count = int(request.cookies.get("visits", "0")) + 1
            page = _page(f"<h1>Visit {count}</h1>")
            page.set_cookie("visits", str(count), httponly=True)
            return page
        if path == "/export":
            saved = {"Content-Disposition": 'attachment; filename="orders.csv"'}
            return Response("a,b\n1,2\n", headers=saved, content_type="text/csv")
        if path == "/moved":
            return Response(status=303, headers={"Location": "/structure?from=moved"})
        if path == "/moved-out":
            return Response(status=302, headers={"Location": "http://three.test/"})
        if path in {"/text", "/notes.txt"}:
            return Response("Plain <b>text</b>\n  two lines", content_type="text/plain; charset=utf-8")
        return Response(status=204) if path == "/nothing" else _page("<h1>Not found</h1>", 404)


def _page(body: str, status: int = 200) -> Response:
    html = f'<!doctype html><html lang="en"><head><title> A  page </title></head><body>{body}</body></html>'
    return Response(html, status, content_type="text/html; charset=utf-8")
