"""What a secret looks like: by the name of the field that holds it, or by its own shape.

Precision matters as much as recall: ARNs, ids, digests, public keys, certificates and fingerprints are evidence and
must stay. So a name counts by its last words (`SecretArn` names no secret), and a shape only where its issuer made it
recognisable.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from evidence_store.records import Json

# What a secret's field is called, as its last words. Plurals are left out on purpose: `HttpTokens` holds "required".
_NAMES = frozenset(
    {
        "password", "passwd", "passphrase", "pwd", "secret", "token", "private key", "secret key", "secret access key",
        "api key", "apikey", "account key", "shared key", "auth key", "connection string", "client secret", "secret text",
        "secret value", "secret string", "privatekey", "secretkey", "connectionstring", "accountkey",
        "psk", "storage key", "shared access key", "master password", "sas token",
    }
)  # fmt: skip
_LONGEST_NAME = max(name.count(" ") + 1 for name in _NAMES)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_ASSIGNED = r"(?:pass(?:word|wd|phrase)|pwd|secret|token|api_?-?key|access_?key|account_?key|private_?key)"
# A value that is itself a reference ($VAR, ${VAR}, {{...}}, <...>, %VAR%, a mask) gives nothing away.
_LITERAL = r"(?![$<%*{\[(]|arn:|true\b|false\b|null\b|none\b)[^\s\"'\\&;,|<>]{4,}"

_PEM = r"-----{} (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"

# (kind, what must occur in the lower-cased canonical text before the pattern is tried, the pattern)
SHAPES: tuple[tuple[str, tuple[bytes, ...], re.Pattern[str]], ...] = tuple(
    (kind, markers, re.compile(pattern))
    for kind, markers, pattern in (
        (
            "private_key",
            (b"private key",),
            rf"{_PEM.format('BEGIN')}[\s\S]*?(?:{_PEM.format('END')}|\Z)",
        ),
        ("aws_access_key_id", (b"akia", b"asia"), r"(?<![A-Za-z0-9/+])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9/+])"),
        ("jwt", (b"eyj",), r"(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"),
        ("github_token", (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_"), r"(?<!\w)gh[pousr]_[A-Za-z0-9]{36,}"),
        ("github_token", (b"github_pat_",), r"(?<!\w)github_pat_\w{22,}"),
        ("gitlab_token", (b"glpat-",), r"(?<!\w)glpat-[\w-]{20,}"),
        ("slack_token", (b"xox",), r"(?<!\w)xox[abeoprs]-[A-Za-z0-9-]{10,}"),
        ("slack_webhook", (b"hooks.slack.com",), r"hooks\.slack\.com/services/T\w+/B\w+/\w{16,}"),
        ("stripe_key", (b"k_live_", b"k_test_"), r"(?<!\w)[sr]k_(?:live|test)_[A-Za-z0-9]{16,}"),
        ("google_api_key", (b"aiza",), r"(?<![\w-])AIza[\w-]{35}(?![\w-])"),
        ("google_token", (b"ya29.",), r"(?<!\w)ya29\.[\w-]{20,}"),
        ("google_client_secret", (b"gocspx-",), r"(?<!\w)GOCSPX-[\w-]{20,}"),
        ("azure_key", (b"accountkey=", b"accesskey="), r"(?i)(?:Account|SharedAccess)Key=[A-Za-z0-9+/]{20,}={0,2}"),
        ("azure_sas", (b"sig=",), r"(?i)[?&;]sig=[A-Za-z0-9%+/]{20,}"),
        ("url_password", (b"://",), r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@\"'?#]*:(?![$<%*{])[^\s/@\"']+@"),
        (
            "assignment",
            (b"pass", b"pwd", b"secret", b"token", b"key"),
            rf"(?i){_ASSIGNED}[\"']?(?:\s*=\s*|\s*:\s+|[\"']:\s*|:\s*[\"'])[\"']?{_LITERAL}",
        ),
        ("assignment", (b"--pass", b"--token", b"--secret", b"--api"), rf"(?i)--{_ASSIGNED}[ =][\"']?{_LITERAL}"),
    )
)
# An AWS secret key has no shape of its own (a Git commit id has as many characters); next to a key id it is one.
AWS_SECRET_KEY = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_HEX = re.compile(r"[0-9a-f]{40}")

# Two passes over a whole state tell whether it is worth walking. They must miss nothing that the walk would find, and cost
# little where there is nothing: most states. One looks at names; the other at the canonical text, in which outside of
# texts there is neither an equals sign nor a space, backslash or single quote.
_PLAIN = (b"PRIVATE KEY", b"eyJ", b"xox", b"hooks.slack.com", b"ya29.", b"GOCSPX-")
_PREFIXED = (
    re.compile(rb"A(?:KIA|SIA|Iza)"),
    re.compile(rb"g(?:h[pousr]_|ithub_pat_|lpat-)"),
    re.compile(rb"k_(?:live|test)_"),
    re.compile(rb"--(?i:pass|pwd|secret|token|api|access|account|private)"),
    re.compile(rb"://[^/\"\\]*:[^/\"\\]*@"),
)
_ASSIGNMENT = re.compile(rb"=|: |:'|:\\\"|\\\":")
_ASSIGNED_WORDS = (b"password", b"passwd", b"passphrase", b"pwd", b"secret", b"token", b"key", b"sig")
_NAMES_SEEN = 50_000
_named: dict[str, bool] = {}  # what `names_secret` answered; an estate has few names


def may_name(value: Json) -> bool:
    """Whether a field, or a name that stands beside a value, is that of a secret."""
    if type(value) is dict:
        for field, inner in value.items():
            named = _named.get(field)
            if named or (named is None and _remember(field)):
                return True
            kind = type(inner)
            if (kind is dict or kind is list) and may_name(inner):
                return True
        return ("Value" in value or "value" in value) and names_secret(name_beside(value))
    if isinstance(value, list | tuple):
        return any(may_name(inner) for inner in value if type(inner) is not str)
    return isinstance(value, Mapping) and may_name(dict(value))


def name_beside(pair: Mapping[str, Json]) -> str:
    """The name in a pair of name and value: `{"Name": "DB_PASSWORD", "Value": ...}`; empty where it is no such pair."""
    for key in ("name", "Name", "key", "Key"):
        name = pair.get(key)
        if isinstance(name, str):
            return name
    return ""


def _remember(field: str) -> bool:
    if len(_named) >= _NAMES_SEEN:
        _named.clear()
    found = _named[field] = names_secret(field)
    return found


def may_hold(text: bytes) -> bool:
    """Whether a canonical text may hold something of a secret's shape."""
    for marker in _PLAIN:
        if marker in text:
            return True
    for pattern in _PREFIXED:
        if pattern.search(text):
            return True
    if b"=" not in text and b" " not in text and b"'" not in text and b"\\" not in text:
        return False
    lowered = text.lower()
    for found in _ASSIGNMENT.finditer(lowered):
        at = found.start()
        if lowered[max(0, at - 16) : at].rstrip(b" \t\"'\\").endswith(_ASSIGNED_WORDS):
            return True
    return False


_REFERENCE = re.compile(
    r"arn:|\$\{|\$\(|\{\{|secretref:|(?:secretKey|configMapKey|field|fileKey|resourceField)Ref [\w./-]*\Z|"
    r"@Microsoft\.KeyVault\(|projects/[^/]+/secrets/|https://[^/]+\.vault\.azure\.net/",
    re.IGNORECASE,
)


@lru_cache(maxsize=8192)
def names_secret(field: str) -> bool:
    """Whether a field of this name holds a secret: `MasterUserPassword`, `client_secret`; not `SecretArn`, `TokenTtl`."""
    if len(field) > 128:
        return False
    words = [word.lower() for word in _WORDS.findall(field)]
    return any(" ".join(words[-count:]) in _NAMES for count in range(1, min(_LONGEST_NAME, len(words)) + 1))


def is_reference(text: str) -> bool:
    """Whether a text says where a secret is kept instead of being one."""
    return _REFERENCE.match(text) is not None


def shape_of(text: str) -> str | None:
    """The kind of secret that a text is or holds; `None` where nothing is recognised."""
    lowered = text.lower().encode("utf-8", "surrogatepass")
    for kind, markers, pattern in SHAPES:
        if any(marker in lowered for marker in markers) and pattern.search(text):
            if kind == "aws_access_key_id" and holds_aws_secret(text):
                return "aws_secret_key"
            return kind
    return None


def holds_aws_secret(text: str) -> bool:
    return any(not _HEX.fullmatch(found.group()) for found in AWS_SECRET_KEY.finditer(text))
