"""Which runtimes an app uses, and when their fixes end."""

import re
from collections.abc import Iterator, Sequence

from checks.azure.naming import said
from evidence_store.records import Resource

# The last day of fixes, by the calendars of the languages and of the service as of August 2026; what `ends` declares goes
# before this table. Java is by the builds that the service brings.
_ENDS = {
    "dotnet 3.1": "2022-12-13", "dotnet 5.0": "2022-05-10", "dotnet 6.0": "2024-11-12", "dotnet 7.0": "2024-05-14",
    "dotnet 8.0": "2026-11-10", "dotnet 9.0": "2026-11-10", "dotnet 10.0": "2028-11-14",
    "java 7": "2022-07-31", "java 8": "2026-11-30", "java 11": "2027-09-30", "java 17": "2027-09-30", "java 21": "2028-09-30",
    "node 10": "2021-04-30", "node 12": "2022-04-30", "node 14": "2023-04-30", "node 16": "2023-09-11", "node 18": "2025-04-30",
    "node 20": "2026-04-30", "node 22": "2027-04-30", "node 24": "2028-04-30",
    "php 5.6": "2018-12-31", "php 7.3": "2021-12-06", "php 7.4": "2022-11-28", "php 8.0": "2023-11-26", "php 8.1": "2025-12-31",
    "php 8.2": "2026-12-31", "php 8.3": "2027-12-31", "php 8.4": "2028-12-31", "php 8.5": "2029-12-31",
    "powershell 7.0": "2022-12-03", "powershell 7.2": "2024-11-08", "powershell 7.4": "2026-11-10",
    "python 2.7": "2020-01-01", "python 3.6": "2021-12-23", "python 3.7": "2023-06-27", "python 3.8": "2024-10-07",
    "python 3.9": "2025-10-31", "python 3.10": "2026-10-31", "python 3.11": "2027-10-31", "python 3.12": "2028-10-31",
    "python 3.13": "2029-10-31", "python 3.14": "2030-10-31",
    "ruby 2.6": "2022-04-12", "ruby 2.7": "2023-03-31",
}  # fmt: skip
_WINDOWS = {
    "netFrameworkVersion": "dotnet",
    "javaVersion": "java",
    "nodeVersion": "node",
    "phpVersion": "php",
    "powerShellVersion": "powershell",
    "pythonVersion": "python",
}
RUNTIMES = ("linuxFxVersion", "windowsFxVersion", *_WINDOWS)
_CONTAINERS = ("docker|", "compose|", "kube|", "sitecontainers")


def is_container(site: Resource) -> bool:
    """Whether an app brings its own runtime, in an image."""
    return said(site, "linuxFxVersion").startswith(_CONTAINERS) or said(site, "windowsFxVersion").startswith(_CONTAINERS)


def runtimes(site: Resource) -> list[str]:
    """The runtimes that an app is set to, as `python 3.11`. Of Windows every one that is set, since all are brought."""
    if stack := said(site, "linuxFxVersion"):
        return [_linux(stack)]
    return sorted(found for fact, language in _WINDOWS.items() for found in _windows(site, fact, language))


def _linux(stack: str) -> str:
    """`python|3.11`, `node|20-lts`, `dotnetcore|8.0`, `tomcat|10.1-java17`, `java|17-java17`."""
    name, _, version = stack.partition("|")
    if java := re.search(r"(?:java|jre)(\d+)$", version):
        return f"java {java.group(1)}"
    number = re.match(r"[\d.]+", version)
    language = "dotnet" if name.startswith("dotnet") else name
    return f"{language} {_shortened(language, number.group() if number else version)}"


def _windows(site: Resource, fact: str, language: str) -> Iterator[str]:
    version = said(site, fact).lstrip("v~")
    if not version or version == "off" or (language == "dotnet" and version in {"2.0", "4.0"}):
        return  # the framework of these numbers is part of Windows, and is set on every app
    yield f"{language} {_shortened(language, version.removeprefix('1.') if language == 'java' else version)}"


def _shortened(language: str, version: str) -> str:
    """As many parts of a version as its calendar goes by."""
    parts = version.split(".")
    return parts[0] if language in {"java", "node"} else ".".join(parts[:2])


def end_of(runtime: str, declared: Sequence[str]) -> str | None:
    """The last day of fixes; `None` where nothing tells it."""
    return {**_ENDS, **dict(entry.split("=", 1) for entry in declared if "=" in entry)}.get(runtime)
