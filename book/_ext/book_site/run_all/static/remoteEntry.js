// A JupyterLab extension: runs the notebook that was opened by an address with run=all.
//
// JupyterLite has no such address of its own. This is the form in which JupyterLab loads prebuilt
// extensions, a container with `init` and `get`, written by hand: no bundler for one function.
"use strict";

(() => {
  const asked = new URLSearchParams(window.location.search).get("run") === "all";

  const runAll = async (app) => {
    await app.restored;
    while (!app.shell.currentWidget?.sessionContext)
      await new Promise((done) => setTimeout(done, 100));
    const panel = app.shell.currentWidget;
    await panel.context.ready;
    await panel.sessionContext.ready;
    void app.commands.execute("notebook:run-all-cells");
    await new Promise((done) => setTimeout(done, 500));
    panel.content.activeCellIndex = 0; // the command goes to the last cell; readers begin above
    await panel.content.scrollToItem(0);
  };

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
