"""Resource Graph: one pass over each table for all the types and subscriptions that a run asks for.

- A query names the types that it wants, the columns that sources read, and the order of ids.
- Subscriptions are named, in batches, so that no limit on how many a query looks at is met unseen.
- Resource Graph leaves out what the caller may not read. For each type and subscription that the caller's roles do not
  cover, the listing is unread, and says which action is missing; what came all the same is kept.
- What is inherited comes once, though each batch shows it; it belongs to the tenant.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from collectors.azure.permissions import QUERY
from collectors.azure.reader import Reader
from collectors.azure.shaping import believed
from collectors.source import Bulk, Facet, Item, Source, bulk, source
from evidence_store.records import Observation, Unread, Why

Row: TypeAlias = dict[str, Any]
Found: TypeAlias = tuple[str, str, Any]  # what an `Item` is made of; of half a million rows few may come to be one

WIDE = "id, name, type, location, tags, kind, sku, identity, zones, managedBy, properties"
NARROW = "id, name, type, properties"

_grants: dict[str, str] = {}  # kind -> what a role must hold to be shown it


def _as_they_come(_: Reader, rows: Iterator[Found]) -> Iterator[Found]:
    return rows


def _at_home(reader: Reader, rows: Iterator[Found]) -> Iterator[Found]:
    """Subscriptions, and whether those beside them are all read.

    Of one that another tenant lets us manage, what lies above it is not seen from here.
    """
    for kind, account, body in rows:
        if not isinstance(body, Unread) and (of := str(body.get("tenantId") or "").lower()) != reader.sight.tenant:
            above = f"the subscription is of the tenant {of or 'that is not told'}: what lies above it is not seen from here"
            yield kind, account, Unread(Why.UNSUPPORTED, "resourcegraph.resourcecontainers", above)
        else:
            yield kind, account, body if isinstance(body, Unread) else {**body, "besideRead": reader.sight.complete}


def table(
    name: str,
    columns: str,
    *,
    above: bool = False,
    gather: Callable[[Reader, Iterator[Found]], Iterator[Found]] = _as_they_come,
) -> Bulk:
    """One pass over a table. `above`: with what is laid down above subscriptions; `gather` may put rows together."""

    def read(reader: Reader, kinds: tuple[str, ...]) -> Iterator[Item]:
        return (Item(*found) for found in gather(reader, _pass(reader, name, columns, kinds, above=above)))

    return bulk(f"resourcegraph.{name}")(read)


def _pass(reader: Reader, table: str, columns: str, kinds: tuple[str, ...], *, above: bool) -> Iterator[Found]:
    yield from _hidden(reader, kinds, above=above)
    types = ", ".join(f"'{kind}'" for kind in kinds)
    query = f"{table} | where type in~ ({types}) | project {columns} | order by id asc"
    inherited, own = set[str](), reader.account
    for subscriptions, reach in _questions(reader, above=above):
        for row in reader.asking.rows(table, query, {"subscriptions": subscriptions}, reach):
            kind, id_ = str(row["type"]).lower(), row["id"]
            if not isinstance(id_, str):
                yield kind, "", Unread(Why.UNEXPECTED, f"resourcegraph.{table}", "a row of no resource")
                continue
            account = account_of(id_) or own
            if account == own:
                if id_ in inherited:
                    continue
                inherited.add(id_)
            yield kind, account, row


def _hidden(reader: Reader, kinds: Iterable[str], *, above: bool) -> Iterator[Found]:
    """What would be left out of the rows without a word. Of the tenant only where the table holds what lies there."""
    sight = reader.sight
    for kind in kinds:
        if above and sight.lost is not None:
            yield kind, reader.account, sight.lost
        for account in (*((reader.account,) if above else ()), *sight.readable()):
            if (lacking := sight.lacking(account, f"{kind}/read")) is not None:
                yield kind, account, Unread(Why.DENIED, _grants[kind], lacking)


def _questions(reader: Reader, *, above: bool) -> Iterator[tuple[Sequence[str], str]]:
    """Subscriptions, in batches, and how far a query reaches from them.

    What is laid down above is looked up from the subscriptions of the whole tenant: another target may read the others, and
    what lies above them all is read once, by whichever target comes first.
    """
    many = reader.sight.at_once
    for start in range(0, len(of_target := reader.sight.readable()), many):
        yield of_target[start : start + many], "AtScopeAboveAndBelow" if above else ""
    for start in range(0, len(others := reader.sight.beside) if above else 0, many):
        yield others[start : start + many], "AtScopeAndAbove"


def account_of(id_: str) -> str:
    """The subscription that an id lies in, with or without its first `/`; empty for what lies above them."""
    parts = id_.split("/", 3)
    if parts[0]:
        parts.insert(0, "")
    return parts[2].lower() if len(parts) > 2 and parts[1].lower() == "subscriptions" else ""


APP_SERVICE = table("appserviceresources", NARROW)
AUTHORIZATION = table("authorizationresources", NARROW, above=True)
CONTAINERS = table("resourcecontainers", "id, name, type, tenantId, properties", gather=_at_home)
POLICY = table("policyresources", "id, name, type, location, identity, properties", above=True)
RECOVERY = table("recoveryservicesresources", NARROW)
RESOURCES = table("resources", WIDE)
SECURITY = table("securityresources", NARROW)


def of_type(
    type_: str, *yields: Facet, table: Bulk = RESOURCES, grant: str | None = None
) -> Callable[[Callable[[Row], Iterator[Observation]]], Source]:
    """Declare the source of one resource type, as Resource Manager spells it, by what shapes one of its rows.

    The graph shows a row to whoever holds the `read` of its type; `grant` is what a role must hold where it cannot name that.
    A row of a shape that nobody knows makes its resource unread, and no other.
    """
    _grants[type_.lower()] = needed = grant or f"{type_}/read"

    def declare(shape: Callable[[Row], Iterator[Observation]]) -> Source:
        def read(_: Reader, row: Row) -> Iterator[Observation]:
            return believed(yields[0], f"{type_}/read", row, shape) if yields[0].lists else shape(row)

        return source(
            f"{table.name} {type_}",
            level="account",
            yields=yields,
            bulk=table,
            takes=(type_.lower(),),
            permissions=(QUERY, needed),
        )(functools.wraps(shape)(read))

    return declare
