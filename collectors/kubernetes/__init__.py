"""Kubernetes: one cluster, through its API server, by a kubeconfig's context or as a pod's service account.

The SDK is imported when a target of this kind is connected to, and not before.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from collectors.source import Connection, Provider, Source


@dataclass(frozen=True, slots=True)
class KubernetesTarget:
    """The keys of a `[[target]]` of kind `kubernetes`. Raises `ValueError`, naming the key and what it should be."""

    name: str = field(metadata={"comment": "how reports call this target"})
    kubeconfig: str | None = field(
        default=None, metadata={"comment": "kubeconfig file; else $KUBECONFIG, else ~/.kube/config", "path": True}
    )
    context: str | None = field(default=None, metadata={"comment": "context of the kubeconfig; else its current one"})
    in_cluster: bool = field(
        default=False, metadata={"comment": "ask as the service account of the pod that the scanner runs in"}
    )

    def __post_init__(self) -> None:
        if not isinstance(self.in_cluster, bool):
            raise ValueError(f"in_cluster: {self.in_cluster!r} is neither true nor false")  # noqa: TRY004 - the loader words ValueError
        for key in ("kubeconfig", "context"):
            value = getattr(self, key)
            if value is not None and (not isinstance(value, str) or not value):
                raise ValueError(f"{key}: {value!r} is not a text; leave the key out for the default")
            if value is not None and self.in_cluster:
                raise ValueError(f"{key}: leave it out where in_cluster = true, which needs no kubeconfig")


def _connect(settings: KubernetesTarget) -> Connection:
    from collectors.kubernetes.access import access
    from collectors.kubernetes.session import KubernetesConnection

    return KubernetesConnection(access(settings))


def _policy(sources: Iterable[Source]) -> str:
    from collectors.kubernetes.permissions import policy

    return policy(sources)


PROVIDER = Provider(
    kind="kubernetes",
    extra="kubernetes",
    modules=("kubernetes",),
    settings=KubernetesTarget,
    connect=_connect,
    policy=_policy,
)
