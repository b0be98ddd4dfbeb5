"""How a target is reached and as whom: a kubeconfig's context, or the service account of the pod that we run in.

- Loading is the client's; nothing is written back to the kubeconfig.
- A context that leads nowhere, names nobody known, or whose program gives no credentials is an error that names file and
  key, never a read without credentials.
"""

import importlib
import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from collectors.kubernetes import KubernetesTarget
from collectors.kubernetes.api import told
from collectors.kubernetes.exec_plugin import credential
from collectors.source import UnreadError
from evidence_store.records import Unread, Why, parse_time

TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - where a pod finds it
AUTHORITY = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"


@dataclass(frozen=True, slots=True)
class Access:
    """The client's configuration, and what the caller is called where the cluster does not say it."""

    configuration: Any
    user: str


def access(settings: KubernetesTarget) -> Access:
    """Load what the target names. Raises `UnreadError`, naming the file and the key."""
    if settings.in_cluster:
        return in_cluster(os.environ)
    return by_kubeconfig(settings.kubeconfig, settings.context, os.environ)


def in_cluster(environment: Mapping[str, str], token: str = TOKEN, authority: str = AUTHORITY) -> Access:
    """As the pod's service account; its token is read again each minute."""
    sdk, loading = _sdk("client"), _sdk("config.incluster_config")
    configuration = sdk.Configuration()
    try:
        loading.InClusterConfigLoader(token, authority, environ=environment).load_and_set(configuration)
    except (loading.ConfigException, OSError) as error:
        raise UnreadError(Unread(Why.CREDENTIALS, "in_cluster", told(error).rstrip("."))) from None
    return Access(configuration, "the pod's service account")


def by_kubeconfig(given: str | None, context: str | None, environment: Mapping[str, str]) -> Access:
    """By a context of the kubeconfig: the given file, else those of $KUBECONFIG, else ~/.kube/config."""
    yaml: Any = importlib.import_module("yaml")  # comes with the SDK, without types

    named = given or environment.get("KUBECONFIG") or "~/.kube/config"
    files = [given] if given else [part for part in named.split(os.pathsep) if part]
    what = f"kubeconfig {named}"
    try:
        return _loaded(files, context)
    except (_sdk("config").ConfigException, OSError) as error:
        raise UnreadError(Unread(Why.CREDENTIALS, what, told(error))) from None
    except yaml.YAMLError as error:  # its text quotes the file, which holds credentials
        mark = getattr(error, "problem_mark", None)
        raise UnreadError(Unread(Why.CREDENTIALS, what, f"no YAML, line {mark.line + 1}" if mark else "no YAML")) from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # what the client raises for values of other types
        raise UnreadError(Unread(Why.CREDENTIALS, what, f"malformed: {type(error).__name__}")) from None


def _loaded(files: list[str], context: str | None) -> Access:
    """One context of the files, merged as kubectl merges them. Raises the client's errors."""
    if len(files) == 1:  # the client passes over what is not there, as it should where several are named
        with Path(files[0]).expanduser().open(encoding="utf-8"):
            pass
    configuration = _sdk("client").Configuration()
    merged = _sdk("config.kube_config").KubeConfigMerger(os.pathsep.join(files)).config
    if merged is None:
        raise _sdk("config").ConfigException("none of these files is there")
    for part in ("contexts", "clusters", "users"):
        if not all(isinstance(entry.value, dict) and entry.value.get("name") for entry in merged.value[part]):
            raise _sdk("config").ConfigException(f"{part} is no list of entries with names")
    loader = _loader()(config_dict=merged, active_context=context, config_base_path=None)
    user = _user(loader)
    loader.load_and_set(configuration)
    _try_certificates(configuration)
    return Access(configuration, user)


def _try_certificates(configuration: Any) -> None:
    """Raises the client's error for certificates that cannot be used; each request would fail with less to say."""
    try:
        if configuration.ssl_ca_cert:
            ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    except ssl.SSLError:
        raise _sdk("config").ConfigException("certificate-authority holds no certificate") from None
    try:
        if configuration.cert_file:
            ssl.create_default_context().load_cert_chain(configuration.cert_file, configuration.key_file)
    except ssl.SSLError:
        raise _sdk("config").ConfigException("client-certificate and client-key do not go together") from None


def _sdk(module: str) -> Any:
    """A module of the client, whose types do not hold in all its versions."""
    return importlib.import_module(f"kubernetes.{module}")


def _user(loader: Any) -> str:
    """The name of the context's user. Raises the client's error for a context that leads nowhere or to nobody known."""
    found = loader.current_context
    name, inner = found["name"], found["context"]
    user = inner.get("user")
    if user and loader.user is None:
        raise _sdk("config").ConfigException(f"contexts[name={name}] names the user {user}, who is not in users")
    server = urlsplit(loader.cluster.get("server") or "")
    if server.scheme not in ("https", "http") or not server.hostname:
        raise _sdk("config").ConfigException(f"clusters[name={inner['cluster']}] has no server of the form https://HOST")
    return str(user or "nobody")


def _loader() -> Callable[..., Any]:
    """The client's loader, but for how it runs a program: its own inherits the terminal, waits forever, and goes on without
    credentials where the program fails."""
    sdk = _sdk("config.kube_config")

    class Loader(sdk.KubeConfigLoader):  # type: ignore[name-defined, misc]  # the SDK is taken as it comes
        """One context of a kubeconfig."""

        @property
        def user(self) -> Any:
            return self._user

        @property
        def cluster(self) -> Any:
            return self._cluster.value

        def _load_from_exec_plugin(self) -> bool | None:
            if "exec" not in self._user:
                return None
            program = sdk.ExecProvider(self._user["exec"], self._get_base_path(self._cluster.path), self._cluster)
            status = credential(self._user["exec"].value, program)
            if status.get("token"):
                self.token = f"Bearer {status['token']}"
            elif status.get("clientCertificateData") and status.get("clientKeyData"):
                for key, field in (("cert_file", "clientCertificateData"), ("key_file", "clientKeyData")):
                    setattr(self, key, sdk.FileOrData(status, None, field, base64_file_content=False).as_file())
            else:
                raise sdk.ConfigException(f"exec: {program.args[0]} gave neither a token nor a certificate with its key")
            if status.get("expirationTimestamp"):
                self.expiry = parse_time(status["expirationTimestamp"])
            return True

    return Loader
