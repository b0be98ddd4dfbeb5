"""How the API server and its store are started, where their static pods show it."""

from checks.check import Answer, Unknown, check
from checks.kubernetes.flags import LOOKS_UP, DoubtError, Flags, asked
from checks.kubernetes.support import minor_of
from evidence_store.records import Inventory, Resource

_API_SERVER = "kube-apiserver"
# Suites without forward secrecy, with CBC, RC4 or triple DES: nobody has to name them for the clients of today.
_WEAK_SUITES = ("_RC4_", "_3DES_", "_CBC_", "TLS_RSA_WITH_")
_STRONG_BY_DEFAULT = (1, 32)  # Go, in which it is written, left out plain RSA first (1.30), then triple DES
# Where etcd listens for clients and peers, and where it does so unless it is told otherwise.
_LISTENS = (
    ("listen-client-urls", "http://localhost:2379"),
    ("listen-client-http-urls", ""),
    ("listen-peer-urls", "http://localhost:2380"),
)


@check(
    on="kubernetes.cluster",
    severity="high",
    version=1,
    needs=("gitVersion",),
    looks_up=LOOKS_UP,
    fix="Start the API server with --anonymous-auth=false, or limit it to health paths by --authentication-config.",
)
def k8s_apiserver_anonymous_off(cluster: Resource, *, inventory: Inventory) -> Answer:
    """The API server refuses callers who do not sign in.

    It takes them as `system:anonymous` unless it is told not to, and one careless binding then opens the cluster to the
    network. A configuration file may limit them to health paths; the API does not show it.
    """
    return asked(cluster, inventory, _API_SERVER, _anonymous)


def _anonymous(flags: Flags) -> str | Unknown | None:
    if not flags.is_on("anonymous-auth", unset=True):
        return None
    if "anonymous-auth" not in flags and (file := flags.get("authentication-config")):  # it may not say what the flag says
        return Unknown(f"says in {file} who may call unsigned, which the API does not show")
    return "takes callers who do not sign in"


@check(
    on="kubernetes.cluster",
    severity="high",
    version=1,
    needs=("gitVersion",),
    looks_up=LOOKS_UP,
    fix="Start the API server with --audit-policy-file and --audit-webhook-config-file, or --audit-log-path on a mounted path.",
)
def k8s_apiserver_audit_policy(cluster: Resource, *, inventory: Inventory) -> Answer:
    """The API server writes an audit log by a policy.

    It is the only record of who did what in the cluster, and there is none unless both a policy and a place for it are
    named. What the policy records stands in a file that the API does not show.
    """
    return asked(cluster, inventory, _API_SERVER, _audit)


def _audit(flags: Flags) -> str | Unknown | None:
    if not flags.get("audit-policy-file"):
        return "has no audit policy, so it records nothing"
    if not flags.get("audit-log-path") and not flags.get("audit-webhook-config-file"):
        return "has an audit policy and no place to write to"
    return None


@check(
    on="kubernetes.cluster",
    severity="low",
    version=1,
    needs=("gitVersion",),
    looks_up=LOOKS_UP,
    fix="Set --audit-log-maxage, --audit-log-maxbackup and --audit-log-maxsize, or send the log away by a webhook.",
)
def k8s_apiserver_audit_retention(
    cluster: Resource, *, inventory: Inventory, min_days: int = 30, min_backups: int = 10, min_size: int = 100
) -> Answer:
    """Audit logs are kept for as long as the logging rule says.

    Files are thrown away by whichever limit is reached first; a flag that is not set limits nothing. A log that goes to a
    webhook, or to the container's own output, is kept elsewhere.

    `min_days`: days that a file is kept
    `min_backups`: files that are kept
    `min_size`: megabytes at which a new file begins
    """

    def kept(flags: Flags) -> str | Unknown | None:
        if not flags.get("audit-log-path"):
            return None if flags.get("audit-webhook-config-file") else "writes no audit log"
        if flags.get("audit-log-path") == "-":
            return None
        wanted = {"audit-log-maxage": min_days, "audit-log-maxbackup": min_backups, "audit-log-maxsize": min_size}
        short = [f"--{name}={flags.get(name)}" for name, least in wanted.items() if 0 < _number(flags, name) < least]
        if not short:
            return None
        return f"limits its audit log by {', '.join(short)}; wanted are {min_days} days, {min_backups} files, {min_size} MB"

    return asked(cluster, inventory, _API_SERVER, kept)


def _number(flags: Flags, name: str) -> int:
    """A flag that is a number, 0 where nobody sets it. Raises `DoubtError`."""
    text = flags.get(name, "0")
    if not text.isdecimal():
        raise DoubtError(f"sets --{name} to {text}, which is no number")
    return int(text)


@check(
    on="kubernetes.cluster",
    severity="critical",
    version=1,
    needs=("gitVersion",),
    looks_up=LOOKS_UP,
    fix="Start the API server with --authorization-mode=Node,RBAC.",
)
def k8s_apiserver_authz_modes(cluster: Resource, *, inventory: Inventory) -> Answer:
    """The API server decides by RBAC and never allows everything.

    Without the flag it allows everyone everything. The mode Node keeps each kubelet to what its own pods need.
    """
    return asked(cluster, inventory, _API_SERVER, _modes)


def _modes(flags: Flags) -> str | Unknown | None:
    if file := flags.get("authorization-config"):
        return Unknown(f"says in {file} how it decides, which the API does not show")
    modes = [mode for mode in flags.get("authorization-mode", "AlwaysAllow").split(",") if mode]
    if "AlwaysAllow" in modes or not modes:
        return "allows everyone everything (AlwaysAllow)"
    missing = [mode for mode in ("Node", "RBAC") if mode not in modes]
    return f"decides without {' and '.join(missing)} ({','.join(modes)})" if missing else None


@check(
    on="kubernetes.cluster",
    severity="medium",
    version=1,
    needs=("gitVersion",),
    looks_up=LOOKS_UP,
    fix="Connect the API server to the identity provider (--oidc-issuer-url, --authentication-config or a token webhook), and "
    "remove --token-auth-file.",
)
def k8s_apiserver_oidc_or_webhook(cluster: Resource, *, inventory: Inventory) -> Answer:
    """People sign in through the identity provider, not with tokens from a file.

    A static token never expires and is changed only by a restart; a client certificate cannot be withdrawn. Who still uses
    a certificate is not visible here.
    """
    return asked(cluster, inventory, _API_SERVER, _sign_in)


def _sign_in(flags: Flags) -> str | Unknown | None:
    static = [f"--{name}" for name in ("token-auth-file", "basic-auth-file") if flags.get(name)]
    if static:
        return f"takes static credentials from a file ({', '.join(static)})"
    if flags.get("oidc-issuer-url") or flags.get("authentication-token-webhook-config-file"):
        return None
    if file := flags.get("authentication-config"):
        return Unknown(f"says in {file} who signs people in, which the API does not show")
    return "knows no identity provider, so people use certificates or tokens of service accounts"


@check(
    on="kubernetes.cluster",
    severity="medium",
    version=1,
    needs=("gitVersion",),
    looks_up=LOOKS_UP,
    fix="Set --tls-min-version=VersionTLS12 or newer, and take suites with CBC, RC4, 3DES or plain RSA out of the list.",
)
def k8s_apiserver_tls_strong(cluster: Resource, *, inventory: Inventory) -> Answer:
    """The API server uses TLS 1.2 or newer with strong suites.

    Every credential of the cluster passes through this connection. Where no version is named, TLS 1.2 is the oldest; where no
    suites are, the default of the version holds: before 1.32 triple DES or plain RSA are in it. TLS 1.3 has strong ones only.
    """
    version = cluster.fact("gitVersion")
    return asked(cluster, inventory, _API_SERVER, lambda flags: _tls(flags, version))


def _tls(flags: Flags, version: str) -> str | Unknown | None:
    oldest, named = flags.get("tls-min-version"), flags.get("tls-cipher-suites")
    if oldest in ("VersionTLS10", "VersionTLS11"):
        return f"takes TLS older than 1.2 (--tls-min-version={oldest})"
    suites = [suite for suite in named.split(",") if any(weak in suite for weak in _WEAK_SUITES)]
    if suites:
        return f"takes weak suites: {', '.join(suites[:3])}"
    if named or oldest == "VersionTLS13":
        return None
    minor = minor_of(version)
    if minor is None:
        return Unknown(f"names no suites, and is of a version, {version}, whose default is not known")
    return f"names no suites, and those of its version, {version}, hold weak ones" if minor < _STRONG_BY_DEFAULT else None


@check(
    on="kubernetes.cluster",
    severity="critical",
    version=1,
    needs=("gitVersion",),
    looks_up=LOOKS_UP,
    fix="Start etcd with --client-cert-auth=true and --peer-client-cert-auth=true, certificates for both, and https URLs only.",
)
def k8s_etcd_mutual_tls(cluster: Resource, *, inventory: Inventory) -> Answer:
    """The cluster's store asks clients and peers for certificates.

    Whoever reaches etcd reads and writes everything past every rule of the API server. A store outside of the cluster is
    not visible here.
    """
    return asked(cluster, inventory, "etcd", _mutual)


def _mutual(flags: Flags) -> str | Unknown | None:
    for kind, prefix in (("clients", ""), ("peers", "peer-")):
        if not flags.is_on(f"{prefix}client-cert-auth", unset=False) or not flags.get(f"{prefix}trusted-ca-file"):
            return f"asks {kind} for no certificate"
        if flags.is_on(f"{prefix}auto-tls", unset=False) or not flags.get(f"{prefix}cert-file"):
            return f"has no certificate of its own for {kind}"
    urls = [url.strip() for name, unset in _LISTENS for url in flags.get(name, unset).split(",")]
    plain = [url for url in urls if url.casefold().startswith("http://")]
    return f"listens without TLS at {', '.join(plain)}" if plain else None
