"""Sockets that are bound before anything starts, so that a port in use is reported first."""

from __future__ import annotations

import socket

from local.errors import StartError


def bind(host: str, port: int, variable: str) -> socket.socket:
    """Bind a TCP socket that refuses connections until it listens.

    Port 0 takes a free port. ``variable`` is the environment variable that chooses the port; StartError names it.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise StartError(f"HOST is {host!r}: {error.strerror}. Set it to an address of this machine") from None
    bound = socket.socket(family, kind, protocol)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise unavailable(host, port, variable, error) from None
    return bound


def unavailable(host: str, port: int, variable: str, error: OSError) -> StartError:
    """Return the error of a port that cannot be bound, or on which another process listens by now."""
    return StartError(f"port {port} of {host}: {error.strerror}. Set {variable} to another port")
