"use strict";

const { messages, turns, cuts } = JSON.parse(byId("payload").textContent);
const FOLD_LINES = 24;
const FOLD_CHARACTERS = 3000;
const list = byId("list");
const drawn = new Map(); // messages of the context by number: the next turn shows nearly the same ones
const cutAt = new Map(cuts.map((cut, n) => [cut.turn, { ...cut, number: n + 1 }]));
const count = (number) => number.toLocaleString("en");
let current = -1;
let unfolded = false;
let query = "";
let hits = [];

/** The numbers that a list of [first, last] pairs stands for. */
const spread = (pairs) => pairs.flatMap(([a, b]) => Array.from({ length: b - a + 1 }, (_, n) => a + n));

/** `text` in an element, with what is searched for marked. */
function fill(target, text) {
  target.textContent = "";
  if (!query) return target.append(text);
  const low = text.toLowerCase();
  let from = 0;
  for (let at = low.indexOf(query); at >= 0; at = low.indexOf(query, from)) {
    target.append(text.slice(from, at), element("mark", "", text.slice(at, at + query.length)));
    from = at + query.length;
  }
  target.append(text.slice(from));
}

const PICTURES = /"?(data:image\/png;base64,[A-Za-z0-9+/=]+)"?/g;
const withoutPictures = (content) => content.replace(PICTURES, "(picture)");

/** A text in fixed width, then its pictures; a long one is folded behind a button unless the search found it there. */
function block(content) {
  const box = element("div", "block");
  const pre = element("pre");
  const text = withoutPictures(content);
  box.append(pre);
  for (const [, url] of content.matchAll(PICTURES)) {
    const picture = element("img", "picture");
    picture.src = url;
    picture.alt = "picture shown to the agent";
    box.append(picture);
  }
  const lines = text.split("\n");
  const short = lines.slice(0, FOLD_LINES).join("\n").slice(0, FOLD_CHARACTERS);
  fill(pre, text);
  if (short.length === text.length || (query && text.toLowerCase().includes(query))) return box;
  const button = element("button", "fold");
  button.type = "button";
  const show = (whole) => {
    fill(pre, whole ? text : short);
    button.setAttribute("aria-expanded", String(whole));
    button.textContent = whole ? "Fold" : `Show all: ${count(lines.length)} lines, ${count(text.length)} characters`;
  };
  button.addEventListener("click", () => show(button.getAttribute("aria-expanded") !== "true"));
  show(unfolded);
  box.append(button);
  return box;
}

const ROLES = { user: "to the agent", assistant: "by the agent", system: "system", tokens: "token ids" };

function message(number) {
  const [role, content] = messages[number];
  const box = element("article", `message ${role}`);
  const head = element("p", "head", ROLES[role] || role);
  head.append(element("span", "muted", `${count(withoutPictures(content).length)} characters`));
  box.append(head, block(content));
  return box;
}

function part(title, ...content) {
  const box = element("section", "part");
  box.append(element("h3", "", title), ...content);
  return box;
}

/** The notes before and after a cut, line by line. */
function cutPart(cut) {
  const title = cut.is_cut ? `Cut ${cut.number} (${cut.trigger || "cut"}): notes before and after` : `Context changed: ${cut.trigger}`;
  const sizes = cut.tokens_before
    ? `The context went from ${count(cut.tokens_before)} to ${count(cut.tokens_after)} tokens; the notes take ${count(cut.notes_tokens)}.`
    : "";
  const box = part(title, element("p", "muted", `${sizes}${cut.overflow ? ` Notes that were too long were ${cut.overflow}.` : ""}`));
  box.classList.add("notes");
  if (!cut.rows.length) return box.append(element("p", "", "No notes were carried over.")), box;
  const table = element("table", "diff");
  const head = table.createTHead().insertRow();
  for (const name of ["before", "after"]) {
    const cell = element("th", "", name);
    cell.scope = "col";
    head.append(cell);
  }
  const body = table.createTBody();
  for (const [kind, before, after] of cut.rows) {
    const row = body.insertRow();
    row.className = kind;
    for (const [side, parts] of [["old", before], ["new", after]]) {
      const cell = row.insertCell();
      cell.className = side;
      cell.append(...parts.map(([differs, text]) => {
        const part = element(differs ? "b" : "span");
        fill(part, text);
        return part;
      }));
    }
  }
  box.append(table);
  return box;
}

function infoPart(turn) {
  const box = element("details", "info");
  box.append(element("summary", "", "info"));
  box.addEventListener("toggle", () => {
    if (!box.open || box.children.length > 1) return;
    const table = element("table");
    for (const [name, value] of Object.entries(turn.info)) {
      const row = table.insertRow();
      const head = element("th", "mono", name);
      head.scope = "row";
      row.append(head, element("td", "mono", typeof value === "string" ? value : JSON.stringify(value)));
    }
    box.append(table);
  });
  return box;
}

function drawTurn(turn, number) {
  const facts = [`segment ${turn.segment}`, turn.kind !== "work" && turn.kind, turn.verb, turn.invalid && `not valid: ${turn.invalid}`,
    turn.reward && `reward ${turn.reward}`, `${turn.seconds} s`].filter(Boolean);
  byId("turn-title").textContent = `Turn ${number + 1}`;
  byId("turn-title").append(element("span", "muted", facts.join(" · ")));
  const parts = [];
  if (cutAt.has(number)) parts.push(cutPart(cutAt.get(number)));
  parts.push(part(turn.phase === "must_compact" ? "The agent wrote these notes" : "The agent wrote", block(turn.action)));
  const last = turns[number + 1] === undefined;
  const replaced = cutAt.has(number + 1) ? "The context was replaced by" : last ? "What came back at the end" : "What came back";
  parts.push(part(replaced, ...spread(turn.back).map(message)), infoPart(turn));
  byId("turn-body").replaceChildren(...parts);
  byId("turn").scrollTop = 0;
}

function drawContext(turn) {
  const seen = spread(turn.sees);
  const size = turn.context ? `${count(turn.context)}${turn.budget ? ` of ${count(turn.budget)}` : ""} tokens` : "";
  byId("context-title").textContent = "What the agent could see";
  byId("context-title").append(element("span", "muted", [`${seen.length} ${seen.length === 1 ? "message" : "messages"}`, size].filter(Boolean).join(", ")));
  byId("context-body").replaceChildren(...seen.map((number) => {
    if (!drawn.has(number)) drawn.set(number, message(number));
    return drawn.get(number);
  }));
  byId("context").scrollTop = byId("context").scrollHeight;
}

function select(number) {
  const wanted = Math.max(0, Math.min(turns.length - 1, number));
  if (!turns.length || wanted === current) return;
  const before = list.querySelector("[aria-current]");
  const link = byId(`turn-${wanted + 1}`);
  const moved = before && before === document.activeElement;
  if (before) before.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  if (moved) link.focus({ preventScroll: true });
  current = wanted;
  draw();
  link.scrollIntoView({ block: "nearest" });
  history.replaceState(null, "", `#${wanted + 1}`);
}

function draw() {
  const turn = turns[current];
  drawTurn(turn, current);
  drawContext(turn);
  const here = byId("here");
  if (here) for (const end of ["x1", "x2"]) here.setAttribute(end, ((current + 0.5) * 1000) / turns.length);
  const passed = cuts.filter((cut) => cut.is_cut && cut.turn <= current).length;
  byId("where").textContent = `turn ${current + 1} of ${turns.length}, ${passed} ${passed === 1 ? "cut" : "cuts"} behind`;
  byId("says").textContent = `Turn ${current + 1} of ${turns.length}. ${turn.verb}. ${turn.action.slice(0, 120)}`;
}

function redraw() {
  drawn.clear();
  draw();
}

function selectCut(forward) {
  const places = cuts.map((cut) => cut.turn).filter((turn) => turn < turns.length);
  const next = forward ? places.find((turn) => turn > current) : places.findLast((turn) => turn < current);
  if (next !== undefined) select(next);
}

function drawList() {
  const items = [];
  turns.forEach((turn, number) => {
    const cut = cutAt.get(number);
    if (cut) {
      const size = cut.tokens_before ? `${count(cut.tokens_before)} → ${count(cut.tokens_after)} tokens` : "";
      items.push(element("li", cut.is_cut ? "cut" : "fork", [cut.is_cut && `cut ${cut.number}`, cut.trigger, size].filter(Boolean).join(" · ")));
    }
    const item = element("li");
    const link = element("a", turn.invalid ? "invalid" : "");
    link.id = `turn-${number + 1}`;
    link.href = `#${number + 1}`;
    link.append(element("span", "number", String(number + 1)), element("span", "verb", turn.verb),
      element("span", "line", turn.action.trim().split("\n", 1)[0].slice(0, 200) || "(empty)"),
      element("span", "number", turn.context ? count(turn.context) : ""));
    item.append(link);
    items.push(item);
  });
  list.replaceChildren(...items);
}

/** Whether what was written at a turn, or what came back, holds the text that is searched for. */
function holds(turn) {
  if (turn.action.toLowerCase().includes(query)) return true;
  return spread(turn.back).some((number) => messages[number][1].toLowerCase().includes(query));
}

function search(text) {
  query = text.toLowerCase();
  hits = query ? turns.flatMap((turn, number) => (holds(turn) ? [number] : [])) : [];
  turns.forEach((_, number) => byId(`turn-${number + 1}`).classList.toggle("hit", hits.includes(number)));
  byId("found").textContent = query ? `${hits.length} ${hits.length === 1 ? "turn has" : "turns have"} it` : "";
  redraw();
}

function nextHit(forward) {
  if (!hits.length) return;
  const later = forward ? hits.find((turn) => turn > current) : hits.findLast((turn) => turn < current);
  select(later ?? (forward ? hits[0] : hits.at(-1)));
}

function follow(id) {
  const link = byId(id);
  if (link) link.click();
}

list.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  event.preventDefault();
  link.focus({ preventScroll: true });
  select(Number(link.id.slice("turn-".length)) - 1);
});
if (byId("timeline")) {
  byId("timeline").addEventListener("click", (event) => {
    const box = byId("timeline").getBoundingClientRect();
    select(Math.floor(((event.clientX - box.left) / box.width) * turns.length));
  });
}
byId("search").form.addEventListener("submit", (event) => event.preventDefault());
byId("search").addEventListener("input", (event) => search(event.target.value));
byId("search").addEventListener("keydown", (event) => {
  if (event.key === "Enter") nextHit(!event.shiftKey);
});
const next = () => select(current + 1);
const previous = () => select(current - 1);
onKeys({
  j: next, ArrowDown: next, k: previous, ArrowUp: previous,
  n: () => selectCut(true), p: () => selectCut(false),
  g: () => select(0), G: () => select(turns.length - 1),
  "/": () => byId("search").select(),
  o: () => { unfolded = !unfolded; redraw(); },
  u: () => follow("up"), "[": () => follow("previous"), "]": () => follow("following"),
});
window.addEventListener("hashchange", () => select(Number(location.hash.slice(1)) - 1));
drawList();
select((Number(location.hash.slice(1)) || 1) - 1);
