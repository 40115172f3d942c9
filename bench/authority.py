"""The certificate authority of a run. Its certificate is added to the authorities that each measured handler trusts.

Its keys are RSA, and it signs through an intermediate authority, as those of AWS's endpoints do.
"""

from __future__ import annotations

import hashlib
import ssl
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import trustme


@cache
def _root() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.RSA)


@cache
def server_context() -> ssl.SSLContext:
    """Return the TLS context of a server on 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer = _root().create_child_ca(key_type=trustme.KeyType.RSA)
    issuer.issue_cert("127.0.0.1", key_type=trustme.KeyType.RSA).configure_cert(context)
    return context


@cache
def _folder() -> Path:
    return Path(mkdtemp(prefix="bench-authorities-"))


@cache
def bundle(trusted: Path) -> Path:
    """Return a copy of a file of authorities with the authority of the run."""
    path = _folder() / f"{hashlib.sha256(str(trusted).encode()).hexdigest()[:12]}.pem"
    path.write_bytes(trusted.read_bytes() + _root().cert_pem.bytes())
    return path
