// What the engine knows of a document, in a world of its own that scripts of the page cannot reach.
// Evaluated once in each document; calls go through `selftrain.<function>(key, ...)` and give plain values.
globalThis.selftrain ??= (() => {
  const LEFT_OUT = new Set(["head", "script", "style", "template", "noscript"]);
  const ATTRIBUTES = new Set(__ATTRIBUTES__);
  const NATIVE = new Set(["html", "body", "a", "button", "input", "select", "textarea", "label", "summary", "option"]);
  const MOST_NODES = 20000, MOST_TEXT = 1000000, DEEPEST = 100, SETTLED_MS = 2000;
  const keys = new WeakMap(), elements = new Map();
  let last = 0, scripted = false;

  function keyOf(element) {
    let key = keys.get(element);
    if (key === undefined) keys.set(element, (key = ++last));
    elements.set(key, element);
    return key;
  }

  function find(key) {
    const element = elements.get(key);
    return element && element.isConnected ? element : null;
  }

  // reading

  function attributesOf(element, tag) {
    const found = {};
    if (element.hasAttributes())
      for (const name of element.getAttributeNames()) {
        if (ATTRIBUTES.has(name)) found[name] = element.getAttribute(name);
        else if (name.startsWith("on")) scripted = true;
      }
    if (tag === "input") {
      const type = element.type;
      if (type === "file") found[":value"] = [...element.files].map((file) => file.name).join(", ");
      else found[":value"] = element.value;
      if ((type === "checkbox" || type === "radio") && element.checked) found[":checked"] = "";
    } else if (tag === "textarea" || tag === "select") found[":value"] = element.value;
    else if (tag === "option" && element.selected) found[":selected"] = "";
    if (element === document.activeElement && element !== document.body) found[":focused"] = "";
    return found;
  }

  const BOXLESS = new Set(["option", "optgroup", "br", "area", "col"]);
  const VISIBLE = { visibilityProperty: true };

  function isHidden(element, tag) {
    if (element.checkVisibility(VISIBLE) || BOXLESS.has(tag)) return false;
    const style = getComputedStyle(element);
    return !(style.display === "contents" && element.parentElement?.checkVisibility(VISIBLE));
  }

  function tree(root) {
    let nodes = 0, text = 0;
    const top = [], waiting = [[root, top, 0, true, "auto"]];
    while (waiting.length && nodes < MOST_NODES && text < MOST_TEXT) {
      const [node, into, depth, shown, around] = waiting.pop();
      if (node.nodeType === Node.TEXT_NODE) {
        const kept = node.data.trim() ? node.data.slice(0, MOST_TEXT - text) : " ";
        text += kept.length;
        into.push(kept);
        continue;
      }
      nodes += 1;
      const tag = node.localName, found = attributesOf(node, tag), hidden = shown && isHidden(node, tag);
      if (hidden) found[":hidden"] = "";
      // what a script made clickable: nothing else has a hand for a cursor that its surroundings lack
      let cursor = around;
      if (scripted && shown && !hidden) {
        cursor = getComputedStyle(node).cursor;
        const pointed = cursor === "pointer" && around !== "pointer";
        if (!NATIVE.has(tag) && (pointed || node.hasAttribute("onclick"))) found[":clickable"] = "";
      }
      const children = depth < DEEPEST ? [] : into;
      into.push([tag, found, depth < DEEPEST ? children : [], keyOf(node)]);
      if (tag === "textarea") continue; // what it holds is its value
      for (let child = node.lastChild; child; child = child.previousSibling) {
        const type = child.nodeType;
        if (type === Node.TEXT_NODE || (type === Node.ELEMENT_NODE && !LEFT_OUT.has(child.localName)))
          waiting.push([child, children, depth + 1, shown && !hidden, cursor]);
      }
    }
    return top[0];
  }

  function read() {
    for (const [key, element] of elements) if (!element.isConnected) elements.delete(key);
    scripted ||= document.querySelector("script, [onclick]") !== null; // first, for it decides what is read
    const root = document.documentElement ?? document.createElement("html");
    return JSON.stringify({ url: location.href, title: document.title, root: tree(root) });
  }

  // acting: every function answers {fault} or what the engine asked for

  function say(element) {
    if (!element) return "something else";
    const words = (element.getAttribute("aria-label") || element.innerText || element.id || "").trim();
    const role = element.getAttribute("role") || element.localName;
    return words ? `${role} '${words.replace(/\s+/g, " ").slice(0, 60)}'` : role;
  }

  const isDisabled = (element) =>
    element.matches(":disabled") || element.closest("[aria-disabled='true']") !== null;

  function hits(element, x, y) {
    const top = document.elementFromPoint(x, y);
    if (!top) return [false, null];
    return [element.contains(top) || top.closest("label")?.control === element, top];
  }

  function inView(rect) {
    return rect.top >= 0 && rect.left >= 0 && rect.bottom <= innerHeight && rect.right <= innerWidth;
  }

  // a point of the element that nothing covers
  function point(key) {
    const element = find(key);
    if (!element) return { fault: "gone" };
    if (!element.checkVisibility({ visibilityProperty: true })) return { fault: "hidden" };
    let above = null;
    for (const scrolled of [false, true]) {
      if (scrolled || !inView(element.getBoundingClientRect()))
        element.scrollIntoView({ block: scrolled ? "end" : "center", inline: "nearest", behavior: "instant" });
      for (const rect of element.getClientRects()) {
        if (rect.width < 1 || rect.height < 1) continue;
        for (const [across, down] of [[0.5, 0.5], [0.25, 0.25], [0.75, 0.75], [0.1, 0.5], [0.9, 0.5]]) {
          const x = rect.left + rect.width * across, y = rect.top + rect.height * down;
          const [ours, top] = hits(element, x, y);
          if (ours) return { x, y };
          above ??= top;
        }
      }
    }
    return above ? { fault: "covered", by: say(above) } : { fault: "hidden" };
  }

  // a point at which the element itself is taken, and not a link or field in it
  function grip(key) {
    const found = point(key);
    if (found.fault) return found;
    const element = find(key), rect = element.getBoundingClientRect();
    const inner = "a, button, input, select, textarea, label, [draggable=true]";
    for (let down = 0.1; down < 1; down += 0.1) {
      for (let across = 0.05; across < 1; across += 0.1) {
        const x = rect.left + rect.width * across, y = rect.top + rect.height * down;
        const top = document.elementFromPoint(x, y);
        if (top && element.contains(top) && [element, null].includes(top.closest(inner))) return { x, y };
      }
    }
    return found;
  }

  // before a click: where to, and what the browser would say against it
  function clickable(key) {
    const element = find(key);
    if (!element) return { fault: "gone" };
    if (isDisabled(element)) return { fault: "disabled" };
    const found = point(key);
    if (found.fault) return found;
    const link = element.closest("a[href], area[href]");
    return { ...found, ...submission(element), link: link ? link.href : "", saves: link?.hasAttribute("download") ?? false };
  }

  // the first field that keeps a form from being sent by this button
  function submission(element) {
    const button = element.closest("button, input[type=submit], input[type=image]");
    if (!button || !button.form || (button.localName === "button" && button.type !== "submit")) return {};
    return blocked(button.form, button);
  }

  function blocked(form, button) {
    if (form.noValidate || button?.formNoValidate) return {};
    for (const field of form.elements)
      if (field.willValidate && !field.validity.valid)
        return { fault: "invalid", field: keyOf(field), ...wrong(field) };
    return {};
  }

  // which constraint a field breaks, and what a message needs to know of it
  function wrong(field) {
    const why = ["valueMissing", "typeMismatch", "badInput", "tooShort", "tooLong", "patternMismatch", "rangeUnderflow",
      "rangeOverflow", "stepMismatch"].find((each) => field.validity[each]) ?? "customError";
    const of = (name) => field.getAttribute(name) ?? "";
    return { why, name: field.name, type: field.localName === "select" ? "select" : field.type, least: of("min"), most: of("max"),
      step: of("step"), shortest: of("minlength"), hint: of("title"), message: field.validationMessage };
  }

  // before a key: focus, and what Enter would be told
  function focusFor(key, enter) {
    const element = find(key);
    if (!element) return { fault: "gone" };
    if (isDisabled(element)) return { fault: "disabled" };
    element.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
    element.focus({ preventScroll: true });
    const form = element.form;
    if (!enter || !form || !element.matches("input, select")) return {};
    if (element.matches("input[type=submit], input[type=image], input[type=button], input[type=reset]")) return submission(element);
    const button = [...form.elements].find((field) => field.type === "submit" || field.type === "image");
    return button && button.disabled ? {} : blocked(form, button);
  }

  function focus(key) {
    const found = focusFor(key, false);
    if (found.fault) return found;
    return find(key) === document.activeElement ? {} : { fault: "unfocusable" };
  }

  const TYPED = new Set(["text", "search", "url", "tel", "email", "password"]);
  const SET = new Set(["date", "time", "month", "week", "datetime-local", "color", "range", "number"]);

  // "done": it is filled; "insert": the element is focused, all of it is selected, and the engine is to type
  function prepareFill(key, text) {
    const element = find(key);
    if (!element) return { fault: "gone" };
    if (isDisabled(element)) return { fault: "disabled" };
    const field = element.matches("input, textarea");
    if (!(field ? element.localName === "textarea" || TYPED.has(element.type) || SET.has(element.type) : element.isContentEditable))
      return { fault: "unfillable" };
    if (element.readOnly) return { fault: "readonly" };
    if (!element.checkVisibility({ visibilityProperty: true })) return { fault: "hidden" };
    element.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
    element.focus({ preventScroll: true });
    if (field && SET.has(element.type)) return setValue(element, text.trim());
    if (!field) {
      getSelection().selectAllChildren(element);
      return { how: "insert", empty: element.textContent === "" };
    }
    element.select();
    const empty = element.value === "";
    // an edit as a user makes it, without the wait for the next frame that the browser's own input takes
    if (text && !/[\r\n]/.test(text) && document.execCommand("insertText", false, text)) return { how: "done" };
    return { how: "insert", empty };
  }

  function setValue(element, text) {
    const before = element.value;
    element.value = text;
    // an engine may write a value another way (a colour in lower case), but keeps nothing of what it does not take
    if (element.value === "" ? text !== "" : element.type === "color" && element.value !== text.toLowerCase()) {
      element.value = before;
      return { fault: "format", type: element.type, text };
    }
    told(element);
    return { how: "done" };
  }

  function told(element) {
    element.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
    element.dispatchEvent(new Event("change", { bubbles: true }));
  }

  const labelOf = (option) => (option.label || option.text).replace(/\s+/g, " ").trim();

  function select(key, wanted) {
    const element = find(key);
    if (!element) return { fault: "gone" };
    if (element.localName !== "select") return { fault: "unselectable" };
    if (isDisabled(element)) return { fault: "disabled" };
    if (!element.multiple && wanted.length !== 1) return { fault: "single", count: wanted.length };
    const options = [...element.options], chosen = new Set();
    for (const want of wanted) {
      const plain = want.replace(/\s+/g, " ").trim();
      let fitting = options.filter((one) => labelOf(one) === plain);
      if (!fitting.length) fitting = options.filter((one) => one.value === want);
      if (!fitting.length) return { fault: "option", option: want, known: options.map(labelOf) };
      const free = fitting.find((one) => !one.disabled && !one.parentElement.disabled);
      if (!free) return { fault: "option-disabled", option: want };
      chosen.add(free);
    }
    element.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
    element.focus({ preventScroll: true });
    for (const option of options) option.selected = chosen.has(option);
    told(element);
    return {};
  }

  function check(key, on) {
    const element = find(key);
    if (!element) return { fault: "gone" };
    const type = element.localName === "input" ? element.type : element.getAttribute("role");
    if (!["checkbox", "radio", "switch", "menuitemcheckbox", "menuitemradio"].includes(type)) return { fault: "uncheckable" };
    if (isDisabled(element)) return { fault: "disabled" };
    const now = element.localName === "input" ? element.checked : element.getAttribute("aria-checked") === "true";
    if (now === on) return {};
    if (!on && type === "radio") return { fault: "radio" };
    element.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
    element.focus({ preventScroll: true });
    element.click();
    return {};
  }

  function file(key, count) {
    const element = find(key);
    if (!element) return { fault: "gone" };
    if (element.localName !== "input" || element.type !== "file") return { fault: "no-file" };
    if (isDisabled(element)) return { fault: "disabled" };
    return count > 1 && !element.multiple ? { fault: "single-file", count } : {};
  }

  // resolves when what an event set off is done: on a page of scripts no change for two tasks, and nothing busy
  async function settled() {
    const task = () => new Promise((done) => setTimeout(done, 0));
    await task(); // a form is sent in a task of its own
    if (!scripted && !document.scripts.length) return;
    let changed = true;
    const observer = new MutationObserver(() => { changed = true; });
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    const end = performance.now() + SETTLED_MS;
    while (performance.now() < end) {
      changed = false;
      await task();
      await task();
      if (!changed && !document.querySelector("[aria-busy='true']")) break;
    }
    observer.disconnect();
  }

  return { read, find, point, grip, clickable, focusFor, focus, prepareFill, select, check, file, settled };
})();
