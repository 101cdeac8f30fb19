"""A certificate authority for a test, and what servers may be wrong about in the certificates that it signs."""

import subprocess
from pathlib import Path

from certificates import Certificate


class Authority:
    """Signs for whatever name, from whatever day on."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._key = folder / "ca.key"
        self.cert = folder / "ca.pem"
        _openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *(
                "-days",
                "3000",
                "-subj",
                "/O=Test Authority/CN=Test Root",
                "-keyout",
                self._key,
                "-out",
                self.cert,
            ),
            since="2024-01-01",
        )

    def sign(self, name: str, *names: str, days: int = 60, since: str | None = None) -> Certificate:
        """A certificate for `names`, such as `DNS:localhost`. `since`: its first day, today by default."""
        made = Certificate(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        request, extensions = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={','.join(names)}\n")
        _openssl(
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-subj", f"/CN={name}", "-keyout", made.key, "-out", request),
        )
        _openssl(
            *("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self._key, "-CAcreateserial"),
            *("-days", str(days), "-extfile", extensions, "-out", made.cert),
            since=since,
        )
        return made


def _openssl(*arguments: str | Path, since: str | None = None) -> None:
    """Run openssl, on another day if need be."""
    day = [] if since is None else ["faketime", f"{since} 00:00:00"]
    subprocess.run([*day, "openssl", *map(str, arguments)], check=True, capture_output=True)
