"""A certificate authority of the test's own, and one certificate for all that stands on the loopback."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

_FROM = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
_TO = datetime.datetime(2049, 1, 1, tzinfo=datetime.UTC)
NAMES = ("localhost", "cloudasset.googleapis.com", "iamcredentials.googleapis.com", "oauth2.googleapis.com")


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files: who is trusted, and what the servers show."""

    authority: Path
    chain: Path
    key: Path


def make(directory: Path) -> Certificates:
    """Make an authority and a certificate under it."""
    authority_key, key = _key(), _key()
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback authority")])
    names = [*(x509.DNSName(name) for name in NAMES), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    identifier = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    authority = (
        _builder(issuer, issuer, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(identifier, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    shown = (
        _builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), issuer, key)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    made = Certificates(directory / "authority.pem", directory / "server.pem", directory / "server.key")
    made.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    made.chain.write_bytes(shown.public_bytes(serialization.Encoding.PEM))
    made.key.write_text(private_pem(key))
    made.key.chmod(0o600)
    return made


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: rsa.RSAPrivateKey) -> str:
    """A private key as the text that a credentials file holds."""
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


def account_key() -> rsa.RSAPrivateKey:
    """A key for a service account: a short one, for each connection of each test reads and checks it anew."""
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)


def _builder(subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(_TO)
    )
