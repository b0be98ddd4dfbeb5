"""Web and function apps."""

from checks.azure.naming import said
from checks.check import Answer, Unknown, check
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
    for fact, what in (("minTlsVersion", "the app"), ("scmMinTlsVersion", "the deployment site")):
        minimum = site.fact(fact)
        if minimum is None:
            return Unknown(f"{site.name} does not say which version of TLS {what} asks for")
        if minimum in {"1.0", "1.1"}:
            return f"{site.name} accepts TLS {minimum} at {what}"
    ftp = said(site, "ftpsState")
    if not ftp:
        return Unknown(f"{site.name} does not say whether it takes files over plain FTP")
    return f"{site.name} takes files over plain FTP" if ftp == "allallowed" else None
