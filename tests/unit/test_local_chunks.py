"""Chunked bodies are read as they are, and whatever is none ends in an error instead of never."""

from __future__ import annotations

import io

import pytest

from local import chunks

END = b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (END, b""),
        (b"5\r\nhello\r\n" + END, b"hello"),
        (b"A;name=value\r\n0123456789\r\n2\r\n\r\n\r\n" + END, b"0123456789\r\n"),
        (b"1\nx\n0\nTrailer: 1\n\n", b"x"),
    ],
)
def test_a_body_is_put_together(raw: bytes, body: bytes) -> None:
    assert chunks.read(io.BytesIO(raw + b"next"), 100) == body


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"\r\n", b"x\r\n", b"-1\r\n", b"1_0\r\n", b"0\r\n", b"0\r\nTrailer: 1\r\n", b"1" * 300 + b"\r\n"),
        *(b"5\r\nhel", b"5\r\nhello", b"5\r\nhello!\r\n" + END, b"+1\r\nx\r\n" + END, b"0x1\r\nx\r\n" + END),
    ],
)
def test_what_is_none_is_an_error(raw: bytes) -> None:
    with pytest.raises(chunks.MalformedChunksError):
        chunks.read(io.BytesIO(raw), 100)


def test_no_more_is_read_than_is_of_use() -> None:
    stream = io.BytesIO(b"ffffffffff\r\n" + b"x" * 1000)
    assert chunks.read(stream, 100) == b"x" * 101
    assert stream.tell() == 12 + 101
