// Explorers of a page: native controls choose one of the frames that came with the page, or after
// it, when all else is there. No kernel, no library. The markup is made by
// lnn/book/sliders/frozen.py; book/_ext/book_site/pictures.py puts the frames into a script.
"use strict";

const whole = new Promise((done) => {
  if (document.readyState === "complete") done();
  else addEventListener("load", done, { once: true });
});

// The frames of an explorer: a list of addresses, "" for the picture that the page shows first.
async function load(data, figure) {
  if (data.frames) return data.frames;
  await Promise.race([whole, new Promise((done) => figure.addEventListener("input", done, { once: true }))]);
  const script = Object.assign(document.createElement("script"), { src: data.file, async: true });
  await new Promise((done, fail) => {
    Object.assign(script, { onload: done, onerror: fail });
    document.head.append(script);
  });
  return window.lnnFrames[data.key];
}

function wire(figure) {
  const picture = figure.querySelector("img.lnn-picture");
  const controls = [...figure.querySelectorAll(".lnn-control input, .lnn-control select")];
  const data = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  let frames; // not there yet

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
    if (!frames) return;
    const uri = frames[data.pictures[state]];
    if (picture.src !== uri) picture.src = uri;
    picture.alt = data.alts[state];
  }

  function missing() {
    const line = Object.assign(document.createElement("p"), { className: "kernel-problem" });
    line.setAttribute("role", "status");
    line.textContent = "The other pictures of this explorer could not be loaded. Load the page again to move it.";
    picture.after(line);
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
  figure.setAttribute("aria-busy", "true");
  load(data, figure)
    .then((uris) => {
      frames = uris.map((uri) => uri || picture.src);
      update();
    }, missing)
    .finally(() => figure.removeAttribute("aria-busy"));
}

document.querySelectorAll("figure.lnn-explorer").forEach(wire);
