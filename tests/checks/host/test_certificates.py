"""Checks on certificates, driven from files in service folders."""

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.collectors.host.recorded import AT, host
from tests.harness import look

CHECK = "host_certificate_expiry"


def certificate(ends: datetime, name: str = "www.example.org") -> bytes:
    key = Ed25519PrivateKey.generate()
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(ends - timedelta(days=90)).not_valid_after(ends)
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return made.sign(key, None).public_bytes(serialization.Encoding.PEM)


FRESH, OLD = certificate(AT + timedelta(days=60)), certificate(AT + timedelta(days=10))
DER = x509.load_pem_x509_certificate(OLD).public_bytes(serialization.Encoding.DER)
PATH = "/etc/nginx/tls/www.crt"


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (FRESH, "pass"),
        (OLD, "fail"),
        (certificate(AT - timedelta(days=1)), "fail"),
        (certificate(AT + timedelta(days=30)), "fail"),
        (DER, "fail"),
    ],
)
def test_certificate_is_judged_by_its_end(content: bytes, status: str) -> None:
    assert look(host(files={PATH: content}), CHECK, at=AT).status(CHECK, PATH) == status


def test_each_certificate_of_a_chain_is_judged() -> None:
    seen = look(host(files={PATH: FRESH + OLD}), CHECK, at=AT)
    assert (seen.status(CHECK, PATH), seen.status(CHECK, f"{PATH}#2")) == ("pass", "fail")
    assert "CN=www.example.org in /etc/nginx/tls/www.crt ends on 2026-12-03" in seen.reason(CHECK, f"{PATH}#2")


def test_trust_store_and_other_files_are_left_out() -> None:
    files = {
        "/etc/ssl/certs/ca-certificates.crt": OLD,
        "/etc/pki/tls/certs/ca-bundle.crt": OLD,
        "/etc/nginx/nginx.conf": OLD,
        "/etc/nginx/tls/empty.pem": b"",
        "/etc/nginx/tls/dh.der": b"\x30\x82\x01\x08 parameters",
    }
    assert look(host(files=files), CHECK, at=AT).of(CHECK) == []


def test_malformed_certificate_is_unknown_not_left_out() -> None:
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    assert look(host(files={PATH: broken}), CHECK, at=AT).status(CHECK, ":global") == "unknown"


def test_folder_that_may_not_be_listed_is_unknown_and_the_rest_is_judged() -> None:
    live = "/etc/letsencrypt/live/www/cert.pem"
    seen = look(host(files={PATH: FRESH, live: OLD}, denied=["/etc/letsencrypt/live"]), CHECK, at=AT)
    assert seen.status(CHECK, PATH) == "pass"
    assert seen.status(CHECK, ":global") == "unknown"
    assert seen.reason(CHECK, ":global") == "read /etc/letsencrypt/live was denied"


def test_private_key_beside_a_certificate_does_not_leave_the_source() -> None:
    key = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    found = look(host(files={"/etc/haproxy/site.pem": FRESH + key}), CHECK, at=AT).facts("host.certificate")
    assert len(found) == 1
    assert key.splitlines()[1].decode() not in str(found)
