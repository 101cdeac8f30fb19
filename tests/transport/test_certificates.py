"""From when to when a certificate file is valid."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from certificates import Certificate, redated

from whiteboard.transport.certificates import Validity, fault_of, read_validity


def test_the_dates_of_a_real_certificate(certificate: Certificate) -> None:
    """The fixture's is valid for a day from now on."""
    validity = read_validity(certificate.cert)
    assert validity is not None
    assert validity.ends - validity.begins == timedelta(days=1)
    assert abs(datetime.now(UTC) - validity.begins) < timedelta(hours=1)
    assert fault_of(certificate.cert) is None


@pytest.mark.parametrize(
    ("begins", "ends", "fault"),
    [
        (b"200101000000Z", b"200201000000Z", "expired on 2020-02-01"),
        (b"490101000000Z", b"491231000000Z", "is not valid before 2049-01-01"),
        (b"500101000000Z", b"991231000000Z", "expired on 1999-12-31"),
        (b"200101000000Z", b"491231000000Z", None),
    ],
)
def test_what_is_wrong_with_a_certificate_is_said(
    begins: bytes, ends: bytes, fault: str | None, certificate: Certificate, tmp_path: Path
) -> None:
    """The first in the file counts, which is the server's own; two digits mean 1950 to 2049."""
    assert fault_of(redated(certificate, tmp_path, begins, ends)) == fault


def test_both_ends_are_valid() -> None:
    """RFC 5280 section 4.1.2.5: the period is inclusive."""
    begins, ends = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    validity = Validity(begins, ends)
    assert validity.fault(begins) is validity.fault(ends) is None


def test_what_is_no_certificate_is_left_to_openssl(certificate: Certificate, tmp_path: Path) -> None:
    """Missing, a key, cut off or no ASN.1: nothing is claimed, nothing raises."""
    text = certificate.cert.read_text()
    for content in (
        certificate.key.read_text(),
        text[: len(text) // 2],
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----",
        "",
    ):
        path = tmp_path / "file.pem"
        path.write_text(content)
        assert fault_of(path) is None
    assert fault_of(tmp_path / "missing.pem") is None


def test_dates_beyond_2049_have_four_digits(tmp_path: Path) -> None:
    """GeneralizedTime, as private authorities use it."""

    def element(tag: int, content: bytes) -> bytes:
        return bytes((tag, len(content))) + content

    dates = element(0x30, element(0x17, b"260101000000Z") + element(0x18, b"20591005033742Z"))
    fields = element(0x02, b"\1") + element(0x30, b"") + element(0x30, b"") + dates
    path = tmp_path / "far.pem"
    path.write_text(ssl.DER_cert_to_PEM_cert(element(0x30, element(0x30, fields))))
    validity = read_validity(path)
    assert validity is not None
    assert validity.ends == datetime(2059, 10, 5, 3, 37, 42, tzinfo=UTC)
