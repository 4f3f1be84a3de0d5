// Python in the browser: asked for by a click, looked for before anything is loaded, closed again.
//
// "Run" opens a chapter as a notebook in a new tab; "Take it live" puts one explorer into the page.
// Both say what they will load, and in words what is wrong where Python cannot be reached. What
// the page shows stays until something better is there.
"use strict";

(() => {
  const root = document.documentElement.dataset.content_root || "./";
  const lite = new URL(`${root}lite/`, location.href);
  const megabytes = document.querySelector('meta[name="book:kernel-megabytes"]')?.content;
  const SIZE = `about ${megabytes} MB, which your browser keeps for the next time`;
  const KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel";
  const ELSEWHERE = "The sliders of this page work without it";

  function element(tag, properties = {}, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  async function reach(url, what) {
    const answer = await fetch(url, { cache: "no-cache", signal: AbortSignal.timeout(15000) }).catch(
      () => null,
    );
    if (!answer?.ok) throw new Error(`${what} (${answer ? `answer ${answer.status}` : "no answer"} from ${url.host || "this computer"}).`);
    return answer;
  }

  // Look whether Python can be reached, by its smallest files; throw in words what is wrong.
  async function probe() {
    if (location.protocol === "file:")
      throw new Error("This page was opened as a file; Python needs a server, such as “make serve”.");
    if (typeof WebAssembly !== "object")
      throw new Error("This browser does not run WebAssembly, which Python needs here.");
    const settings = await reach(new URL("jupyter-lite.json", lite), "This copy of the book has no Python with it");
    const config = (await settings.json())["jupyter-config-data"];
    const runtime = config.litePluginSettings[KERNEL].pyodideUrl || "static/pyodide/pyodide.js";
    await reach(
      new URL("pyodide-lock.json", new URL(runtime, lite)),
      "Python's files cannot be reached: there is no network, or something blocks them",
    );
  }

  function others() {
    const links = [...document.querySelectorAll(".dropdown-launch-buttons a")].map((link) =>
      element("a", { href: link.href, target: "_blank", textContent: link.textContent.trim() }),
    );
    const line = element("p", { className: "kernel-others" }, "What else works: ");
    for (const link of links) line.append(link, ", ");
    line.append("or the book on your computer: “make book”, then “jupyter lab book/”. ", `${ELSEWHERE}.`);
    return line;
  }

  // Run: a dialog between the click and the download.
  function ask(link) {
    const status = element("p", { role: "status", className: "kernel-status" });
    status.setAttribute("role", "status");
    const start = element("a", { className: "kernel-start", href: link.href, target: "_blank", textContent: "Start" });
    const close = element("button", { type: "button", textContent: "Close" });
    const title = element("h2", { id: "kernel-title", textContent: "Run this chapter in your browser" });
    const dialog = element(
      "dialog",
      { className: "kernel-dialog" },
      title,
      element("p", {}, `Python starts in a new tab and runs every cell: no account, nothing to install, ${SIZE}.`),
      status,
      element("p", { className: "kernel-buttons" }, start, " ", close),
      others(),
    );
    dialog.setAttribute("aria-labelledby", title.id);
    close.addEventListener("click", () => dialog.close());
    // The theme takes this key for its own dialog, and no other would close.
    dialog.addEventListener("keydown", (event) => event.key === "Escape" && dialog.close());
    start.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      link.focus();
    });
    document.body.append(dialog);
    dialog.showModal();
    status.textContent = "Looking whether Python can be reached …";
    probe().then(
      () => (status.textContent = "Python can be reached."),
      (problem) => {
        status.textContent = problem.message;
        status.classList.add("kernel-problem");
        start.textContent = "Try it all the same";
      },
    );
  }

  document.querySelectorAll("a.btn-run-in-browser").forEach((link) => {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      ask(link);
    });
  });

  // Take it live: one explorer, in the page.
  const STAGES = [
    "The notebook application is loading",
    "Python is starting",
    "The book's package is installed and draws",
  ];
  const SMALL = `
    .jp-CodeConsole-banner, .jp-CodeConsole-content .jp-Cell-inputWrapper, .jp-CodeConsole-input,
    .jp-OutputPrompt, .jp-Toolbar, .jp-OutputArea-child:has(> [data-mime-type*="stderr"]) {
      display: none !important;
    }
    .jp-OutputArea-output { padding: 0 !important; }
    body, .lm-Widget { background: var(--jp-layout-color1) !important; }
    .widget-html-content { max-width: 100%; }
    .jp-CodeConsole-content { padding: 4px !important; }`;

  function stage(frame) {
    const app = frame.contentWindow.jupyterapp;
    const kernel = app?.shell?.currentWidget?.console?.sessionContext?.session?.kernel
      ?? app?.shell?.currentWidget?.sessionContext?.session?.kernel;
    if (!kernel) return 0;
    return ["idle", "busy"].includes(kernel.status) ? 2 : 1;
  }

  function live(figure, button) {
    const code = [
      "import logging",
      "logging.getLogger('matplotlib.font_manager').setLevel('ERROR')",
      "%pip install -q lnn ipywidgets matplotlib",
      figure.dataset.code,
    ].join("\n");
    const theme = document.documentElement.dataset.theme === "dark" ? "Dark" : "Light";
    const query = new URLSearchParams({ kernel: "python", theme: `JupyterLab ${theme}`, code, execute: "1" });
    const status = element("p", { className: "kernel-status" });
    status.setAttribute("role", "status");
    const bar = element("progress", { max: STAGES.length + 1, value: 0 });
    bar.setAttribute("aria-label", "Starting Python");
    const close = element("button", { type: "button", className: "lnn-live", textContent: "Close" });
    const panel = element("div", { className: "lnn-live-panel" }, status, bar, close);
    const began = performance.now();
    let frame;
    let watch;
    let open = true;

    function fail(message) {
      clearInterval(watch);
      frame?.remove();
      bar.remove();
      status.textContent = `${message} ${ELSEWHERE}.`;
      status.classList.add("kernel-problem");
    }

    function step() {
      const inside = frame.contentDocument;
      if (inside?.head && !inside.getElementById("small"))
        inside.head.append(Object.assign(inside.createElement("style"), { id: "small", textContent: SMALL }));
      // Warnings come the same way as errors, and are not shown.
      const error = [...(inside?.querySelectorAll(".jp-OutputArea-output") ?? [])].find(
        (output) => /err/.test(output.dataset.mimeType) && /^\w*Error: /m.test(output.textContent),
      );
      if (error) return fail(`Python stopped: ${error.textContent.trim().split("\n").pop()}`);
      const picture = inside?.querySelector(".jp-OutputArea img[alt]");
      if (picture?.complete && picture.naturalWidth) {
        figure.classList.add("is-live");
        frame.classList.add("is-ready");
        bar.remove();
        status.textContent = "Live: every value, computed in your browser.";
        const output = picture.closest(".jp-OutputArea");
        // The application keeps a share of its height for the prompt, which is not shown.
        const content = inside.querySelector(".jp-CodeConsole-content");
        const share = content.clientHeight / frame.clientHeight || 1;
        frame.style.height = `${(output.offsetTop + output.scrollHeight + 48) / share}px`;
        return undefined;
      }
      const at = stage(frame);
      const seconds = Math.round((performance.now() - began) / 1000);
      bar.value = at + 1;
      const slow = seconds > 120 ? " This is slow: the network or this device may be busy." : "";
      status.textContent = `${STAGES[at]}: step ${at + 1} of ${STAGES.length}, ${seconds} s.${slow}`;
      return undefined;
    }

    close.addEventListener("click", () => {
      open = false;
      clearInterval(watch);
      panel.remove();
      frame?.remove();
      figure.classList.remove("is-live");
      button.hidden = false;
      button.focus();
    });
    button.hidden = true;
    button.after(panel);
    close.focus();
    status.textContent = "Looking whether Python can be reached …";
    probe().then(() => {
      if (!open) return;
      frame = element("iframe", {
        src: new URL(`repl/index.html?${query}`, lite),
        title: `Live: ${figure.querySelector("figcaption").textContent}`,
        className: "lnn-frame",
      });
      panel.before(frame);
      watch = setInterval(step, 500);
    }, (problem) => open && fail(problem.message));
  }

  document.querySelectorAll("figure.lnn-explorer[data-code]").forEach((figure) => {
    const button = element("button", { type: "button", className: "lnn-live" });
    button.textContent = `Take it live (${megabytes} MB)`;
    button.addEventListener("click", () => live(figure, button));
    figure.append(button);
  });
})();
