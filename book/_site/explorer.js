// Explorers of a page: native controls choose one of the frames that came with the page.
// No kernel, no network, no library. The markup is made by lnn/book/sliders/frozen.py.
"use strict";

function wire(figure) {
  const picture = figure.querySelector("img.lnn-picture");
  const controls = [...figure.querySelectorAll(".lnn-control input, .lnn-control select")];
  const data = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  const frames = data.frames.map((uri) => uri || picture.src); // the default is already there

  function update() {
    let state = 0; // mixed radix, the last parameter fastest, as in Explorer.states()
    controls.forEach((control, i) => {
      const at = Number(control.value);
      state = state * data.readouts[i].length + at;
      if (control.type === "range") {
        const text = data.readouts[i][at];
        control.setAttribute("aria-valuetext", text);
        control.nextElementSibling.textContent = text;
      }
    });
    picture.src = frames[data.pictures[state]];
    picture.alt = data.alts[state];
  }

  // The state stands in the page's address once the reader has moved something: a link shows it
  // again, and so does Back. Only what differs from the default is written, and rarely, since
  // browsers ration it.
  const keys = data.names.map((name) => `${figure.id}.${name}`);
  function read() {
    const query = new URLSearchParams(location.search);
    controls.forEach((control, i) => {
      const at = data.values[i].indexOf(query.get(keys[i]));
      control.value = at < 0 ? data.home[i] : at;
    });
    update();
  }
  let writing;
  function write() {
    clearTimeout(writing);
    writing = setTimeout(() => {
      const query = new URLSearchParams(location.search);
      controls.forEach((control, i) => {
        const at = Number(control.value);
        if (at === data.home[i]) query.delete(keys[i]);
        else query.set(keys[i], data.values[i][at]);
      });
      const text = query.toString();
      history.replaceState(history.state, "", `${location.pathname}${text && "?"}${text}${location.hash}`);
    }, 300);
  }

  controls.forEach((control) => control.addEventListener("input", () => { update(); write(); }));
  addEventListener("popstate", read);
  read();
}

document.querySelectorAll("figure.lnn-explorer").forEach(wire);
