"""A certificate authority of the tests' own, a server's certificate under it, and a client's."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme

LOOPBACK = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files, in PEM."""

    authority: Path  # whom clients trust
    chain: Path  # what the server shows
    key: Path
    client: Path  # a certificate that tells its bearer: `scanner`
    client_key: Path

    def context(self, *, clients: bool = False) -> ssl.SSLContext:
        """What a server listens with; it may ask for a client's certificate, and does not insist."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        context.load_verify_locations(self.authority)
        context.verify_mode = ssl.CERT_OPTIONAL if clients else ssl.CERT_NONE
        return context


def make(directory: Path, *names: str) -> Certificates:
    """Fresh ones, for servers on the loopback that may have these names too."""
    authority = trustme.CA()
    server = authority.issue_cert(*LOOPBACK, *names)
    client = authority.issue_cert(common_name="scanner")
    made = Certificates(
        *(directory / name for name in ("authority.pem", "server.pem", "server.key", "client.pem", "client.key"))
    )
    authority.cert_pem.write_to_path(str(made.authority))
    made.chain.write_bytes(b"".join(pem.bytes() for pem in server.cert_chain_pems))
    server.private_key_pem.write_to_path(str(made.key))
    client.cert_chain_pems[0].write_to_path(str(made.client))
    client.private_key_pem.write_to_path(str(made.client_key))
    for secret in (made.key, made.client_key):
        secret.chmod(0o600)
    return made
