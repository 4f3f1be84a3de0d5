"""The page for addresses that lead nowhere, 404.html: it stands anywhere, and finds the way home.

A server shows it at the address that was asked for, at any depth, so no link may be relative and
nothing may be loaded. A script looks upwards for the site's root; its hash is part of the strict
Content-Security-Policy in the README. Without a script the links lead to the published site.
"""

import base64
import hashlib
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from sphinx.application import Sphinx

TEMPLATE = Path(__file__).with_name("missing.html")
SCRIPT = """
(async () => {
  const parts = location.pathname.split("/");
  for (let depth = parts.length - 1; depth > 0; depth--) {
    const root = parts.slice(0, depth).join("/") + "/";
    const answer = await fetch(root + "find.json", { method: "HEAD" }).catch(() => null);
    if (!answer?.ok) continue;
    document.getElementById("home").href = root + "index.html";
    document.getElementById("search").href = root + "search.html";
    return;
  }
})();
"""


def setup(app: Sphinx) -> None:
    """Write the page with the others."""
    app.connect("build-finished", _write)


def policy() -> str:
    """Return the source that a Content-Security-Policy allows for the script."""
    digest = hashlib.sha256(SCRIPT.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _write(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    base = urlsplit(app.config.html_baseurl or "").path.rstrip("/")
    page = TEMPLATE.read_text(encoding="utf-8").format(
        title=escape(app.config.html_title),
        home=f"{base}/index.html",
        search=f"{base}/search.html",
        script=SCRIPT,
    )
    (Path(app.outdir) / "404.html").write_text(page, encoding="utf-8")
