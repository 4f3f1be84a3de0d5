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

  controls.forEach((control) => control.addEventListener("input", update));
  update(); // a browser may have restored the controls of an earlier visit
}

document.querySelectorAll("figure.lnn-explorer").forEach(wire);
