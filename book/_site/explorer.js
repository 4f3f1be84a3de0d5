// Explorers of a page: native controls choose one of the frames that came with the page.
// No kernel, no network, no library. The markup is made by lnn/frames.py.
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
  figure.append(liveButton(figure));
}

// The address of JupyterLite's prompt, running the explorer.
function liveAddress(figure) {
  const { content_root: site, theme } = document.documentElement.dataset;
  const query = new URLSearchParams({
    kernel: "python",
    toolbar: "1",
    promptCellPosition: "bottom",
    theme: theme === "dark" ? "JupyterLab Dark" : "JupyterLab Light",
    code: `%pip install -q lnn ipywidgets matplotlib\n${figure.dataset.code}`,
    execute: "1",
  });
  return `${site || "./"}lite/repl/index.html?${query}`;
}

// Nothing is loaded before the click.
function liveButton(figure) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "lnn-live";
  button.textContent = "Take it live";
  button.title = "Starts Python in this page: any value, your own code. About 30 MB, on this click.";
  button.addEventListener("click", () => {
    const frame = document.createElement("iframe");
    frame.src = liveAddress(figure);
    frame.title = `Live: ${figure.querySelector("figcaption").textContent}`;
    frame.className = "lnn-frame";
    button.replaceWith(frame);
  });
  return button;
}

document.querySelectorAll("figure.lnn-explorer").forEach(wire);
