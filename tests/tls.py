"""A TLS server on this machine, with a certificate authority that exists only for the test."""

from __future__ import annotations

import contextlib
import socketserver
import ssl
from collections.abc import Iterator
from threading import Thread

import trustme


def server_context(authority: trustme.CA) -> ssl.SSLContext:
    """Return the context of a server on 127.0.0.1 that ``authority`` certifies."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@contextlib.contextmanager
def foreign_endpoint() -> Iterator[str]:
    """Yield the URL of an endpoint whose authority nobody trusts, so that no handshake succeeds."""
    context = server_context(trustme.CA())

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError), context.wrap_socket(self.request, server_side=True):
                pass

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
