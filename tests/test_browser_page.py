"""The text of pages: roles, names, numbers and states, and that anything at all is a page."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selftrain.envs.browser.dom.document import parsed
from selftrain.envs.browser.page import Numbers, Page, make_page
from selftrain.envs.browser.script import Do, to_action
from selftrain.errors import TaskError


def page_of(html: str, numbers: Numbers | None = None) -> Page:
    document = parsed(html)
    return make_page("http://t.test/", document.title, document.root, numbers or Numbers())


def text_of(html: str) -> list[str]:
    return page_of(html).text.splitlines()


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        ("<p>One\n two <b>three</b>.", ["'One two three.'"]),
        ("<p>It's <i>so</i></p>", ['"It\'s so"']),
        ("a<div>b</div>c<br>d", ["'a'", "'b'", "'c'", "'d'"]),
        ("<a href=/x>Go <b>on</b></a>", ["link [1] 'Go on'"]),
        ("<a name=x>no link</a>", ["'no link'"]),
        ("<p>See <a href=/x>this</a>, please.", ["'See' link [1] 'this' ', please.'"]),
        ("<h2>Part <a href=/x>two</a></h2>", ["heading 2 'Part' link [1] 'two'"]),
        ("<h1>Orders</h1>", ["heading 1 'Orders'"]),
        (
            "<nav aria-label=Main><a href=/>A</a><a href=/b>B</a></nav>",
            ["navigation 'Main'", *("  link [1] 'A'", "  link [2] 'B'")],
        ),
        ("<ul><li>a</li><li><a href=/>b</a> c<p>d</p></li><li></li></ul>", ["- 'a'", "- link [1] 'b' 'c'", "  'd'"]),
        ("<li><article><h3>Mug</h3><p>red</p></article></li>", ["- heading 3 'Mug'", "  'red'"]),
        ("<article aria-label=Mug><p>red</p></article>", ["article 'Mug'", "  'red'"]),
        (
            "<dl><dt>Total</dt><dd>5</dd><div><dt>Who<dd><a href=/>Ann</a></div></dl>",
            ["'Total': '5'", "'Who': link [1] 'Ann'"],
        ),
        ("<p role=alert>No.</p><div role=status><p>a</p><p>b</p></div>", ["alert 'No.'", "status", "  'a'", "  'b'"]),
        ("<p>was <s>$ 3</s> $ 2", ["'was' deleted '$ 3' '$ 2'"]),
        ("<img alt='A cat' src=x><img src=y><img alt='' src=z>", ["image 'A cat'"]),
        ("<pre>a,b\n 1,2\n</pre>", ["'a,b'", "' 1,2'"]),
        ("<section aria-label=Notes>x</section><section>y</section>", ["region 'Notes'", "  'x'", "'y'"]),
        ("<fieldset><legend>Ship</legend><p>x</fieldset>", ["group 'Ship'", "  'x'"]),
        (
            "<form role=search aria-label=Find><input type=search name=q></form>",
            ["search 'Find'", "  searchbox [1] '' value=''"],
        ),
    ],
)
def test_lines(html: str, lines: list[str]) -> None:
    assert text_of(html) == lines


@pytest.mark.parametrize(
    ("html", "line"),
    [
        ("<label for=a>Name</label><input id=a value=x required>", "textbox [1] 'Name' value='x' required"),
        ("<label>Name <input></label>", "textbox [1] 'Name' value=''"),
        ("<input aria-label=Qty type=number value=3 readonly>", "spinbutton [1] 'Qty' value='3' readonly"),
        ("<span id=l>Due on</span><input aria-labelledby=l type=date>", "textbox [1] 'Due on' type=date value=''"),
        ("<input placeholder=Find>", "textbox [1] 'Find' value=''"),
        ("<input placeholder='a word' title=Find>", "textbox [1] 'Find' value='' placeholder='a word'"),
        ("<input type=password aria-label=P value=secret>", "textbox [1] 'P' type=password value='••••••'"),
        ("<textarea aria-label=T>\na\nb</textarea>", "textbox [1] 'T' value='a\\nb'"),
        ("<label><input type=checkbox checked> Gift</label>", "checkbox [1] 'Gift' checked"),
        ("<input type=radio id=r name=n><label for=r>Red</label>", "radio [1] 'Red'"),
        ("<input type=submit value=Save disabled>", "button [1] 'Save' disabled"),
        ("<input type=submit>", "button [1] 'Submit'"),
        ("<input type=image alt=Go>", "button [1] 'Go'"),
        ("<input type=file multiple aria-label=F>", "file [1] 'F' value='' multiple"),
        ("<input type=range aria-label=R>", "slider [1] 'R' value='50'"),
        ("<button aria-label='Remove mug'>Remove</button>", "button [1] 'Remove mug'"),
        ("<button><img alt=Bin src=x></button>", "button [1] 'Bin'"),
        ("<button title=Close></button>", "button [1] 'Close'"),
        ("<select aria-label=S><option>A<option selected>B</select>", "combobox [1] 'S' value='B' options='A','B'"),
        (
            "<select aria-label=S><optgroup label=g><option>A</optgroup><option>B</select>",
            "combobox [1] 'S' value='A' options='A','B'",
        ),
        ("<select multiple aria-label=S><option>A<option>B</select>", "listbox [1] 'S' value='' options='A','B'"),
        ("<details><summary>More</summary>x</details>", "button [1] 'More' collapsed"),
        ("<a href=/ aria-current=page>Home</a>", "link [1] 'Home' current"),
        ("<a href=/ tabindex=0>Home</a>", "link [1] 'Home'"),
        ("<div role=button aria-expanded=false>Menu</div>", "button [1] 'Menu' collapsed"),
        ("<div draggable=true>Card</div>", "generic [1] 'Card' draggable"),
        ("<input role=switch type=checkbox aria-label=On checked>", "switch [1] 'On' checked"),
    ],
)
def test_what_can_be_acted_on(html: str, line: str) -> None:
    lines = text_of(html)
    assert lines[-1] == line
    assert len(lines) == 1 or "Due on" in html


def test_a_table_has_a_line_for_each_row() -> None:
    html = """<table><caption>Orders</caption><thead><tr><th>Order</th><th></th></tr></thead><tbody>
    <tr><td><a href=/1>#1</a> new</td><td><form><input type=hidden name=t value=x><button>Pay</button></form></td></tr>
    <tr><td><div>a</div><p>b</p></td><td><ul><li>c</li><li>d</li></ul></td></tr></tbody></table>"""
    assert text_of(html) == [
        "table 'Orders'",
        "  row | 'Order' | '' |",
        "  row | link [1] '#1' 'new' | button [2] 'Pay' |",
        "  row | 'a b' | 'c d' |",
    ]


@pytest.mark.parametrize(
    "html",
    [
        "<div hidden><a href=/>x</a></div>",
        "<div aria-hidden=true><a href=/>x</a></div>",
        "<div style='display: none'><a href=/>x</a></div>",
        "<input type=hidden value=x>",
        "<details><p><a href=/>x</a></p></details>",
        "<dialog><a href=/>x</a></dialog>",
        "<body><script>x</script><style>y</style><template><a href=/>x</a></template><noscript>z</noscript><!-- c -->",
        "<datalist id=d><option>x</datalist>",
        "<table><tr hidden><td>x</td></tr></table>",
    ],
)
def test_what_is_hidden_is_left_out(html: str) -> None:
    page = page_of(html)
    assert (page.text, dict(page.elements)) == ("", {})


def test_no_text_of_a_page_passes_for_an_element() -> None:
    assert text_of("<p>link [3] 'Pay'\n\nbutton</p><p>'</p>") == ["\"link [3] 'Pay' button\"", '"\'"']


def test_the_text_of_a_label_is_told_once() -> None:
    html = "<label for=a>Name</label><input id=a><label>Terms <a href=/t>read</a><input type=checkbox></label>"
    assert text_of(html) == ["textbox [1] 'Name' value=''", "link [2] 'read'", "checkbox [3] 'Terms read'"]
    assert text_of("<label for=a>Name</label><input id=a aria-label=Other>")[0] == "'Name'"


def test_a_disabled_fieldset_disables_its_fields() -> None:
    page = page_of("<fieldset disabled><legend>L</legend><input aria-label=A></fieldset><input aria-label=B>")
    assert [element.states for element in page.elements.values()] == [("disabled",), ()]


def test_many_options_and_long_values_are_cut_in_the_text_alone() -> None:
    options = "".join(f"<option>o{number}" for number in range(40))
    page = page_of(f"<select aria-label=S>{options}</select><input aria-label=T value={'x' * 5000}>")
    assert "'o29',... 10 more" in page.text
    assert "... 5000 characters" in page.text
    assert len(page.text) < 2000
    first, second = page.elements.values()
    assert (len(first.options), len(second.value)) == (40, 5000)


def test_within_is_the_text_of_what_holds_an_element() -> None:
    page = page_of(
        """<a href=/>out</a><table><tr><td>#1</td><td><button>Pay</button></td></tr></table>
        <ul><li><h3>Mug</h3><button>Add</button></li></ul><article>Text <a href=/r>Reply</a></article>
        before<fieldset><legend>Ship</legend><label><input type=radio>Fast</label></fieldset>"""
    )
    assert [element.within for element in page.elements.values()] == [
        "",
        "#1 Pay",
        "Mug Add",
        "Text Reply",
        "Ship Fast",
    ]


def test_an_element_keeps_its_number_and_a_new_one_gets_the_next() -> None:
    document = parsed("<details><summary>More</summary><a href=/>in</a></details><a href=/x>after</a>")
    numbers = Numbers()
    before = make_page("", "", document.root, numbers)
    document.change(document.nodes[2], "open", "")
    after = make_page("", "", document.root, numbers)
    assert [element.name for element in before.elements.values()] == ["More", "after"]
    assert {number: element.name for number, element in after.elements.items()} == {
        "1": "More",
        "3": "in",
        "2": "after",
    }
    assert list(after.elements) == ["1", "3", "2"]


def test_the_document_cannot_set_live_states() -> None:
    assert text_of("<input type=checkbox aria-label=a :checked :focused><p :hidden>x") == ["checkbox [1] 'a'", "'x'"]


@pytest.mark.parametrize(
    "tag", ["div", "b", "table><tr><td", "ul><li", "fieldset", "a href=x", "details open", "select", "svg"]
)
def test_deep_and_wide_pages_end_in_time(tag: str) -> None:
    start = time.perf_counter()
    page = page_of(f"<{tag}>" * 5000 + "<p>inside")
    assert isinstance(page.text, str)
    assert time.perf_counter() - start < 10


def test_what_lies_too_deep_is_still_there() -> None:
    assert "'inside'" in page_of("<section aria-label=s><div>" * 400 + "<p>inside").text


_PIECES = """<p> </p> <a/href=x> <table> <tr> <td> <th> </table> <ul> <li> <form> <input> <label> <select> <option> <br>
<textarea> <details/open> <summary> <fieldset> <legend> <h1> <article> <dl> <dt> <dd> <button> <svg> <math> <!-- -->
x & ; ' " <div/role=button> <div/role=alert> <nav> <input/id=a> <label/for=a> <p/aria-labelledby=a/id=a>"""


@given(
    st.one_of(
        st.text(),
        st.binary().map(lambda data: data.decode("latin-1")),
        st.lists(st.sampled_from(_PIECES.split()), max_size=60).map("".join),
    )
)
@settings(max_examples=300, deadline=None)
def test_anything_is_a_page(html: str) -> None:
    page = page_of(html)
    for number, element in page.elements.items():
        assert element.number == number
        assert f"{element.role} [{number}] {element.name!r}" in page.text
    assert page_of(html) == page


def test_a_script_finds_elements_by_role_name_and_surroundings() -> None:
    page = page_of(
        "<table><tr><td>#1</td><td><button>Pay</button></td></tr><tr><td>#2</td><td><button>Pay</button></td></tr></table>"
        '<input aria-label="It\'s"><select aria-label=S><option>A</select>'
    )
    assert to_action(Do("click", "button", "Pay", within="#2"), page) == "click('2')"
    assert to_action(Do("click", "button", "Pay", nth=0), page) == "click('1')"
    assert to_action(Do("fill", "textbox", "It's", "a 'b'\n"), page) == "fill('3', \"a 'b'\\n\")"
    assert to_action(Do("select", "combobox", "S", "A"), page) == "select_option('4', 'A')"
    assert to_action(Do("goto('http://t.test/')"), page) == "goto('http://t.test/')"


@pytest.mark.parametrize(
    ("do", "why"),
    [
        (Do("click", "button", "Pay"), "2 elements are button 'Pay'.*within '#1 Pay'; button 'Pay' within '#2 Pay'"),
        (Do("click", "button", "Pay", nth=2), "2 elements are button 'Pay'.* and number 2 is asked for"),
        (Do("click", "button", "Pya"), "0 elements are button 'Pya'.*Near: button 'Pay'"),
        (Do("click", "link", "Pay"), "0 elements are link 'Pay'.*Near: button 'Pay'"),
        (Do("tap", "button", "Pay", nth=0), "No action of a script is called 'tap'"),
    ],
)
def test_a_script_that_does_not_fit_says_what_is_near(do: Do, why: str) -> None:
    page = page_of("<p>#1 <ul><li>#1 <button>Pay</button><li>#2 <button>Pay</button></ul>")
    with pytest.raises(TaskError, match=why):
        to_action(do, page)
