"""What Resource Manager and Resource Graph answer about a tenant in memory: hidden rows, pages, refusals and spoilt answers."""

import base64
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from tests.collectors.azure.cloud import CALLER, PROD, TENANT, TEST, Call, Cloud, Fault, account_of, type_of
from tests.collectors.azure.defaults import SETTINGS, TABLES, UNTABLED

_QUERY = re.compile(
    r"(?P<table>\w+) \| where type (?:in~ \((?P<many>[^)]*)\)|=~ '(?P<one>[^']*)')"
    r" \| project (?P<columns>[\w, ]+) \| order by id asc"
)


@dataclass(slots=True)
class Answer:
    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


def error(status: int, code: str, message: str = "") -> Answer:
    return Answer(status, {"error": {"code": code, "message": message or code}})


class Service:
    """Answers for a tenant."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._last: tuple[str, list[dict[str, Any]]] | None = None

    def answer(self, method: str, target: str, body: Any) -> Answer:
        """One request. Counted and remembered."""
        parts = urlsplit(target)
        graph = parts.path.lower() == "/providers/microsoft.resourcegraph/resources"
        name = f"resourcegraph.{str((body or {}).get('query', '')).split(' ')[0]}" if graph else f"arm.{type_of(parts.path)}"
        resets = self._cloud.resets
        if self._cloud.latency:
            time.sleep(self._cloud.latency)
            if self._cloud.resets != resets:
                return error(503, "ServerBusy")  # whoever asked is gone, and so is the tenant that it asked
        at = time.monotonic()
        fault = self._fault(name)
        if self._cloud.expired:
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
            _spoil(answer, fault.how, f"{self._cloud.endpoint}{target}")
        self._cloud.calls.append(Call(at, name, target, body, answer.status))
        return answer

    def _fault(self, name: str) -> Fault | None:
        for fault in self._cloud.faults:
            if fault.times > 0 and fnmatchcase(name.lower(), fault.call.lower()):
                fault.times -= 1
                return fault
        return None

    def _allows(self, account: str, action: str) -> bool:
        """One grant at a time: what one takes away, another may still give."""
        return any(
            any(_matches(p, action) for p in held["actions"]) and not any(_matches(p, action) for p in held["notActions"])
            for held in self._cloud.grants.get(account, ())
        )

    def _forbidden(self, id_: str, action: str) -> bool:
        """Whether a deny assignment at or above a resource takes an action from the caller."""
        return any(
            id_.lower().startswith(denial.scope)
            and CALLER not in {each["id"] for each in denial.body["excludePrincipals"]}
            and denial.body["principals"][0]["type"] == "SystemDefined"
            and any(
                any(_matches(p, action) for p in held["actions"]) and not any(_matches(p, action) for p in held["notActions"])
                for held in denial.body["permissions"]
            )
            for denial in self._cloud.denials
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
        size = min(self._cloud.page, top)
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
            "resultTruncated": "false",  # of pages too: it is true where there is no way to the rest
        }
        if more:
            answer["$skipToken"] = base64.b64encode(str(start + size).encode()).decode()
        if more and self._cloud.leaving:
            self._last = None
            for id_ in self._cloud.leaving:
                self._cloud.resources.pop(id_.lower())
            self._cloud.leaving = []
        return Answer(200, answer, {"x-ms-user-quota-remaining": "14", "x-ms-user-quota-resets-after": "00:00:05"})

    def _shown(self, table: str, kinds: set[str], body: Any, options: Any) -> list[dict[str, Any]]:
        """The rows of a table that the scope of the query holds and the caller may see, in the order of ids."""
        within = {s.lower() for s in body.get("subscriptions") or ()}
        if body.get("managementGroups"):
            within = set(self._cloud.states)
        above = options.get("authorizationScopeFilter") in {"AtScopeAboveAndBelow", "AtScopeAndAbove"}
        found = []
        for key in sorted(self._cloud.resources):
            row = self._cloud.resources[key]
            if row["type"] not in kinds or row["type"] in UNTABLED or TABLES.get(row["type"], "resources") != table:
                continue
            account = account_of(key)
            if account and within and account not in within:
                continue
            if account:
                action = f"{row['type']}/read"
                seen = account not in self._cloud.unseen and self._allows(account, action) and not self._forbidden(key, action)
            else:
                inherits = above or row["type"].endswith("/roledefinitions")
                heirs = (
                    self._cloud.below.get(key.partition("/providers/microsoft.authorization/")[0], set(self._cloud.states))
                    & within
                )
                seen = inherits and any(self._allows(heir, f"{row['type']}/read") for heir in heirs)
            if seen:
                found.append(row)
        return found

    def _row(self, row: dict[str, Any], columns: str) -> dict[str, Any]:
        account = account_of(row["id"] or "")
        known = {"tenantId": TENANT, **row, "subscriptionId": account}
        if row["type"] == "microsoft.resources/subscriptions":
            known["properties"] = {"state": self._cloud.states[account], **row["properties"]}
        return {column: known.get(column) for column in columns.split(", ")}

    def _get(self, path: str, query: Mapping[str, list[str]], text: str) -> Answer:
        lowered = path.lower()
        account = account_of(lowered) or TENANT
        if lowered == "/subscriptions":
            hidden = self._cloud.unseen | self._cloud.unlisted
            return self._list(path, query, [self._subscription(s) for s in sorted(self._cloud.states) if s not in hidden])
        if lowered == "/tenants":
            tenant = {"id": f"/tenants/{TENANT}", "tenantId": TENANT, "displayName": "Annexa", "countryCode": "DE"}
            return self._list(path, query, [tenant])
        if account != TENANT and (account not in self._cloud.states or account in self._cloud.unseen):
            return error(404, "SubscriptionNotFound", f"The subscription '{account}' could not be found.")
        if lowered == f"/subscriptions/{account}":
            told = Answer(200, self._subscription(account))
            return self._may(account, "Microsoft.Resources/subscriptions/read", lowered) or told
        if lowered.endswith("/providers/microsoft.authorization/permissions"):
            return self._list(path, query, self._cloud.grants.get(account, []))
        if lowered.endswith("/providers/microsoft.authorization/denyassignments"):
            here = [d for d in self._cloud.denials if account in (account_of(d.scope), TENANT) or not account_of(d.scope)]
            told = self._list(path, query, [{"id": f"{d.scope}/d", "name": "d", "properties": d.body} for d in here])
            return self._may(account, "Microsoft.Authorization/denyAssignments/read", lowered) or told
        if lowered == f"/subscriptions/{account}/resources":
            shown = [
                {k: v for k, v in r.items() if k != "properties"}
                for key, r in sorted(self._cloud.resources.items())
                if account_of(key) == account
                and TABLES.get(r["type"], "resources") == "resources"
                and r["type"] not in UNTABLED
                and self._allows(account, f"{r['type']}/read")
                and not self._forbidden(key, f"{r['type']}/read")
            ]
            return self._list(path, query, shown)
        return self._may(account, f"{type_of(path)}/read", lowered) or self._resource(path, query)

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
        if lowered in self._cloud.resources:
            return Answer(200, self._cloud.resources[lowered])
        parent, _, last = lowered.rpartition("/")
        type_ = type_of(lowered).lower()
        grandparent = parent.rpartition("/")[0]
        if type_ in SETTINGS and SETTINGS[type_][0] == last:
            if grandparent not in self._cloud.resources:
                return error(404, "ResourceNotFound", f"The Resource '{path}' was not found.")
            return Answer(200, {"id": path, "name": last, "type": type_, "properties": SETTINGS[type_][1]})
        listed = [r for key, r in sorted(self._cloud.resources.items()) if key.rpartition("/")[0] == lowered]
        if not listed and parent not in self._cloud.resources and "/providers/microsoft.insights/" not in lowered:
            return error(404, "ParentResourceNotFound", "Can not perform requested operation on nested resource.")
        return self._list(path, query, listed)

    def _list(self, path: str, query: Mapping[str, list[str]], items: list[Any]) -> Answer:
        start = int(query.get("$skiptoken", ["0"])[0])
        answer: dict[str, Any] = {"value": items[start : start + self._cloud.page]}
        if start + self._cloud.page < len(items):
            version = quote(query["api-version"][0])
            answer["nextLink"] = f"{self._cloud.endpoint}{path}?api-version={version}&$skiptoken={start + self._cloud.page}"
        return Answer(200, answer)

    def _subscription(self, subscription: str) -> dict[str, Any]:
        row = self._cloud.resources[f"/subscriptions/{subscription}"]
        return {
            "id": f"/subscriptions/{subscription}",
            "subscriptionId": subscription,
            "displayName": {PROD: "prod", TEST: "test"}.get(subscription, subscription),
            "state": self._cloud.states[subscription],
            "tenantId": row.get("tenantId", TENANT),
            "tags": row.get("tags") or None,
            "subscriptionPolicies": {"quotaId": "EnterpriseAgreement_2014-09-01", "spendingLimit": "Off"},
            "managedByTenants": [],
        }


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
        "endless": {"$skipToken": "MA==", "nextLink": here},
        "short": {"totalRecords": answer.body.get("totalRecords", 0) + 5} if how == "short" else {},
        "cut": {"resultTruncated": "true"},
        "offsite": {"nextLink": "https://elsewhere.invalid/subscriptions?api-version=2022-12-01"},
        "rows": {"data": ["a row that is a text"]},
    }
    if how in changes:
        answer.body.update(changes[how])
