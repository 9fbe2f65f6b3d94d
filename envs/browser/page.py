"""A page as both engines give it, and the text that the agent reads.

An engine hands over the document as nested nodes; names, roles, numbers and text are made by `make_page` and nowhere
else, so that both engines show the same. The text, one element a line:

    heading 1 'Your orders'
    navigation 'Main'
      link [2] 'Products'
    table 'Orders'
      row | 'Order' | 'Total' | '' |
      row | link [9] '#1042' | '$ 84.20' | button [10] 'Return' |
    - heading 3 link [11] 'Blue mug'
      'A mug. See' link [12] 'all mugs'
    textbox [13] 'Quantity' value='2' required

What can be acted on has a number; texts and names are quoted as Python quotes them, so that no text of a page can pass
for an element. Inside of rows, list items and paragraphs a line holds all that stands there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from selftrain.envs.browser.page_nodes import ATTRIBUTES, Element, Node, Numbers
from selftrain.envs.browser.page_writer import write

__all__ = ["ATTRIBUTES", "Element", "Node", "Numbers", "Page", "make_page"]


@dataclass(frozen=True)
class Page:
    """One document as it stands.

    Attributes:
        url, title: of the document.
        text: the tree, one element a line.
        elements: by number, in the order of the document.
    """

    url: str
    title: str
    text: str
    elements: Mapping[str, Element]


def make_page(url: str, title: str, root: Node, numbers: Numbers) -> Page:
    """The page of a document.

    Args:
        url, title: of the document.
        root: its outermost node; hidden parts may still be in it.
        numbers: of this document, kept by the engine while the document lives.
    """
    text, elements = write(root, numbers)
    return Page(url, " ".join(title.split()), text, elements)
