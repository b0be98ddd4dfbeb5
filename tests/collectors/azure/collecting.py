"""Collect named sources from a tenant: the real collection, with no check to ask for them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from collectors.azure.reader import Reader
from collectors.azure.session import AzureConnection
from collectors.source import Connection, sources
from evidence_store.records import Snapshot
from pipeline.collect import Collector
from tests.collectors.azure.cloud import PROD
from tests.harness import Looked, _Kept

MACHINES = "resourcegraph.resources Microsoft.Compute/virtualMachines"
GROUPS = "resourcegraph.resources Microsoft.Network/networkSecurityGroups"
STORES = "resourcegraph.resources Microsoft.Storage/storageAccounts"
DIAGNOSTICS = "arm.Microsoft.Insights/diagnosticSettings"
ASSIGNMENTS = "resourcegraph.authorizationresources Microsoft.Authorization/roleAssignments"


def collect(connection: Connection, *names: str) -> Looked:
    """What these sources gave; without names, every source of the provider."""
    chosen = [s for s in sources("azure") if not names or s.name in names]
    assert len(chosen) == len(names) or not names, names
    with ThreadPoolExecutor(8) as executor:
        collector: Collector[_Kept] = Collector(executor, lambda: datetime.now(UTC), lambda scope, _: _Kept(scope))
        collection = collector.collect("test", connection, chosen)
    return Looked((collection,), (), tuple(chosen))


def snapshots(connection: Connection, name: str) -> dict[str, Snapshot]:
    """What one source gave, by account."""
    return {snapshot.scope.account: snapshot for snapshot in collect(connection, name).snapshots[name]}


def reason(connection: Connection, name: str, account: str) -> str:
    """Why a source could not be read to its end in an account; empty where it was."""
    why = snapshots(connection, name)[account].reason
    return str(why) if why is not None else ""


def reader(connection: AzureConnection, name: str = DIAGNOSTICS, account: str = PROD) -> Reader:
    """What the source asks through in an account."""
    place = next(p for p in connection.places() if p.scope.account == account)
    return connection.reader(place, next(s for s in sources("azure") if s.name == name))
