// The ledger of the audit: a field that searches its items, and a choice of the report's section.
// Without this script the page shows all of them.
"use strict";

{
  const counts = document.querySelector(".audit-counts");
  const items = [...document.querySelectorAll(".audit-item")];
  if (counts && items.length) {
    const form = document.createElement("form");
    form.className = "audit-filter";
    form.setAttribute("role", "search");
    form.setAttribute("aria-label", "Filter the items of the report");

    const control = (label, element) => {
      const wrapper = document.createElement("label");
      wrapper.append(label, element);
      form.append(wrapper);
      return element;
    };
    const words = control("Find an item", document.createElement("input"));
    words.type = "search";
    words.placeholder = "eq. (18), plateau, 0.0273 …";
    const section = control("Section of the report", document.createElement("select"));
    for (const [value, text] of [["", "all"], ..."123456".split("").map((n) => [n, n])]) {
      section.add(new Option(text, value));
    }
    const verdict = control("Verdict", document.createElement("select"));
    verdict.add(new Option("all", ""));
    for (const row of counts.querySelectorAll("li")) {
      verdict.add(new Option(row.textContent.replace(/^\d+ \S /, ""), row.dataset.verdict));
    }
    const status = document.createElement("output");
    status.setAttribute("aria-live", "polite");
    form.append(status);

    const texts = new Map(items.map((item) => [item, item.textContent.toLowerCase()]));
    const holds = document.querySelector("details.audit-holds");
    const update = () => {
      const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const item of items) {
        const fits = wanted.every((word) => texts.get(item).includes(word)) &&
          (!section.value || item.dataset.section.startsWith(section.value)) &&
          (!verdict.value || item.dataset.verdict === verdict.value);
        item.hidden = !fits;
        shown += fits;
      }
      const active = wanted.length || section.value || verdict.value;
      if (holds) holds.open = Boolean(active);
      status.textContent = active ? `${shown} of ${items.length}` : "";
    };
    form.addEventListener("input", update);
    form.addEventListener("submit", (event) => event.preventDefault());
    counts.after(form);
  }
}
