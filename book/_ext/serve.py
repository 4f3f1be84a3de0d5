"""Serve the built site on this machine, on another port where the one asked for is taken.

Needs nothing but Python, so that a site that was built elsewhere can be looked at as well.
"""

import argparse
import functools
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def server(folder: Path, port: int) -> ThreadingHTTPServer:
    """Return a server of `folder` on `port`, or on one that the system chooses."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(folder))
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        print(f"port {port}: {error.strerror}; taking a free one")
        return ThreadingHTTPServer(("127.0.0.1", 0), handler)


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    given = parser.parse_args()
    if not (given.folder / "index.html").exists():
        sys.exit(f"nothing is built in {given.folder} yet: run 'make book' first")
    with server(given.folder, given.port) as running:
        print(f"http://localhost:{running.server_port}  (stop with Ctrl+C)", flush=True)
        try:
            running.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
