"""Where packages come from, and whether their signatures are checked."""

import configparser
import re
from collections.abc import Iterator

from collectors.host.reader import HostReader
from collectors.source import Facet, UnreadError, source
from evidence_store.records import Json, Observation, Unread, Why

_LISTS = ("/etc/apt/sources.list", "/etc/apt/sources.list.d/*.list")
_DEB822 = "/etc/apt/sources.list.d/*.sources"
_REPOS = "/etc/yum.repos.d/*.repo"
_DNF = ("/etc/dnf/dnf.conf", "/etc/yum.conf")
_ONE_LINE = re.compile(r"^[ \t]*(deb|deb-src)[ \t]+(?:\[([^\]\n]*)\][ \t]+)?(\S+)[ \t]+(\S+)[ \t]*([^#\n]*)", re.MULTILINE)


@source(
    "package sources",
    level="account",
    calls=[f"read {path}" for path in (*_LISTS, _DEB822, _REPOS, *_DNF)],
    yields=[
        Facet(
            "host.package_source",
            ("Manager", "Uri", "Suite", "Enabled", "SignatureChecked", "File"),
            optional=("Components", "SignedBy", "Weakened"),
            lists=True,
        )
    ],
)
def package_sources(reader: HostReader) -> Iterator[Observation]:
    """Each archive, once for each suite. `Weakened` names the option that lets unsigned packages in."""
    found = [*_apt(reader), *_dnf(reader)]
    native: dict[str, dict[str, Json]] = {}
    for facts in found:
        name, number = f"{facts['File']} {facts['Uri']} {facts['Suite']}", 1
        while f"{name}#{number}" in native:
            number += 1
        native[f"{name}#{number}"] = facts
    for name, facts in sorted(native.items()):
        uid = reader.uid("host.package_source", name.removesuffix("#1"))
        yield Observation("host.package_source", uid, facts)


def _apt(reader: HostReader) -> Iterator[dict[str, Json]]:
    for path in [_LISTS[0], *reader.paths(_LISTS[1])]:
        for kind, options, uri, suite, components in _ONE_LINE.findall(reader.text(path) or ""):
            said = dict(re.findall(r"([\w-]+)[+-]?=(\S+)", options))
            if kind == "deb":
                yield _archive(path, uri, suite, components, said, enabled=True)
    for path in reader.paths(_DEB822):
        for fields in _stanzas(reader.text(path) or ""):
            enabled = fields.get("enabled", "yes").lower() not in ("no", "false", "0", "off", "without", "disable")
            if "deb" in fields.get("types", "").split():
                for uri in fields.get("uris", "").split():
                    for suite in fields.get("suites", "").split():
                        yield _archive(path, uri, suite, fields.get("components", ""), fields, enabled=enabled)


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    """deb822(5): fields in paragraphs, continued on indented lines."""
    text = re.sub(r"^#.*\n?", "", text, flags=re.MULTILINE)
    for paragraph in re.split(r"\n\s*\n", text):
        joined = re.sub(r"\n[ \t]+", " ", paragraph)
        fields = {key.lower(): value.strip() for key, value in re.findall(r"^([\w-]+):(.*)$", joined, re.MULTILINE)}
        if fields:
            yield fields


def _archive(path: str, uri: str, suite: str, components: str, said: dict[str, str], *, enabled: bool) -> dict[str, Json]:
    """sources.list(5): `trusted=yes` and `allow-insecure=yes` take unsigned packages; `allow-weak=yes` weak digests."""
    yes = ("yes", "true", "1", "on", "with", "enable")
    weakened = [key for key in ("trusted", "allow-insecure", "allow-weak") if said.get(key, "").lower() in yes]
    signed_by = said.get("signed-by", "")
    return {
        "Manager": "apt",
        "Uri": _bare(uri),
        "Suite": suite,
        "Components": sorted(components.split()),
        "Enabled": enabled,
        "SignatureChecked": not weakened,
        "SignedBy": "a key in the file" if "BEGIN PGP" in signed_by else signed_by or None,
        "Weakened": ", ".join(weakened) or None,
        "File": path,
    }


def _dnf(reader: HostReader) -> Iterator[dict[str, Json]]:
    main = next((text for path in _DNF if (text := reader.text(path)) is not None), "")
    default = _on(_ini(main).get("main", {}).get("gpgcheck", "0"))
    for path in reader.paths(_REPOS):
        for name, fields in _ini(reader.text(path) or "").items():
            uris = (fields.get("baseurl") or fields.get("mirrorlist") or fields.get("metalink") or "").replace(",", " ").split()
            checked = _on(fields["gpgcheck"]) if "gpgcheck" in fields else default
            for uri in uris:
                yield {
                    "Manager": "dnf",
                    "Uri": _bare(uri),
                    "Suite": name,
                    "Components": None,
                    "Enabled": _on(fields.get("enabled", "1")),
                    "SignatureChecked": checked,
                    "SignedBy": fields.get("gpgkey"),
                    "Weakened": None if checked else "gpgcheck=0",
                    "File": path,
                }


def _ini(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser(interpolation=None, strict=False, default_section="")
    try:
        parser.read_string(text)
    except configparser.Error:
        raise UnreadError(Unread(Why.UNEXPECTED, f"read {_REPOS}", "not an ini file")) from None
    return {name: dict(parser[name]) for name in parser.sections()}


def _bare(uri: str) -> str:
    """A URI without the user and password that it may carry."""
    return re.sub(r"^(\w[\w+.-]*://)[^@/]*@", r"\1", uri)


def _on(text: str) -> bool:
    return text.strip().lower() in ("1", "yes", "true", "on", "enabled")
