"""A tenant in memory that answers as Resource Manager and Resource Graph do, the hiding of rows included."""

import base64
import copy
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

from tests.collectors.azure.defaults import AT_SUBSCRIPTION, BESIDE, PROPERTIES, SETTINGS, TABLES, UNTABLED

if TYPE_CHECKING:
    from collectors.azure.session import AzureConnection

TENANT = "11111111-1111-4111-8111-111111111111"
PROD = "aaaaaaaa-0000-4000-8000-000000000001"
TEST = "bbbbbbbb-0000-4000-8000-000000000002"
GROUP = "annexa"
CLIENT = "cccccccc-0000-4000-8000-000000000003"
SECRET = "a-client-secret-of-the-tests"
CALLER = "dddddddd-0000-4000-8000-000000000004"

_QUERY = re.compile(
    r"(?P<table>\w+) \| where type (?:in~ \((?P<many>[^)]*)\)|=~ '(?P<one>[^']*)')"
    r" \| project (?P<columns>[\w, ]+) \| order by id asc"
)
GONE = object()  # as a property: leave the default's out


@dataclass(frozen=True, slots=True)
class Call:
    """One request that came in."""

    at: float  # monotonic seconds
    name: str  # resourcegraph.<table>, arm.<type>, token
    path: str
    body: Any
    status: int


@dataclass(slots=True)
class Fault:
    """What goes wrong with a call, and how often."""

    call: str
    how: str
    times: int
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Answer:
    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


def error(status: int, code: str, message: str = "") -> Answer:
    return Answer(status, {"error": {"code": code, "message": message or code}})


def type_of(id_: str) -> str:
    """The resource type of an id, as the id spells it."""
    before, found, after = id_.rpartition("/providers/")
    if not found:
        parts = before.strip("/").split("/") if before else id_.strip("/").split("/")
        return "Microsoft.Resources/" + "/".join(parts[0::2])
    parts = after.split("/")
    return "/".join([parts[0], *parts[1::2]])


class Cloud:
    """One tenant, two subscriptions below one management group, and a caller who reads everything unless told otherwise."""

    def __init__(self) -> None:
        self.endpoint = ""
        self.reset()

    def reset(self) -> None:
        self.page = 2
        self.latency = 0.0
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.resources: dict[str, dict[str, Any]] = {}
        self.states = {PROD: "Enabled", TEST: "Enabled"}
        self.grants: dict[str, list[dict[str, list[str]]]] = {}
        self.below: dict[str, set[str]] = {}  # management group -> its subscriptions; all of them where none are named
        self.unseen: set[str] = set()  # subscriptions where the caller has no role at all
        self.expired = False
        self._last: tuple[str, list[dict[str, Any]]] | None = None
        self.tenant_token = TENANT
        for account in (PROD, TEST, TENANT):
            self.grants[account] = [{"actions": ["*/read"], "notActions": []}]
        for subscription in (PROD, TEST):
            chain = [{"name": GROUP, "displayName": "Annexa"}, {"name": TENANT, "displayName": "Tenant Root Group"}]
            self.add(f"/subscriptions/{subscription}", properties={"managementGroupAncestorsChain": chain})

    # -- what a test says ------------------------------------------------------------------------------------------------

    def add(
        self,
        what: str,
        name: str = "",
        *,
        subscription: str = PROD,
        scope: str | None = None,
        properties: Mapping[str, Any] | None = None,
        **beside: Any,
    ) -> str:
        """Add a resource by id, or by type and name (`server/database` for a child), and give its id.

        Properties are laid over those of a new resource of the type; `GONE` takes one away. `scope` is where a role or a
        policy is assigned: an id, `/` for the root.
        """
        id_ = what if what.startswith("/") else self._id(what, name, subscription, scope)
        type_ = type_of(id_)
        key = type_.lower()
        laid = {**copy.deepcopy(PROPERTIES.get(key, {})), **(properties or {})}
        if scope is not None and key in AT_SUBSCRIPTION:
            laid.setdefault("scope", scope)
        elif key in AT_SUBSCRIPTION and "authorization" in key:
            laid.setdefault("scope", f"/subscriptions/{subscription}")
        if key.endswith("/roledefinitions"):
            laid.setdefault("assignableScopes", [f"/subscriptions/{subscription}"])
            laid.setdefault("roleName", name)
        self.resources[id_.lower()] = {
            "id": id_,
            "name": id_.rsplit("/", 1)[-1],
            "type": key,
            "location": "westeurope",
            "tags": {},
            **copy.deepcopy(BESIDE.get(key, {})),
            **beside,
            "properties": {k: v for k, v in laid.items() if v is not GONE},
        }
        return id_

    def _id(self, type_: str, name: str, subscription: str, scope: str | None) -> str:
        namespace, *types = type_.split("/")
        names = name.split("/")
        below = "/".join(f"{t}/{n}" for t, n in zip(types, names, strict=True))
        if type_.lower() == "microsoft.authorization/roledefinitions":
            return f"/providers/{namespace}/{below}"
        if scope is not None or type_.lower() in AT_SUBSCRIPTION:
            above = "" if scope == "/" else scope or f"/subscriptions/{subscription}"
            return f"{above}/providers/{namespace}/{below}"
        return f"/subscriptions/{subscription}/resourceGroups/main/providers/{namespace}/{below}"

    def assign(
        self, role: str, principal: str, *, scope: str | None = None, subscription: str = PROD, kind: str = "User", **more: Any
    ) -> str:
        """A role assignment: the role's id (its GUID), who holds it, and where (default: the subscription)."""
        number = sum("/roleassignments/" in id_ for id_ in self.resources) + 1
        return self.add(
            "Microsoft.Authorization/roleAssignments",
            f"eeeeeeee-0000-4000-8000-{number:012d}",
            subscription=subscription,
            scope=scope,
            properties={
                "roleDefinitionId": f"/providers/Microsoft.Authorization/RoleDefinitions/{role}",
                "principalId": principal,
                "principalType": kind,
                **more,
            },
        )

    def assess(self, machine: str, *patches: Mapping[str, Any], **properties: Any) -> None:
        """A patch assessment of a machine (its id), with what it found."""
        latest = f"{machine}/patchAssessmentResults/latest"
        self.add(latest, properties=properties)
        for number, patch in enumerate(patches, 1):
            self.add(f"{latest}/softwarePatches/{number}", properties=patch)

    def grant(self, actions: list[str], not_actions: list[str] | None = None, *, account: str | None = None) -> None:
        """All that the caller may do from now on, in one place or in each."""
        for each in self.grants if account is None else (account,):
            self.grants[each] = [{"actions": list(actions), "notActions": list(not_actions or ())}]

    def deny(self, action: str, *, account: str | None = None) -> None:
        """Take one action away, in one place or in each."""
        for each in self.grants if account is None else (account,):
            for held in self.grants[each]:
                held["notActions"].append(action)

    def deny_all(self) -> None:
        """No role anywhere: the subscriptions are not even listed."""
        self.unseen |= {PROD, TEST}
        for each in self.grants:
            self.grants[each] = []

    def throttle(self, call: str, times: int = 1, retry_after: float | None = None) -> None:
        """Refuse a call as too many. `retry_after` is told in the header that carries milliseconds unless whole seconds."""
        headers = {}
        if retry_after is not None:
            whole = float(retry_after).is_integer()
            headers = {"Retry-After": str(int(retry_after))} if whole else {"x-ms-retry-after-ms": str(int(retry_after * 1000))}
        self.faults.append(Fault(call, "refuse", times, 429, headers))

    def garble(self, call: str, how: str = "html", times: int = 1000) -> None:
        """Spoil a call's answers: html, truncated, empty, array, no_list, no_link, endless, short, cut, too_large, offsite."""
        self.faults.append(Fault(call, how, times))

    def tell(self, call: str, headers: Mapping[str, str], times: int = 1000) -> None:
        """Send headers along with a call's answers."""
        self.faults.append(Fault(call, "tell", times, headers=dict(headers)))

    def fail(self, call: str, status: int, code: str = "", times: int = 1000) -> None:
        """Refuse a call with a status and a code."""
        self.faults.append(Fault(call, f"code:{code}", times, status))

    def asked(self, name: str) -> list[Call]:
        """The requests of one call, in order."""
        return [call for call in self.calls if call.name.lower() == name.lower()]

    def connect(self, *, pace: Any = None, at_once: int = 1000, **settings: Any) -> "AzureConnection":
        """A connection to the tenant, as a target of these settings would make it, in more of a hurry than usual."""
        from collectors.azure import AzureTarget
        from collectors.azure.gate import Pace
        from collectors.azure.session import AzureConnection

        target = AzureTarget(**{"name": "test", "endpoint": self.endpoint, **settings})
        return AzureConnection(target, pace or Pace(attempts=3, seconds=20, first=0.01), at_once)

    # -- what the service answers ------------------------------------------------------------------------------------------

    def answer(self, method: str, target: str, body: Any) -> Answer:
        """One request. Counted and remembered."""
        parts = urlsplit(target)
        graph = parts.path.lower() == "/providers/microsoft.resourcegraph/resources"
        name = f"resourcegraph.{str((body or {}).get('query', '')).split(' ')[0]}" if graph else f"arm.{_call(parts.path)}"
        if self.latency:
            time.sleep(self.latency)
        at = time.monotonic()
        fault = self._fault(name)
        if self.expired:
            answer = error(401, "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than now.")
        elif fault is not None and fault.how == "refuse":
            answer = error(fault.status, "RateLimiting", "Too many requests.")
        elif fault is not None and fault.how.startswith("code:"):
            answer = error(fault.status, fault.how[5:] or str(fault.status))
        elif "api-version" not in parse_qs(parts.query):
            answer = error(400, "MissingApiVersionParameter")
        elif graph and method == "POST":
            answer = self._graph(body, fault.how if fault else "")
        elif method == "GET":
            answer = self._get(parts.path.rstrip("/"), parse_qs(parts.query), parts.query)
        else:
            answer = error(405, "MethodNotAllowed")
        if fault is not None:
            answer.headers |= fault.headers
            _spoil(answer, fault.how, f"{self.endpoint}{target}")
        self.calls.append(Call(at, name, target, body, answer.status))
        return answer

    def _fault(self, name: str) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and fnmatchcase(name.lower(), fault.call.lower()):
                fault.times -= 1
                return fault
        return None

    def _allows(self, account: str, action: str) -> bool:
        """One grant at a time: what one takes away, another may still give."""
        return any(
            any(_matches(p, action) for p in held["actions"]) and not any(_matches(p, action) for p in held["notActions"])
            for held in self.grants.get(account, ())
        )

    def _graph(self, body: Any, spoilt: str) -> Answer:
        asked = _QUERY.fullmatch(body.get("query", ""))
        if asked is None:
            return error(400, "BadRequest", "Please provide below info when asking for support: InvalidQuery.")
        options = body.get("options") or {}
        top = int(options.get("$top", 100))
        if spoilt == "too_large" and top > 100:
            return error(400, "ResponsePayloadTooLarge", "Response payload size is over the limit of 16777216.")
        kinds = {kind.strip(" '").lower() for kind in (asked["many"] or asked["one"]).split(",")}
        size = min(self.page, top)
        start = int(base64.b64decode(options["$skipToken"])) if options.get("$skipToken") else 0
        if start and self._last is not None and self._last[0] == body["query"]:
            rows = self._last[1]  # a page of what was asked last: a large crowd is sorted once
        else:
            rows = self._shown(asked["table"].lower(), kinds, body, options)
        self._last = (body["query"], rows)
        part = [self._row(row, asked["columns"]) for row in rows[start : start + size]]
        more = start + size < len(rows)
        answer: dict[str, Any] = {
            "totalRecords": len(rows),
            "count": len(part),
            "data": part,
            "facets": [],
            "resultTruncated": "true" if more else "false",
        }
        if more:
            answer["$skipToken"] = base64.b64encode(str(start + size).encode()).decode()
        return Answer(200, answer, {"x-ms-user-quota-remaining": "14", "x-ms-user-quota-resets-after": "00:00:05"})

    def _shown(self, table: str, kinds: set[str], body: Any, options: Any) -> list[dict[str, Any]]:
        """The rows of a table that the scope of the query holds and the caller may see, in the order of ids."""
        within = {s.lower() for s in body.get("subscriptions") or ()}
        if body.get("managementGroups"):
            within = set(self.states)
        above = options.get("authorizationScopeFilter") in {"AtScopeAboveAndBelow", "AtScopeAndAbove"}
        found = []
        for key in sorted(self.resources):
            row = self.resources[key]
            if row["type"] not in kinds or row["type"] in UNTABLED or TABLES.get(row["type"], "resources") != table:
                continue
            account = _account(key)
            if account and within and account not in within:
                continue
            if account:
                seen = account not in self.unseen and self._allows(account, f"{row['type']}/read")
            else:
                inherits = above or row["type"].endswith("/roledefinitions")
                heirs = self.below.get(key.partition("/providers/microsoft.authorization/")[0], set(self.states)) & within
                seen = inherits and any(self._allows(heir, f"{row['type']}/read") for heir in heirs)
            if seen:
                found.append(row)
        return found

    def _row(self, row: dict[str, Any], columns: str) -> dict[str, Any]:
        account = _account(row["id"] or "")
        known = {**row, "subscriptionId": account, "tenantId": TENANT}
        if row["type"] == "microsoft.resources/subscriptions":
            known["properties"] = {"state": self.states[account], **row["properties"]}
        return {column: known.get(column) for column in columns.split(", ")}

    def _get(self, path: str, query: Mapping[str, list[str]], text: str) -> Answer:
        lowered = path.lower()
        account = _account(lowered) or TENANT
        if lowered == "/subscriptions":
            return self._list(path, query, [self._subscription(s) for s in sorted(self.states) if s not in self.unseen])
        if lowered == "/tenants":
            tenant = {"id": f"/tenants/{TENANT}", "tenantId": TENANT, "displayName": "Annexa", "countryCode": "DE"}
            return self._list(path, query, [tenant])
        if account != TENANT and (account not in self.states or account in self.unseen):
            return error(404, "SubscriptionNotFound", f"The subscription '{account}' could not be found.")
        if lowered == f"/subscriptions/{account}":
            told = Answer(200, self._subscription(account))
            return self._may(account, "Microsoft.Resources/subscriptions/read", lowered) or told
        if lowered.endswith("/providers/microsoft.authorization/permissions"):
            return self._list(path, query, self.grants.get(account, []))
        if lowered == f"/subscriptions/{account}/resources":
            shown = [
                {k: v for k, v in r.items() if k != "properties"}
                for key, r in sorted(self.resources.items())
                if _account(key) == account
                and TABLES.get(r["type"], "resources") == "resources"
                and r["type"] not in UNTABLED
                and self._allows(account, f"{r['type']}/read")
            ]
            return self._list(path, query, shown)
        return self._may(account, f"{_call(path)}/read", lowered) or self._resource(path, query)

    def _may(self, account: str, action: str, scope: str) -> Answer | None:
        if self._allows(account, action):
            return None
        message = (
            f"The client '{CALLER}' with object id '{CALLER}' does not have authorization to perform action '{action}'"
            f" over scope '{scope}' or the scope is invalid."
        )
        return error(403, "AuthorizationFailed", message)

    def _resource(self, path: str, query: Mapping[str, list[str]]) -> Answer:
        """One resource, one setting that is always there, or a list of children."""
        lowered = path.lower()
        if lowered in self.resources:
            return Answer(200, self.resources[lowered])
        parent, _, last = lowered.rpartition("/")
        type_ = _call(lowered).lower()
        grandparent = parent.rpartition("/")[0]
        if type_ in SETTINGS and SETTINGS[type_][0] == last:
            if grandparent not in self.resources:
                return error(404, "ResourceNotFound", f"The Resource '{path}' was not found.")
            return Answer(200, {"id": path, "name": last, "type": type_, "properties": SETTINGS[type_][1]})
        listed = [r for key, r in sorted(self.resources.items()) if key.rpartition("/")[0] == lowered]
        if not listed and parent not in self.resources and "/providers/microsoft.insights/" not in lowered:
            return error(404, "ParentResourceNotFound", "Can not perform requested operation on nested resource.")
        return self._list(path, query, listed)

    def _list(self, path: str, query: Mapping[str, list[str]], items: list[Any]) -> Answer:
        start = int(query.get("$skiptoken", ["0"])[0])
        answer: dict[str, Any] = {"value": items[start : start + self.page]}
        if start + self.page < len(items):
            version = quote(query["api-version"][0])
            answer["nextLink"] = f"{self.endpoint}{path}?api-version={version}&$skiptoken={start + self.page}"
        return Answer(200, answer)

    def _subscription(self, subscription: str) -> dict[str, Any]:
        row = self.resources[f"/subscriptions/{subscription}"]
        return {
            "id": f"/subscriptions/{subscription}",
            "subscriptionId": subscription,
            "displayName": {PROD: "prod", TEST: "test"}.get(subscription, subscription),
            "state": self.states[subscription],
            "tenantId": TENANT,
            "tags": row.get("tags") or None,
            "subscriptionPolicies": {"quotaId": "EnterpriseAgreement_2014-09-01", "spendingLimit": "Off"},
            "managedByTenants": [],
        }


def _call(path: str) -> str:
    """The type that a path names, whether it ends in a name or in a type."""
    return type_of(path)


def _account(id_: str) -> str:
    parts = id_.lower().split("/")
    return parts[2] if len(parts) > 2 and parts[1] == "subscriptions" else ""


def _matches(pattern: str, action: str) -> bool:
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.lower().split("*")), action.lower()) is not None


def _spoil(answer: Answer, how: str, here: str) -> None:
    """Turn a good answer into one that no client should believe."""
    if answer.status != 200:
        return
    whole = json.dumps(answer.body).encode()
    raw = {"html": b"<html><body>Proxy sign-in</body></html>", "truncated": whole[: len(whole) // 2], "empty": b""}
    answer.raw = raw.get(how)
    if how == "array":
        answer.body = [answer.body]
    elif how in {"no_list", "no_link", "cut"}:
        for name in ("value", "data") if how == "no_list" else ("$skipToken", "nextLink"):
            answer.body.pop(name, None)
    changes: dict[str, dict[str, Any]] = {
        "endless": {"$skipToken": "MA==", "resultTruncated": "true", "nextLink": here},
        "short": {"totalRecords": answer.body.get("totalRecords", 0) + 5} if how == "short" else {},
        "cut": {"resultTruncated": "true"},
        "offsite": {"nextLink": "https://elsewhere.invalid/subscriptions?api-version=2022-12-01"},
        "rows": {"data": ["a row that is a text"]},
    }
    if how in changes:
        answer.body.update(changes[how])
