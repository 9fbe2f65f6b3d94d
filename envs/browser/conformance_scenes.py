"""The scenes of the conformance suite of engines: a page, and what is done on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from selftrain.envs.browser.script import Do

HOSTS = ("one.test", "two.test")
START = "http://one.test"
FILES: Mapping[str, bytes] = {"people.csv": b"name\nAda\n", "notes.txt": b"Some notes.\n"}


@dataclass(frozen=True)
class Scene:
    """Steps from a page on.

    Attributes:
        name: of the scene.
        path: of the page that it begins with, on the first host.
        steps: what is done; one that cannot be done must fail on both engines with the same words.
    """

    name: str
    path: str
    steps: Sequence[Do] = ()


SCENES: Sequence[Scene] = (
    Scene("structure", "/structure"),
    Scene("hidden_things", "/hidden"),
    Scene("names", "/names"),
    Scene("odd_html", "/odd"),
    Scene("a_link", "/", [Do("click", "link", "Structure"), Do("go_back()"), Do("go_forward()"), Do("go_forward()")]),
    Scene("an_anchor", "/structure", [Do("click", "link", "To the end"), Do("go_back()")]),
    Scene("another_host", "/", [Do("click", "link", "The other site"), Do("click", "link", "Back to the first")]),
    Scene(
        "a_link_out",
        "/",
        [Do("click", "link", "Out of here"), Do("click", "link", "A file"), Do("click", "link", "Data")],
    ),
    Scene(
        "a_new_tab",
        "/",
        [Do("click", "link", "In a new tab"), Do("tab_focus(0)"), Do("tab_focus(1)"), Do("tab_close()")],
    ),
    Scene(
        "tabs",
        "/",
        [
            Do("new_tab()"),
            Do("goto('http://one.test/structure')"),
            Do("tab_close()"),
            Do("tab_focus(4)"),
            Do("go_back()"),
        ],
    ),
    Scene(
        "a_form_by_get",
        "/search",
        [
            Do("fill", "textbox", "Words", "blue mug & é+%"),
            Do("select", "combobox", "Sort by", "Price"),
            Do("click", "button", "Search"),
        ],
    ),
    Scene("enter_sends", "/search", [Do("fill", "textbox", "Words", "x"), Do("press", "textbox", "Words", "Enter")]),
    Scene(
        "a_form_by_post",
        "/form",
        [
            Do("fill", "textbox", "Name", "  Ada L.  "),
            Do("fill", "textbox", "Story", "One\nTwo\n"),
            Do("select", "combobox", "Colour", "Dark green"),
            Do("select", "listbox", "Days", "Tuesday"),
            Do("check", "checkbox", "Gift"),
            Do("check", "radio", "Express"),
            Do("fill", "spinbutton", "Count", "3"),
            Do("fill", "textbox", "Day", "2026-03-04"),
            Do("click", "button", "Send"),
        ],
    ),
    Scene(
        "buttons_send_their_names",
        "/form",
        [Do("fill", "textbox", "Name", "x"), Do("click", "button", "Save as draft")],
    ),
    Scene(
        "reset",
        "/form",
        [Do("fill", "textbox", "Name", "x"), Do("check", "checkbox", "Gift"), Do("click", "button", "Reset")],
    ),
    Scene(
        "what_a_form_refuses",
        "/form",
        [
            Do("click", "button", "Send"),
            Do("fill", "textbox", "Name", "ab"),
            Do("fill", "textbox", "E-mail", "nobody"),
            Do("click", "button", "Send"),
            Do("fill", "textbox", "E-mail", "a@b.test"),
            Do("fill", "spinbutton", "Count", "30"),
            Do("click", "button", "Send"),
            Do("fill", "spinbutton", "Count", "0"),
            Do("press", "textbox", "Name", "Enter"),
            Do("fill", "spinbutton", "Count", "2"),
            Do("fill", "textbox", "Code", "zz"),
            Do("click", "button", "Send"),
        ],
    ),
    Scene(
        "what_fields_refuse",
        "/form",
        [
            Do("fill", "spinbutton", "Count", "three"),
            Do("fill", "textbox", "Day", "4 March"),
            Do("fill", "textbox", "Fixed", "x"),
            Do("fill", "textbox", "Off", "x"),
            Do("click", "button", "Not now"),
            Do("fill", "checkbox", "Gift", "x"),
            Do("fill", "combobox", "Colour", "x"),
            Do("select", "combobox", "Colour", "Purple"),
            Do("select", "combobox", "Colour", "Sold out"),
            Do("select", "textbox", "Name", "x"),
            Do("check", "textbox", "Name"),
            Do("uncheck", "radio", "Standard"),
            Do("upload", "textbox", "Name", "people.csv"),
            Do("upload", "file", "Attachment", "nothing.csv"),
            Do("press", "textbox", "Name", "Turbo"),
            Do("click('999')"),
        ],
    ),
    Scene("lengths", "/form", [Do("fill", "textbox", "Short", "abcdefghij"), Do("fill", "textbox", "Short", "")]),
    Scene(
        "an_upload",
        "/form",
        [
            Do("fill", "textbox", "Name", "x"),
            Do("upload", "file", "Attachment", "people.csv"),
            Do("click", "button", "Send"),
        ],
    ),
    Scene(
        "a_download",
        "/",
        [Do("click", "link", name) for name in ("Export", "Export", "Saved page", "Named page")],
    ),
    Scene(
        "answers_without_page", "/", [Do("click", "link", "Nothing"), Do("click", "link", "Missing"), Do("go_back()")]
    ),
    Scene("redirects", "/", [Do("click", "link", "Moved"), Do("go_back()"), Do("click", "link", "Moved out")]),
    Scene("cookies", "/visits", [Do("goto('http://one.test/visits')"), Do("goto('http://two.test/visits')")]),
    Scene("details", "/hidden", [Do("click", "button", "More"), Do("click", "button", "More")]),
    Scene("plain_text", "/text"),
    *(
        Scene(f"refused_address_{number}", "/", [Do(f"goto({url!r})")])
        for number, url in enumerate(
            (
                "javascript:document.title='x'",
                "data:text/html,<h1>x</h1>",
                "file:///etc/passwd",
                "blob:http://one.test/x",
                "about:blank",
                "chrome://version",
                "view-source:http://one.test/",
                "http://one.test:8080/",
                "http://127.0.0.1/",
                "http://[::1]/",
                "http://three.test/",
                "https://one.test/",
                "http://one.test@two.test/",
                "one.test",
                "ftp://one.test/",
            )
        )
    ),
)
