"""The state of the test cluster: its objects, what it refuses or garbles, and what it was asked.

- A manifest must fit the installed client's model of its kind; a field that the API does not know is refused.
- Every list is paged: `page_size` caps what one answer holds, whatever the limit that was asked for.
- Calls are named as an administrator names them: `list pods`, `get namespaces kube-system`, `get /version`.
"""

import base64
import copy
import json
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.certificates import Certificates
from tests.collectors.kubernetes.kinds import KINDS, Kind

UID = "6f1c0e5a-77a4-4b5e-9f43-0a2f6f3f2c11"  # of namespace kube-system: the cluster's
TOKEN = "annexa-test-token"
USER = "system:serviceaccount:annexa:annexa"
CREATED = "2026-01-05T08:00:00Z"
OWN_CALLS = ("get namespaces kube-system", "create selfsubjectreviews.authentication.k8s.io")
Identity = tuple[str, str, str]  # kind, namespace, name


@dataclass(frozen=True, slots=True)
class Request:
    """One request that reached the server."""

    call: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    certified: bool = False  # by a certificate of the client's own


@dataclass(slots=True)
class Fault:
    """What happens instead of an answer, for as many requests as it says; `None`: for all of them."""

    how: str
    times: int | None = None
    skip: int = 0  # requests of the call that are still answered as usual
    status: int = 200
    retry_after: str | None = None


@dataclass(slots=True)
class Cluster:
    """What tests set, and what the server answers from. Guarded by its lock."""

    url: str
    certificates: Certificates
    directory: Path  # where kubeconfig files are written
    page_size: int = 2
    latency: float = 0.0
    token: str = TOKEN
    user: str = USER
    version: dict[str, str] = field(default_factory=dict)
    objects: dict[Identity, dict[str, Any]] = field(default_factory=dict)
    installed: set[str] = field(default_factory=set)  # custom resources that are served
    denied: set[str] = field(default_factory=set)
    spared: set[str] | None = None  # everything but these is denied
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    pages: dict[str, tuple[str, list[Any]]] = field(default_factory=dict)
    amend: Callable[[Kind, dict[str, Any]], dict[str, Any]] | None = None  # changes each object as it is served
    lock: threading.RLock = field(default_factory=threading.RLock)

    def reset(self) -> None:
        """A cluster as it is after its installation: four namespaces and nothing else."""
        with self.lock:
            for kept in (self.objects, self.installed, self.denied, self.faults, self.requests, self.pages):
                kept.clear()
            self.page_size, self.latency, self.token, self.user = 2, 0.0, TOKEN, USER
            self.spared = self.amend = None
            self.version = {
                "major": "1", "minor": "36", "gitVersion": "v1.36.3", "gitCommit": "f0c1", "gitTreeState": "clean",
                "buildDate": "2026-07-14T19:02:11Z", "goVersion": "go1.26.1", "compiler": "gc", "platform": "linux/amd64",
            }  # fmt: skip
        for name in ("default", "kube-node-lease", "kube-public", "kube-system"):
            labels = {"kubernetes.io/metadata.name": name}
            self.add("Namespace", name, labels=labels, uid=UID if name == "kube-system" else None)

    def add(
        self,
        manifest: str | Mapping[str, Any],
        name: str = "",
        namespace: str | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        uid: str | None = None,
        raw: bool = False,
        **fields: Any,
    ) -> dict[str, Any]:
        """Put an object, given as its whole manifest, or by kind, name and its other top-level fields.

        What has the same kind, namespace and name is replaced. Raises `ValueError` for what the API would not store; `raw`
        stores it all the same.
        """
        if isinstance(manifest, str):
            metadata = {"name": name, "namespace": namespace, "labels": labels, "annotations": annotations}
            api_version = KINDS[manifest].api_version
            told = {k: dict(v) if isinstance(v, Mapping) else v for k, v in metadata.items() if v is not None}
            manifest = {"apiVersion": api_version, "kind": manifest, "metadata": told, **fields}
        held = copy.deepcopy(dict(manifest))
        kind = KINDS[held["kind"]]
        if not raw:
            _check(kind, held)
        own = held.setdefault("metadata", {})
        own.setdefault("uid", uid or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind.name}/{own.get('namespace')}/{own['name']}")))
        own.setdefault("creationTimestamp", CREATED)
        if kind.name == "Namespace":
            held.setdefault("status", {"phase": "Active"})
        with self.lock:
            self.objects[kind.name, own.get("namespace") or "", own["name"]] = held
            if kind.model is None:
                self.installed.add(kind.full_name)
        return held

    def remove(self, kind: str, name: str, namespace: str = "") -> None:
        with self.lock:
            del self.objects[kind, namespace, name]

    def install(self, full_name: str) -> None:
        """Serve a custom resource of which there is nothing yet: `vulnerabilityreports.aquasecurity.github.io`."""
        with self.lock:
            self.installed.add(full_name)

    def deny(self, *calls: str) -> None:
        with self.lock:
            self.denied.update(calls)

    def deny_all(self, but: Iterable[str] = ()) -> None:
        """Deny every call but these, and but those that find out which cluster this is, and who asks."""
        with self.lock:
            self.spared = {*but, *OWN_CALLS}

    def throttle(self, call: str, times: int | None = None, *, retry_after: str | None = "0") -> None:
        """Answer 429 as API priority and fairness does; `None` times: always."""
        self._fault(call, Fault("status", times, status=429, retry_after=retry_after))

    def fail(self, call: str, status: int, times: int | None = None, *, retry_after: str | None = None) -> None:
        """Answer with a status and a text that is no Status object, as proxies and panicking servers do."""
        self._fault(call, Fault("plain", times, status=status, retry_after=retry_after))

    def garble(self, call: str, how: str, *, after: int = 0, times: int | None = None) -> None:
        """Spoil each answer to a call, once `after` of them went well.

        `html`, `empty`, `truncated` JSON, `half-page` (the connection breaks), `no-items`, `null-items`, `wrong-kind`,
        `no-metadata`, `text-item` (an object that is a text), `endless` (always the same page and continue token),
        `empty-pages` (and always a new token), `twice` (each object twice), `redirect`,
        `not-served` (the server knows no such kind), `whole-objects` (where metadata alone was asked for).
        """
        self._fault(call, Fault(how, times, skip=after))

    def expire(self, call: str, times: int | None = 1) -> None:
        """Answer the next continued page of a call with 410 Gone."""
        self._fault(call, Fault("expired", times))

    @property
    def calls(self) -> list[str]:
        with self.lock:
            return [request.call for request in self.requests]

    def kubeconfig(self, name: str = "kubeconfig", **user: Any) -> Path:
        """A kubeconfig file that leads here: with the bearer token, or with what the keywords say of the user."""
        path = self.directory / name
        trusted = {"server": self.url, "certificate-authority-data": encoded(self.certificates.authority.read_text())}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "scanner"}}],
            "clusters": [{"name": "test", "cluster": trusted}],
            "users": [{"name": "scanner", "user": user or {"token": self.token}}],
        }
        path.write_text(json.dumps(content))  # JSON is YAML
        return path

    def connect(self, **settings: Any) -> Any:
        """A real connection, through the provider's own way in."""
        from collectors.kubernetes import PROVIDER

        if not settings.get("in_cluster") and "kubeconfig" not in settings:
            settings["kubeconfig"] = str(self.kubeconfig())
        return PROVIDER.connect(PROVIDER.settings(name="test", **settings))

    def _fault(self, call: str, fault: Fault) -> None:
        with self.lock:
            self.faults.setdefault(call, []).append(fault)

    def refuses(self, call: str) -> bool:
        with self.lock:
            return call in self.denied or (self.spared is not None and call not in self.spared)

    def fault(self, call: str, *, continued: bool) -> Fault | None:
        """What happens to this request instead of an answer; counted."""
        with self.lock:
            for found in self.faults.get(call, []):
                if found.times == 0 or (found.how == "expired" and not continued):
                    continue
                if found.skip:
                    found.skip -= 1
                    continue
                if found.times is not None:
                    found.times -= 1
                return found
        return None


def encoded(text: str) -> str:
    """As kubeconfig files hold what would else be a file."""
    return base64.b64encode(text.encode()).decode()


def _check(kind: Kind, manifest: Mapping[str, Any]) -> None:
    """Hold a manifest against the client's model of its kind. Raises `ValueError`."""
    if manifest.get("apiVersion") != kind.api_version:
        raise ValueError(f"{kind.name} is served as {kind.api_version}, not {manifest.get('apiVersion')}")
    metadata = manifest.get("metadata", {})
    if bool(metadata.get("namespace")) != kind.namespaced:
        raise ValueError(f"{kind.name} {metadata.get('name')}: namespaced is {kind.namespaced}")
    if kind.model is not None:
        import kubernetes.client

        getattr(kubernetes.client, kind.model).model_validate(manifest)
