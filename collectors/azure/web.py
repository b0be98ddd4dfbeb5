"""Web apps and functions. What an app is set to, its keys and its connection strings are never asked for."""

from collections.abc import Iterator

from collectors.azure.graph import APP_SERVICE, Row, of_type
from collectors.azure.shaping import believed, lowered, observed, uid_of
from collectors.source import Facet
from evidence_store.records import Observation

SITE = Facet(
    "azure.web.site",
    facts=("name", "location", "tags", "kind"),
    optional=(
        "clientCertEnabled",
        "clientCertMode",
        "defaultHostName",
        "enabled",
        "hostNameSslStates",
        "httpsOnly",
        "identity",
        "keyVaultReferenceIdentity",
        "publicNetworkAccess",
        "redundancyMode",
        "state",
        "virtualNetworkSubnetId",
        "vnetRouteAllEnabled",
    ),
    lists=True,
)
CONFIG = Facet(
    "azure.web.site",
    facts=("minTlsVersion",),
    optional=(
        "alwaysOn",
        "ftpsState",
        "http20Enabled",
        "ipSecurityRestrictionsDefaultAction",
        "javaVersion",
        "linuxFxVersion",
        "localMySqlEnabled",
        "minTlsCipherSuite",
        "netFrameworkVersion",
        "nodeVersion",
        "phpVersion",
        "powerShellVersion",
        "pythonVersion",
        "remoteDebuggingEnabled",
        "scmMinTlsVersion",
        "scmType",
        "webSocketsEnabled",
        "windowsFxVersion",
    ),
    name="site_config",
)

_SWITCHES = ("alwaysOn", "http20Enabled", "localMySqlEnabled", "remoteDebuggingEnabled", "webSocketsEnabled")
_VERSIONS = ("minTlsVersion", "scmMinTlsVersion")  # an odd one is told as it is, and hides nothing else of the app


@of_type("Microsoft.Web/sites", SITE)
def sites(row: Row) -> Iterator[Observation]:
    properties = row["properties"]
    names = [
        {"name": each["name"], "sslState": each.get("sslState"), "hostType": each.get("hostType")}
        for each in properties.get("hostNameSslStates") or ()
    ]
    yield from observed(SITE, row, hostNameSslStates=sorted(names, key=lambda each: str(each["name"])))


@of_type("Microsoft.Web/sites/config", CONFIG, table=APP_SERVICE)
def configurations(row: Row) -> Iterator[Observation]:
    """This table spells properties with a capital where Resource Manager does not."""
    site, _, name = uid_of(row).partition("/config/")
    if name == "web":
        yield from believed(CONFIG, "Microsoft.Web/sites/config/read", {**row, "id": site}, _configuration)


def _configuration(row: Row) -> Iterator[Observation]:
    facts = lowered(row["properties"], CONFIG.names)
    told = {name: value for name, value in facts.items() if value is not None and name not in _VERSIONS}
    if not all(isinstance(value, bool if name in _SWITCHES else str) for name, value in told.items()):
        raise TypeError("a setting that is none")
    yield Observation(CONFIG.type, row["id"], facts, CONFIG.name)
