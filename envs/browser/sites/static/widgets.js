// What pages gain where scripts run; each of them works without. Marked by data attributes in the templates.
"use strict";

const made = (tag, attributes = {}, text = "") => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
};

const below = (field, popup) => {
  field.parentElement.style.position = "relative";
  popup.classList.add("popup");
  field.after(popup);
};

// data-autocomplete="/suggest?field=x": a list of what begins or contains what is typed
function autocomplete(field) {
  const list = made("div", { role: "listbox", "aria-label": `Suggestions for ${field.labels?.[0]?.textContent ?? field.name}`, hidden: "" });
  field.setAttribute("autocomplete", "off");
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-expanded", "false");
  below(field, list);
  const close = () => { list.hidden = true; field.setAttribute("aria-expanded", "false"); };
  let asked = 0;
  field.addEventListener("input", async () => {
    const turn = ++asked;
    if (!field.value.trim()) return close();
    const url = new URL(field.dataset.autocomplete, location.href);
    url.searchParams.set("q", field.value);
    const found = await (await fetch(url)).json();
    if (turn !== asked) return;
    list.replaceChildren(...found.slice(0, 8).map((text) => {
      const option = made("div", { role: "option", tabindex: "-1" }, text);
      option.addEventListener("mousedown", (event) => event.preventDefault());
      option.addEventListener("click", () => { field.value = text; close(); field.focus(); });
      return option;
    }));
    list.hidden = !found.length;
    field.setAttribute("aria-expanded", String(!list.hidden));
  });
  field.addEventListener("blur", () => setTimeout(close, 150));
  field.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
}

// data-datepicker: a month to choose a day from, beside a field that still takes text
function datepicker(field) {
  const day = (date) => date.toISOString().slice(0, 10);
  const start = /^\d{4}-\d\d-\d\d$/.test(field.value) ? field.value : document.body.dataset.today || "2026-03-02";
  let month = new Date(`${start.slice(0, 7)}-01T00:00:00Z`);
  const label = field.labels?.[0]?.textContent ?? field.name;
  const toggle = made("button", { type: "button", class: "quiet", "aria-label": `Choose ${label} in a calendar`, "aria-expanded": "false" }, "▦");
  const popup = made("div", { role: "group", "aria-label": `Calendar for ${label}`, hidden: "" });
  below(field, popup);
  field.after(toggle);
  const show = () => {
    const title = month.toLocaleString("en", { month: "long", year: "numeric", timeZone: "UTC" });
    const move = (by, name) => {
      const button = made("button", { type: "button", class: "quiet" }, name);
      button.addEventListener("click", () => { month = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + by, 1)); show(); });
      return button;
    };
    const table = made("table");
    const first = (month.getUTCDay() + 6) % 7;
    const count = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 0)).getUTCDate();
    for (let at = -first; at < count; at += 7) {
      const line = table.insertRow();
      for (let weekday = 0; weekday < 7; weekday++) {
        const number = at + weekday + 1, cell = line.insertCell();
        if (number < 1 || number > count) continue;
        const date = day(new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth(), number)));
        const button = made("button", { type: "button", class: "quiet", "aria-label": date }, String(number));
        button.addEventListener("click", () => {
          field.value = date;
          field.dispatchEvent(new Event("change", { bubbles: true }));
          popup.hidden = true;
          toggle.setAttribute("aria-expanded", "false");
        });
        cell.append(button);
      }
    }
    popup.replaceChildren(made("strong", {}, title), move(-1, "Earlier"), move(1, "Later"), table);
  };
  toggle.addEventListener("click", () => {
    popup.hidden = !popup.hidden;
    toggle.setAttribute("aria-expanded", String(!popup.hidden));
    if (!popup.hidden) show();
  });
}

// data-sortable on what is dragged (with data-id), data-drop="/url" on where it may be dropped
function draggable(item) {
  item.draggable = true;
  item.addEventListener("dragstart", (event) => event.dataTransfer.setData("text/plain", item.dataset.id));
}

function droppable(place) {
  place.append(made("div", { class: "zone", tabindex: "0" }, `Drop here: ${place.getAttribute("aria-label") ?? ""}`));
  place.addEventListener("dragover", (event) => { event.preventDefault(); place.classList.add("over"); });
  place.addEventListener("dragleave", () => place.classList.remove("over"));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    const form = made("form", { method: "post", action: place.dataset.drop, hidden: "" });
    const token = document.querySelector("input[name=csrf_token]");
    for (const [name, value] of [["csrf_token", token.value], ["id", event.dataTransfer.getData("text/plain")]]) {
      form.append(Object.assign(made("input", { type: "hidden", name }), { value }));
    }
    document.body.append(form);
    form.requestSubmit();
  });
}

// data-infinite on the container of a list: the next page's items come when its end is near
function infinite(container) {
  const next = () => document.querySelector(".pages a[rel=next]");
  let busy = false;
  const more = async () => {
    if (busy || !next()) return;
    busy = true;
    const text = await (await fetch(next().href)).text();
    const page = new DOMParser().parseFromString(text, "text/html");
    const found = page.querySelector("[data-infinite]");
    if (found) container.append(...found.children);
    const pages = document.querySelector(".pages"), later = page.querySelector(".pages");
    if (later) pages.replaceWith(later); else pages.remove();
    begin(container);
    busy = false;
    watch.disconnect();
    if (next()) watch.observe(document.querySelector(".pages"));
  };
  const watch = new IntersectionObserver((seen) => { if (seen.some((entry) => entry.isIntersecting)) more(); });
  if (next()) watch.observe(document.querySelector(".pages"));
}

// data-confirm="Really?" on a button: a dialog in place of the page that asks the same
function confirmed(button) {
  button.addEventListener("click", (event) => {
    if (button.dataset.sure) return;
    event.preventDefault();
    const dialog = made("dialog", { "aria-label": "Please confirm" });
    const yes = made("button", { type: "button" }, "Yes"), no = made("button", { type: "button", class: "quiet" }, "No");
    yes.addEventListener("click", () => { dialog.remove(); button.dataset.sure = "1"; button.click(); });
    no.addEventListener("click", () => dialog.remove());
    dialog.append(made("p", {}, button.dataset.confirm), yes, " ", no);
    document.body.append(dialog);
    dialog.showModal();
  });
}

// links of the header change the page without loading it anew
async function navigate(url, push) {
  const answer = await fetch(url, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.title = page.title;
  for (const part of ["body > header", "main", "body > footer"]) {
    document.querySelector(part).replaceWith(page.querySelector(part));
  }
  if (push) history.pushState({}, "", answer.url);
  scrollTo(0, 0);
  begin(document.body);
}

function singlePage(link) {
  link.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    navigate(link.href, true);
  });
}

const WIDGETS = [
  ["[data-autocomplete]", autocomplete], ["[data-datepicker]", datepicker], ["[data-sortable]", draggable],
  ["[data-drop]", droppable], ["[data-infinite]", infinite], ["[data-confirm]", confirmed],
  ["body > header nav a", singlePage],
];

function begin(root) {
  for (const [selector, widget] of WIDGETS) {
    for (const element of root.querySelectorAll(selector)) {
      if (element.dataset.live) continue;
      element.dataset.live = "1";
      widget(element);
    }
  }
}

addEventListener("popstate", () => navigate(location.href, false));
begin(document.body);
