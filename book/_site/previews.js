// Previews: what an equation, a theorem, a figure, a section, a reference or a term says, beside
// the link that leads there, for the mouse and for the keyboard. Other pages are asked of this site.
"use strict";

(() => {
  const LINKS = "article a.reference.internal[href*='#'], article a.internal[href*='#']";
  const pages = new Map();
  let box;
  let owner;
  let timer;

  function load(address) {
    if (!pages.has(address))
      pages.set(
        address,
        fetch(address)
          .then((answer) => (answer.ok ? answer.text() : Promise.reject(answer.status)))
          .then((text) => new DOMParser().parseFromString(text, "text/html")),
      );
    return pages.get(address);
  }

  async function target(link) {
    const url = new URL(link.href);
    const here = url.pathname === location.pathname;
    const page = here ? document : await load(url.pathname);
    const found = page.getElementById(decodeURIComponent(url.hash.slice(1)));
    return found && content(found);
  }

  // What to show of the element that an address names.
  function content(found) {
    const chosen = [];
    if (found.matches("dt")) {
      chosen.push(found, found.nextElementSibling);
      if (found.matches(".sig")) {
        chosen[1] = found.nextElementSibling?.querySelector("p");
      }
    } else if (found.matches("section, span") && !found.matches("span.math")) {
      const section = found.closest("section");
      chosen.push(section?.querySelector("h1, h2, h3, h4"), section?.querySelector(":scope > p"));
    } else if (found.matches("figure, .figure") || found.querySelector(":scope > figure")) {
      chosen.push(found);
    } else chosen.push(found.closest("div.math, .proof, .admonition, .exercise, .citation, li") || found);
    return chosen.filter(Boolean).map(copy);
  }

  function copy(element) {
    const clone = element.cloneNode(true);
    const base = element.ownerDocument === document ? null : element;
    clone.removeAttribute("id");
    clone.querySelectorAll("[id]").forEach((one) => one.removeAttribute("id"));
    clone.querySelectorAll(".headerlink, script, button").forEach((one) => one.remove());
    clone.querySelectorAll("a").forEach((one) => one.replaceWith(...one.childNodes));
    if (base)
      clone.querySelectorAll("img[src]").forEach((one) => {
        const src = one.getAttribute("src"); // all pages with figures lie in one folder
        if (!src.startsWith("data:")) one.src = src;
      });
    return clone;
  }

  async function show(link) {
    let parts;
    try {
      parts = await target(link);
    } catch {
      return; // no server, no preview: the link still leads there
    }
    if (owner !== link || !parts?.length) return;
    if (!link.matches(":hover, :focus")) return hide(); // the page has moved meanwhile
    box ??= make();
    const body = document.createElement("div");
    body.append(...parts);
    box.replaceChildren(body);
    box.hidden = false;
    link.setAttribute("aria-describedby", box.id);
    put(link);
  }

  function make() {
    const made = document.createElement("div");
    made.id = "preview";
    made.className = "preview";
    made.setAttribute("role", "tooltip");
    made.addEventListener("mouseenter", () => clearTimeout(timer));
    made.addEventListener("mouseleave", later);
    document.querySelector("article").append(made);
    return made;
  }

  // Under the link, or above it where there is no room, never outside the window.
  function put(link) {
    const at = link.getClientRects()[0];
    const width = Math.min(560, document.documentElement.clientWidth - 16);
    box.style.width = `${width}px`;
    const left = Math.max(8, Math.min(at.left, document.documentElement.clientWidth - width - 8));
    const below = innerHeight - at.bottom > box.offsetHeight + 8 || at.top < box.offsetHeight + 8;
    box.style.left = `${left}px`;
    box.style.top = `${below ? at.bottom + 4 : at.top - box.offsetHeight - 4}px`;
  }

  function hide() {
    clearTimeout(timer);
    owner?.removeAttribute("aria-describedby");
    owner = undefined;
    if (box) box.hidden = true;
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(hide, 200);
  }

  function begin(link, wait) {
    clearTimeout(timer);
    if (owner === link) return;
    hide();
    owner = link;
    timer = setTimeout(() => void show(link), wait);
  }

  const link = (event) => event.target instanceof Element && event.target.closest(LINKS);
  document.addEventListener("pointerover", (event) => {
    const at = link(event);
    if (at && event.pointerType === "mouse" && !at.closest(".preview")) begin(at, 250);
  });
  document.addEventListener("pointerout", (event) => link(event) && later());
  document.addEventListener("focusin", (event) => {
    const at = link(event);
    if (at?.matches(":focus-visible")) begin(at, 0);
    else if (!at) hide();
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  // The page moves under the mouse; a link that has the focus takes its preview along.
  const moved = () => {
    if (!box || box.hidden) return; // show() looks where the link is then
    if (owner === document.activeElement) put(owner);
    else hide();
  };
  document.addEventListener("scroll", () => owner && moved(), { passive: true });
})();
