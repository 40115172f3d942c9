"""Bodies that arrive in chunks. The development server's own reader never ends when the client hangs up in one."""

from __future__ import annotations

from io import BufferedIOBase

LINE_BYTES = 200


class MalformedChunksError(Exception):
    """They are not what RFC 9112, section 7.1, says, or end in the middle."""


def read(stream: BufferedIOBase, most: int) -> bytes:
    """The whole body, but no more than the first ``most`` bytes and one; trailers are left out.

    Raises MalformedChunksError.
    """
    body = bytearray()
    while size := _size(_line(stream)):
        body += _exactly(stream, min(size, most + 1 - len(body)))
        if len(body) > most:
            return bytes(body)
        if _line(stream):
            raise MalformedChunksError
    while _line(stream):
        pass
    return bytes(body)


def _size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip(b" \t")
    if not digits or digits.strip(b"0123456789abcdefABCDEF"):
        raise MalformedChunksError
    return int(digits, 16)


def _line(stream: BufferedIOBase) -> bytes:
    line = stream.readline(LINE_BYTES)
    if not line.endswith(b"\n"):
        raise MalformedChunksError
    return line.rstrip(b"\r\n")


def _exactly(stream: BufferedIOBase, size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise MalformedChunksError
    return content
