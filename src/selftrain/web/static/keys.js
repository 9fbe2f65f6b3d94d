"use strict";

const byId = (id) => document.getElementById(id);

/** A new element with a class and a text; the text is never read as markup. */
function element(tag, name = "", text = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text) made.textContent = text;
  return made;
}

const help = byId("help");
if (help) byId("help-button").addEventListener("click", () => help.showModal());

/** Call `table[key]()` on a key that is pressed outside of fields; arrows stay with what scrolls. */
function onKeys(table) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.target.matches("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key.startsWith("Arrow") && event.target.closest("section.pane")) return;
    const move = { "?": () => help.showModal(), r: () => location.reload(), ...table }[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  });
}
