"""Web and function apps."""

from datetime import date, datetime

from checks.azure.naming import said
from checks.azure.runtimes import RUNTIMES, end_of, is_container, runtimes
from checks.azure.tls import accepts
from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Resource


@check(
    on="azure.web.site",
    severity="medium",
    version=1,
    needs=("ftpsState", "httpsOnly", "minTlsVersion", "scmMinTlsVersion"),
    fix="Turn on HTTPS only, set the minimum TLS version to 1.2 for the app and its deployment site, and turn FTP off.",
)
def azure_app_tls_auth(site: Resource) -> Answer:
    """Apps answer over TLS 1.2 or newer only, and take no files over plain FTP.

    What crosses the network in the clear, passwords of deployments among it, can be read and changed on the way.
    """
    if site.fact("httpsOnly") is not True:
        return f"{site.name} answers over plain HTTP"
    ends = {" at the app": site.fact("minTlsVersion"), " at the deployment site": site.fact("scmMinTlsVersion")}
    wrong = [fault for where, lowest in ends.items() if lowest and (fault := accepts(site.name, lowest, where)) is not None]
    if late := next((fault for fault in wrong if isinstance(fault, str)), None):
        return late
    ftp = said(site, "ftpsState")
    if ftp == "allallowed":
        return f"{site.name} takes files over plain FTP"
    if not ftp or not all(ends.values()):
        return Unknown(f"{site.name} does not say which version of TLS it asks for, or whether it takes plain FTP")
    if ftp not in {"disabled", "ftpsonly"}:
        return Unknown(f"{site.name} takes files in the way {ftp}, of which nothing is known")
    return next(iter(wrong), None)


@check(
    on="azure.web.site",
    severity="medium",
    version=1,
    needs=RUNTIMES,
    fix="Move the app to a version of its runtime that still gets fixes, test it, and set it in the app's configuration.",
)
def azure_app_supported_runtime(site: Resource, *, at: datetime, ends: tuple[str, ...] = ()) -> Answer:
    """Web apps use runtimes that still get fixes.

    After its last day a runtime keeps whatever holes are found in it. What a container brings is judged with its image. On
    Windows every runtime that the app is set to counts; the framework that is part of Windows is mended with it.

    `ends`: last days of fixes, `java 25=2030-09-30`, for runtimes that are newer than the table or whose day has moved
    """
    if is_container(site):
        return NotApplicable(f"{site.name} is a container and brings its own runtime")
    found = runtimes(site)
    if not found:
        return Unknown(f"{site.name} does not say which runtime it uses")
    days = {runtime: end_of(runtime, ends) for runtime in found}
    over = [f"{runtime} (until {end})" for runtime, end in days.items() if end and date.fromisoformat(end) < at.date()]
    if over:
        return f"{site.name} uses a runtime that gets no more fixes: {', '.join(over)}"
    untold = [runtime for runtime, end in days.items() if end is None]
    if untold:
        return Unknown(f"{site.name} uses {', '.join(untold)}, whose last day of fixes is not known: declare it in `ends`")
    return None
