// A JupyterLab extension: runs the notebook that was opened by an address with run=all, and says
// how far it is.
//
// JupyterLite has no such address of its own. This is the form in which JupyterLab loads prebuilt
// extensions, a container with `init` and `get`, written by hand: no bundler for one function.
"use strict";

(() => {
  const asked = new URLSearchParams(window.location.search).get("run") === "all";
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const began = performance.now();

  // A line at the foot of the window, which assistive technology reads out; it can be closed.
  function bar() {
    const text = document.createElement("span");
    text.setAttribute("role", "status");
    const close = document.createElement("button");
    close.textContent = "Close";
    const line = document.createElement("div");
    line.id = "run-all";
    line.style.cssText =
      "position: fixed; inset: auto 0 0 0; z-index: 10000; display: flex; gap: 1em;" +
      "justify-content: space-between; align-items: center; padding: 0.6em 1em;" +
      "font: 15px system-ui, sans-serif; background: #1f3a5f; color: white;";
    close.addEventListener("click", () => line.remove());
    line.append(text, close);
    document.body.append(line);
    return (message) => {
      if (text.textContent !== message) text.textContent = message;
    };
  }

  // Python's own files are asked for before it starts: it would wait for ever without a word.
  async function problem() {
    const config = JSON.parse(document.getElementById("jupyter-config-data")?.textContent || "{}");
    const kernel = "@jupyterlite/pyodide-kernel-extension:kernel";
    const address = config.litePluginSettings?.[kernel]?.pyodideUrl || "static/pyodide/pyodide.js";
    const base = new URL("../", window.location.href); // lite/
    const lock = new URL("pyodide-lock.json", new URL(address, base));
    const answer = await fetch(lock, { signal: AbortSignal.timeout(15000) }).catch(() => null);
    if (answer?.ok) return "";
    return (
      `Python cannot be reached: ${answer ? `answer ${answer.status}` : "no answer"} from ` +
      `${lock.host}. The outputs below are those of the book. Check the network and load this ` +
      "page again, or use Binder, Colab or your own computer: the book's pages say how."
    );
  }

  async function runAll(app) {
    const say = bar();
    const seconds = () => Math.round((performance.now() - began) / 1000);
    const wrong = await problem();
    if (wrong) return say(wrong);
    await app.restored;
    while (!app.shell.currentWidget?.sessionContext) await wait(100);
    const panel = app.shell.currentWidget;
    await panel.context.ready;
    let ready = false;
    const starting = (async () => {
      await panel.sessionContext.ready;
      await panel.sessionContext.session.kernel.info;
      ready = true; // until now the outputs of the book stay
    })();
    while (!ready) {
      say(`Step 1 of 2: Python is starting, ${seconds()} s. The outputs below are those of the book.`);
      await Promise.race([starting, wait(1000)]);
    }
    const cells = [...panel.context.model.cells].filter(
      (cell) => cell.type === "code" && cell.sharedModel.getSource().trim(),
    );
    cells.forEach((cell) => cell.sharedModel.execution_count !== null && (cell.executionCount = null));
    let running = true;
    const run = app.commands.execute("notebook:run-all-cells").finally(() => (running = false));
    await wait(500);
    panel.content.activeCellIndex = 0; // the command goes to the last cell; readers begin above
    await panel.content.scrollToItem(0);
    while (running) {
      const done = cells.filter((cell) => cell.executionCount !== null).length;
      say(`Step 2 of 2: cell ${Math.min(done + 1, cells.length)} of ${cells.length} runs, ${seconds()} s.`);
      await Promise.race([run, wait(500)]);
    }
    const done = cells.filter((cell) => cell.executionCount !== null).length;
    return say(
      done === cells.length
        ? `All ${done} cells have run, in ${seconds()} s. Change what you like; Shift+Enter runs a cell.`
        : `A cell has failed after ${done} of ${cells.length}: its message stands below it.`,
    );
  }

  const plugin = {
    id: "run-all:plugin",
    autoStart: true,
    activate: (app) => {
      if (asked) void runAll(app); // not awaited: the application waits for its plugins
    },
  };

  window._JUPYTERLAB ??= {};
  window._JUPYTERLAB["run-all"] = {
    init: () => {},
    get: async () => () => ({ __esModule: true, default: plugin }),
  };
})();
