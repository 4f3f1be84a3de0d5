// What is wider than its column scrolls sideways: it fades where more follows, and only then can
// it be reached and scrolled by the keyboard.
"use strict";

(() => {
  const SCROLLERS = {
    "div.math > .formula": "Formula, wider than the page",
    "span.math.wide, span.math[data-wide]": "Formula, wider than the page",
    "article pre": "Text, wider than the page",
    "article .pst-scrollable-table-container, article .scrollable": "Table, wider than the page",
  };

  function cue(box) {
    const room = box.scrollWidth - box.clientWidth;
    const more = room > 1;
    box.classList.toggle("more-left", more && box.scrollLeft > 1);
    box.classList.toggle("more-right", more && box.scrollLeft < room - 1);
    if (more === box.hasAttribute("tabindex")) return;
    if (more) {
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", box.dataset.wide);
    } else for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
  }

  // A part of a formula in the text that is wider than its line scrolls by itself.
  function widen() {
    const spans = [...document.querySelectorAll("article span.math")];
    spans.forEach((span) => span.classList.remove("wide")); // or they would stay as narrow
    const wide = spans.filter((span) => {
      const block = span.closest("p, li, dd, td, th, h1, h2, h3, h4, figcaption, div");
      const widths = [...span.querySelectorAll("math")].map((m) => m.getBoundingClientRect().width);
      return block?.clientWidth && Math.max(0, ...widths) > block.clientWidth;
    });
    wide.forEach((span) => span.classList.add("wide"));
  }

  function update() {
    widen();
    for (const [selector, label] of Object.entries(SCROLLERS))
      for (const box of document.querySelectorAll(selector)) {
        if (!box.dataset.wide) {
          box.dataset.wide = label;
          box.addEventListener("scroll", () => cue(box), { passive: true });
        }
        cue(box);
      }
  }

  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      update();
    });
  };
  const article = document.querySelector("article");
  if (article) {
    new ResizeObserver(soon).observe(article); // also where a fold opens
    document.fonts?.ready.then(soon);
  }
})();
