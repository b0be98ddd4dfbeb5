"""Certificates that services keep: those in their folders, without the trust store that every machine carries."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from collectors.host.folders import SERVICE_FOLDERS, candidates
from collectors.host.reader import HostReader
from collectors.source import Facet, source
from evidence_store.records import Json, Observation, format_time

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_NAMED = re.compile(r".*\.(?:pem|crt|cer|cert|chain|der)|.*/fullchain[^/]*", re.IGNORECASE)
_BUNDLES = re.compile(
    r"/etc/ssl/certs/(?:ca-certificates\.crt|ca-bundle\.(?:crt|trust\.crt)|java/.*)|/etc/ssl/cert\.pem"
    r"|/etc/pki/tls/(?:cert\.pem|certs/ca-bundle.*)"
)
_STORES = ("/usr/share/ca-certificates/", "/usr/local/share/ca-certificates/", "/etc/pki/ca-trust/", "/usr/share/pki/")
_PEM = re.compile(rb"-----BEGIN (?:TRUSTED )?CERTIFICATE-----.+?-----END (?:TRUSTED )?CERTIFICATE-----", re.DOTALL)


@source(
    "certificates",
    level="account",
    calls=[f"{verb} {folder}/**" for folder in SERVICE_FOLDERS for verb in ("read", "stat")],
    yields=[
        Facet(
            "host.certificate",
            ("Path", "Position", "Subject", "Issuer", "NotBefore", "NotAfter", "IsAuthority"),
            optional=("Names",),
            lists=True,
        )
    ],
)
def certificates(reader: HostReader) -> Iterator[Observation]:
    """Each certificate of each file, by its position in it."""
    found = candidates(reader, SERVICE_FOLDERS, lambda path: bool(_NAMED.fullmatch(path)) and not _BUNDLES.fullmatch(path))
    for path in found:
        leads = reader.target(path)
        if leads is None or leads.startswith(_STORES):
            continue
        for position, certificate in enumerate(_parsed(found.head(path) or b""), 1):
            native = path if position == 1 else f"{path}#{position}"
            facts = {"Path": path, "Position": position, **_facts(certificate)}
            yield Observation("host.certificate", reader.uid("host.certificate", native), facts)
    found.end()


def _parsed(content: bytes) -> Iterator["Certificate"]:
    """The certificates in a file's content, PEM or DER; none for what is neither."""
    from cryptography import x509

    for block in _PEM.findall(content):
        yield x509.load_pem_x509_certificate(block.replace(b"TRUSTED ", b""))
    if content.startswith(b"\x30\x82") and not _PEM.search(content):
        try:
            yield x509.load_der_x509_certificate(content)
        except ValueError:  # another kind of DER: a key, a request, parameters
            return


def _facts(certificate: "Certificate") -> dict[str, Json]:
    from cryptography import x509

    try:
        authority = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        authority = False
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        dns: list[str] | None = sorted(names.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        dns = None
    return {
        "Subject": certificate.subject.rfc4514_string(),
        "Issuer": certificate.issuer.rfc4514_string(),
        "NotBefore": format_time(certificate.not_valid_before_utc),
        "NotAfter": format_time(certificate.not_valid_after_utc),
        "IsAuthority": authority,
        "Names": dns,
    }
