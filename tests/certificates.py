"""Throw-away certificates for this machine."""

import re
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """PEM files."""

    cert: Path
    key: Path


def make_certificate(folder: Path) -> Certificate:
    """For localhost, signed by itself, valid for a day."""
    made = Certificate(folder / "cert.pem", folder / "key.pem")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    command += ["-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command += ["-keyout", str(made.key), "-out", str(made.cert)]
    subprocess.run(command, check=True, capture_output=True)
    return made


def redated(certificate: Certificate, folder: Path, begins: bytes, ends: bytes) -> Path:
    """The certificate with other dates, and itself behind it; nobody checks its own signature."""
    der = ssl.PEM_cert_to_DER_cert(certificate.cert.read_text())
    old_begin, old_end = re.findall(rb"\x17\x0d[0-9]{12}Z", der)
    der = der.replace(old_begin, b"\x17\x0d" + begins).replace(old_end, b"\x17\x0d" + ends)
    path = folder / "redated.pem"
    path.write_text("text before\n" + ssl.DER_cert_to_PEM_cert(der) + certificate.cert.read_text())
    return path
