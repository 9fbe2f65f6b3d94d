"use strict";

const table = byId("episodes");
const rows = table ? [...table.tBodies[0].rows] : [];
const heads = table ? [...table.tHead.rows[0].cells] : [];
const collator = new Intl.Collator("en", { numeric: true });
const state = new URLSearchParams(location.hash.slice(1)); // survives a reload of a run that is being written

const shown = () => rows.filter((row) => !row.hidden);

function value(row, column) {
  const cell = row.cells[column];
  return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent.trim();
}

function sortRows() {
  const [name, order] = (state.get("sort") || "episode up").split(" ");
  const column = Math.max(0, heads.findIndex((head) => head.textContent.trim().replace(" ", "-") === name));
  const sign = order === "down" ? -1 : 1;
  const keys = new Map(rows.map((row) => [row, [value(row, column), value(row, 0)]]));
  const compare = (a, b) => (typeof a === "number" ? a - b : collator.compare(a, b));
  rows.sort((a, b) => sign * compare(keys.get(a)[0], keys.get(b)[0]) || keys.get(a)[1] - keys.get(b)[1]);
  if (rows.some((row, place) => row.sectionRowIndex !== place)) table.tBodies[0].append(...rows);
  heads.forEach((head, n) => head.removeAttribute("aria-sort") || (n === column &&
    head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending")));
}

function filterRows() {
  const words = (state.get("filter") || "").toLowerCase().split(/\s+/).filter(Boolean);
  const outcome = state.get("outcome") || "";
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = Boolean(outcome && row.dataset.outcome !== outcome) || !words.every((word) => text.includes(word));
  }
  const count = shown().length;
  byId("shown").textContent = count === rows.length ? "" : `${count} of ${rows.length} shown`;
}

function keep(name, text) {
  if (text) state.set(name, text);
  else state.delete(name);
  history.replaceState(null, "", `#${state}`);
}

heads.forEach((head) => head.querySelector("button").addEventListener("click", () => {
  const up = head.getAttribute("aria-sort") !== "ascending";
  keep("sort", `${head.textContent.trim().replace(" ", "-")} ${up ? "up" : "down"}`);
  sortRows();
}));

for (const name of ["filter", "outcome"]) {
  byId(name).value = state.get(name) || "";
  byId(name).addEventListener("input", (event) => {
    keep(name, event.target.value);
    filterRows();
  });
}
byId("filter").form.addEventListener("submit", (event) => event.preventDefault());

function go(move) {
  const there = shown();
  const at = there.findIndex((row) => row.contains(document.activeElement));
  const next = there[Math.max(0, Math.min(there.length - 1, move(at, there.length)))];
  if (next) next.querySelector("a").focus();
}

for (const row of rows) {
  row.addEventListener("click", (event) => {
    if (!event.target.closest("a") && !String(getSelection())) row.querySelector("a").click();
  });
}

const down = () => go((at) => at + 1);
const up = () => go((at) => at - 1);
onKeys({
  j: down, ArrowDown: down, k: up, ArrowUp: up,
  g: () => go(() => 0), G: () => go((at, count) => count - 1),
  "/": () => byId("filter").focus(),
});
if (table) {
  sortRows();
  filterRows();
}
