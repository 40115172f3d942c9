"""The build cuts the five roots of Amazon Trust Services out of botocore's bundle, and fails if one is missing."""

from __future__ import annotations

import hashlib
import re
import ssl
import subprocess
import sys
from pathlib import Path

import botocore
import pytest

SCRIPT = Path(__file__).parents[2] / "layers" / "dependencies" / "roots.py"
BUNDLE = Path(botocore.__file__).with_name("cacert.pem").read_text(encoding="utf-8")
PEM = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)
FINGERPRINTS = {
    "Amazon Root CA 1": "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
    "Amazon Root CA 2": "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
    "Amazon Root CA 3": "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
    "Amazon Root CA 4": "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
    "Starfield Services Root Certificate Authority - G2": (
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5"
    ),
}


def fingerprint(certificate: str) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()


def cut(bundle: Path, file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), str(bundle), str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


def test_exactly_the_five_roots_are_cut_out_and_a_tls_client_can_load_them(tmp_path: Path) -> None:
    (tmp_path / "bundle.pem").write_text(BUNDLE, encoding="utf-8")
    assert cut(tmp_path / "bundle.pem", tmp_path / "roots.pem").returncode == 0
    certificates = PEM.findall((tmp_path / "roots.pem").read_text(encoding="utf-8"))
    assert list(map(fingerprint, certificates)) == list(FINGERPRINTS.values())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(tmp_path / "roots.pem")
    assert len(context.get_ca_certs()) == len(FINGERPRINTS)


@pytest.mark.parametrize("missing", FINGERPRINTS)
def test_a_bundle_without_one_of_the_roots_fails_the_build_with_one_line_that_names_it(
    tmp_path: Path, missing: str
) -> None:
    (certificate,) = (each for each in PEM.findall(BUNDLE) if fingerprint(each) == FINGERPRINTS[missing])
    (tmp_path / "cut.pem").write_text(BUNDLE.replace(certificate, ""), encoding="utf-8")
    answer = cut(tmp_path / "cut.pem", tmp_path / "roots.pem")
    assert answer.returncode == 1
    assert answer.stderr.splitlines() == [
        f"{tmp_path / 'cut.pem'} lacks {missing}: compare ROOTS with amazontrust.com/repository"
    ]
    assert not (tmp_path / "roots.pem").exists()
