"""Cut the root certificates of Amazon Trust Services, which sign the certificates of AWS, out of botocore's bundle.

    python roots.py BUNDLE FILE    writes the roots of BUNDLE to FILE

botocore reads its bundle for each new connection, at the function's share of a CPU (docs/decisions/0030).
"""

from __future__ import annotations

import hashlib
import re
import ssl
import sys
from pathlib import Path

ROOTS = {
    "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e": "Amazon Root CA 1",
    "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4": "Amazon Root CA 2",
    "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4": "Amazon Root CA 3",
    "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092": "Amazon Root CA 4",
    "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5": (
        "Starfield Services Root Certificate Authority - G2"
    ),
}
"""The SHA-256 of each certificate in DER. Amazon recommends all five for a trust store (amazontrust.com/repository)."""
CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)


def main(bundle: Path, file: Path) -> None:
    certificates = {_fingerprint(text): text for text in CERTIFICATE.findall(bundle.read_text(encoding="utf-8"))}
    missing = [name for fingerprint, name in ROOTS.items() if fingerprint not in certificates]
    if missing:
        raise SystemExit(f"{bundle} lacks {', '.join(missing)}: compare ROOTS with amazontrust.com/repository")
    file.write_text("".join(f"# {name}\n{certificates[fingerprint]}" for fingerprint, name in ROOTS.items()), "utf-8")


def _fingerprint(certificate: str) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
