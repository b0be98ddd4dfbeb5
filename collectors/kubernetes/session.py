"""A connection to one cluster: which one it is, who asks, and the readers of its sources."""

from collections.abc import Iterable
from typing import Any

from collectors.kubernetes.access import Access
from collectors.kubernetes.api import Api, ExpiredError, NotServedError
from collectors.kubernetes.calls import CLUSTER, OWN_REQUESTS, REVIEW, REVIEW_PATH, parsed
from collectors.kubernetes.reader import Reader
from collectors.permit import Permit, user_agent
from collectors.source import Place, Source, UnreadError
from evidence_store.records import Json, Scope, Unread, Why


class KubernetesConnection:
    """One target."""

    kind = "kubernetes"

    def __init__(self, access: Access) -> None:
        self._user = access.user
        self._doubt = _doubt(access.configuration)
        self.api = Api(access.configuration, user_agent())
        self._permit = Permit("the search for the cluster", OWN_REQUESTS)

    def places(self) -> Iterable[Place]:
        """The cluster, which is known by the uid of its namespace kube-system. Raises `UnreadError`."""
        try:
            found, _ = self.api.get(self._permit, CLUSTER, parsed(CLUSTER).path)
        except (NotServedError, ExpiredError):
            raise UnreadError(Unread(Why.UNEXPECTED, CLUSTER, "no such namespace")) from None
        uid = _within(found, "metadata", "uid")
        if not isinstance(uid, str) or not uid or found.get("kind") != "Namespace":
            raise UnreadError(Unread(Why.UNEXPECTED, CLUSTER, "no uid"))
        yield Place(Scope("kubernetes", uid), self._principal() + self._doubt)

    def _principal(self) -> str:
        """Who the API server says that we are; what the kubeconfig calls the user where it does not say."""
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        try:
            found = self.api.post(self._permit, REVIEW, REVIEW_PATH, asked)
        except (UnreadError, NotServedError, ExpiredError):  # servers before 1.28 have no such review
            return self._user
        name = _within(found, "status", "userInfo", "username")
        return name if isinstance(name, str) and name else self._user

    def reader(self, place: Place, source: Source) -> Reader:
        return Reader(place, source, self.api)

    def close(self) -> None:
        self.api.close()


def _doubt(configuration: Any) -> str:
    """What stands beside the caller's name, in the evidence too, where nobody vouches for who answered."""
    if not configuration.host.startswith("https://"):
        return " (without TLS)"
    return "" if configuration.verify_ssl else " (the server's certificate is not verified)"


def _within(found: Json, *path: str) -> Json:
    for part in path:
        found = found.get(part) if isinstance(found, dict) else None
    return found
