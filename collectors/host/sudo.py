"""What sudo grants, as sudo itself understands its files: aliases expanded, included files read."""

import json
from collections.abc import Iterator

from collectors.host.reader import HostReader
from collectors.source import Facet, UnreadError, source
from evidence_store.records import Json, Observation, Unread, Why

_CVTSUDOERS = "cvtsudoers -c /dev/null -f json -e /etc/sudoers"


@source(
    "sudoers",
    level="account",
    calls=["read /etc/sudoers", f"run {_CVTSUDOERS}"],
    yields=[Facet("host.machine", ("SudoRules", "SudoDefaults"), name="sudoers")],
)
def sudoers(reader: HostReader) -> Iterator[Observation]:
    """Both `None` where sudo has no rules file.

    A rule: `Users`, `Hosts`, `RunAs`, `Commands` (lists of text; a group stands as `%name`, a negation as `!name`) and
    `NoPassword`. A default: what it is bound to (empty: everyone) and its options.
    """
    if reader.text("/etc/sudoers") is None:
        yield reader.of_machine("sudoers", {"SudoRules": None, "SudoDefaults": None})
        return
    ran = reader.run(*_CVTSUDOERS.split())
    if ran is None:
        raise UnreadError(Unread(Why.UNSUPPORTED, f"run {_CVTSUDOERS}", "no such command; it is part of sudo 1.8.22 and later"))
    if "ermission denied" in ran.err:
        raise UnreadError(Unread(Why.DENIED, f"run {_CVTSUDOERS}"))
    if ran.code != 0 or "syntax error" in ran.err:
        raise UnreadError(Unread(Why.UNEXPECTED, f"run {_CVTSUDOERS}", "sudo does not understand its rules"))
    parsed = json.loads(ran.out)
    rules = [rule for spec in parsed.get("User_Specs", []) for rule in _rules(spec)]
    defaults = [
        {"Binding": _names(entry.get("Binding", [])), "Options": _options(entry["Options"])}
        for entry in parsed.get("Defaults", [])
    ]
    yield reader.of_machine("sudoers", {"SudoRules": rules, "SudoDefaults": defaults})


def _rules(spec: Json) -> Iterator[dict[str, Json]]:
    for granted in spec["Cmnd_Specs"]:
        options = _options(granted.get("Options", []))
        yield {
            "Users": _names(spec["User_List"]),
            "Hosts": _names(spec["Host_List"]),
            "RunAs": _names([*granted.get("runasusers", []), *granted.get("runasgroups", [])]),
            "Commands": _names(granted["Commands"]),
            "NoPassword": None if "authenticate" not in options else options["authenticate"] is False,
        }


def _options(options: Json) -> dict[str, Json]:
    return {key: value for option in options for key, value in option.items() if key != "operation"}


def _names(members: Json) -> list[str]:
    """Members as sudoers(5) writes them."""
    signs = {"usergroup": "%", "usergid": "%#", "userid": "#", "netgroup": "+", "nonunixgroup": "%:", "nonunixgid": "%:#"}
    found = []
    for member in members:
        negated = "!" if member.get("negated") else ""
        found += [f"{negated}{signs.get(kind, '')}{name}" for kind, name in member.items() if kind in _KINDS]
    return found


_KINDS = {
    "command",
    "cmndalias",
    "hostalias",
    "hostname",
    "netgroup",
    "networkaddr",
    "nonunixgid",
    "nonunixgroup",
    "runasalias",
    "useralias",
    "usergid",
    "usergroup",
    "userid",
    "username",
}
