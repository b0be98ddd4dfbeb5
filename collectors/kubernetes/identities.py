"""Service accounts, and their tokens that do not expire, by the metadata of the secrets that hold them.

The API server is asked for metadata only, and sends no data. Annotations are not kept: the one that kubectl writes repeats
the whole object, its data included.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from collectors.kubernetes.reader import Reader
from collectors.kubernetes.shapes import identity, names, observed, table, text, truth
from collectors.source import Facet, source
from evidence_store.records import Json, Observation

SERVICE_ACCOUNT = Facet(
    "kubernetes.service_account",
    facts=("name", "namespace", "labels", "secrets", "imagePullSecrets"),
    optional=("creationTimestamp", "automountServiceAccountToken"),
    lists=True,
)
TOKEN_SECRET = Facet(
    "kubernetes.token_secret",
    facts=("name", "namespace", "labels"),
    optional=("creationTimestamp", "serviceAccount"),
    lists=True,
)
_TOKENS = "type=kubernetes.io/service-account-token"
_OF = "kubernetes.io/service-account.name"


@source("list serviceaccounts", level="account", yields=[SERVICE_ACCOUNT])
def service_accounts(read: Reader) -> Iterator[Observation]:
    for item in read.pages("list serviceaccounts", "ServiceAccount"):
        yield from observed(read, [(SERVICE_ACCOUNT, _service_account)], item, "list serviceaccounts")


def _service_account(item: Mapping[str, Any]) -> dict[str, Json]:
    return {
        **identity(item),
        "automountServiceAccountToken": truth(item, "automountServiceAccountToken"),
        "secrets": names(item, "secrets"),
        "imagePullSecrets": names(item, "imagePullSecrets"),
    }


@source("list secrets", level="account", yields=[TOKEN_SECRET])
def token_secrets(read: Reader) -> Iterator[Observation]:
    """Tokens of service accounts that do not expire. Their type is no metadata, so that the API server has to select them."""
    for item in read.pages("list secrets", "Secret", metadata_only=True, field_selector=_TOKENS):
        yield from observed(read, [(TOKEN_SECRET, _token_secret)], item, "list secrets")


def _token_secret(item: Mapping[str, Any]) -> dict[str, Json]:
    return {**identity(item), "serviceAccount": text(table(table(item, "metadata"), "annotations"), _OF)}
