// Search: in the theme's dialog as one types, and on the page search.html.
// The index, find.json, is loaded when a reader first goes to a search field.
"use strict";

const find = (() => {
  const root = document.documentElement.dataset.content_root || "./";
  let index;

  // Words are compared without their endings: "saddles" is found by "saddle".
  const stem = (word) =>
    word.length < 4 ? word : word.replace(/(?:ies|y)$/, "i").replace(/(?:es|s|ed|ing|ly)$/, "").replace(/e$/, "");
  const words = (text) => (text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) || []).map(stem);

  async function load() {
    index ??= fetch(`${root}find.json`)
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
      .then((entries) =>
        entries.map((entry) => ({
          ...entry,
          titleWords: words(entry.title),
          textWords: words(entry.text),
        })),
      );
    return index;
  }

  // How well a list of words has a word: wholly, or as a beginning.
  function matches(list, word) {
    let whole = 0;
    let begun = 0;
    for (const one of list) {
      if (one === word) whole += 1;
      else if (word.length > 2 && one.startsWith(word)) begun += 1;
    }
    return whole + begun / 4;
  }

  // What is about a word ranks before what mentions it: titles count most, the more the shorter
  // they are and the earlier they have it; in a text, later mentions add less and less.
  const WEIGHT = { page: 60, term: 40, name: 30, section: 25 };
  function score(entry, query) {
    let total = 0;
    for (const word of query) {
      const title = Math.min(matches(entry.titleWords, word), 1);
      const place = Math.max(0, entry.titleWords.findIndex((one) => one.startsWith(word)));
      const text = matches(entry.textWords, word);
      if (!title && !text) return 0;
      total += (title * WEIGHT[entry.kind]) / Math.sqrt(1 + place / 2 + entry.titleWords.length / 8);
      total += (10 * text) / (text + 3);
    }
    return total;
  }

  async function search(text) {
    const query = words(text);
    if (!query.length) return [];
    const entries = await load();
    return entries
      .map((entry) => ({ entry, score: score(entry, query) }))
      .filter((found) => found.score > 0)
      .sort((a, b) => b.score - a.score)
      .slice(0, 30)
      .map((found) => found.entry);
  }

  // The words around the first mention, with mentions marked.
  function snippet(text, query) {
    const pieces = text.split(/([\p{L}\p{N}_]+)/u);
    const hit = (piece) => query.some((w) => stem(piece.toLowerCase()).startsWith(w));
    const first = Math.max(0, pieces.findIndex(hit));
    const start = first < 16 ? 0 : first - 12;
    const paragraph = document.createElement("p");
    if (start) paragraph.append("… ");
    let length = 0;
    for (const piece of pieces.slice(start)) {
      if (length > 170) {
        paragraph.append(" …");
        break;
      }
      length += piece.length;
      if (piece && hit(piece)) {
        const mark = document.createElement("mark");
        mark.textContent = piece;
        paragraph.append(mark);
      } else paragraph.append(piece);
    }
    return paragraph;
  }

  const KIND = { term: "glossary", name: "lnn" };
  function item(entry, query) {
    const line = document.createElement("li");
    const link = document.createElement("a");
    link.href = root + entry.at;
    link.textContent = entry.title;
    const where = document.createElement("span");
    where.className = "find-where";
    where.textContent = KIND[entry.kind] || (entry.kind === "section" ? entry.page : "chapter");
    line.append(link, " ", where, snippet(entry.text, query));
    return line;
  }

  async function show(text, list, status) {
    const asked = (list.dataset.asked = text);
    let found;
    try {
      found = await search(text);
    } catch {
      status.textContent = "The index could not be loaded. Is this page opened from a server?";
      return;
    }
    if (list.dataset.asked !== asked) return; // the reader has typed on
    list.replaceChildren(...found.map((entry) => item(entry, words(text))));
    const count = found.length === 30 ? "30 or more" : found.length || "no";
    status.textContent = text.trim() ? `${count} result${found.length === 1 ? "" : "s"}` : "";
  }

  function place(after) {
    const status = document.createElement("p");
    status.className = "find-status";
    status.setAttribute("role", "status");
    const list = document.createElement("ol");
    list.className = "find-results";
    list.setAttribute("aria-label", "Search results");
    after.after(status, list);
    return [list, status];
  }

  function wire(form) {
    const field = form.querySelector("input[type=search]");
    const [list, status] = place(form);
    field.addEventListener("focus", () => load().catch(() => {}), { once: true });
    field.addEventListener("input", () => void show(field.value, list, status));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void show(field.value, list, status).then(() => list.querySelector("a")?.focus());
    });
    list.addEventListener("click", () => form.closest("dialog")?.close());
    return (text) => {
      field.value = text;
      return show(text, list, status);
    };
  }

  return { wire };
})();

for (const form of document.querySelectorAll("form.bd-search")) {
  const ask = find.wire(form);
  const asked = new URLSearchParams(location.search).get("q");
  if (asked && form.closest("main")) void ask(asked);
}
