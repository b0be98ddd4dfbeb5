"""What load balancers speak with those who connect."""

from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Inventory, Json, Resource

MODERN = ("TLSv1.2", "TLSv1.3")
PASSED_ON = ("TCP", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC")


@check(
    on="aws.elbv2.listener",
    also_on=("aws.elb.listener",),
    severity="medium",
    version=1,
    within="region",
    needs=(
        "LoadBalancerName",
        "LoadBalancerType",
        "Port",
        "Protocol",
        "Scheme",
        "SslPolicy",
        "SslProtocols",
        "DefaultActions",
        "Rules",
    ),
    looks_up={"aws.elbv2.ssl_policy": ("Name", "SslProtocols")},
    fix="Choose a security policy with TLS 1.2 or newer; turn a plain HTTP listener into a redirect to HTTPS.",
)
def aws_elb_tls_policy(listener: Resource, *, inventory: Inventory) -> Answer:
    """Listeners take TLS 1.2 or newer.

    Older versions have known weaknesses, and a listener takes whatever its policy still allows. Plain HTTP is accepted
    only to send visitors on to HTTPS, or inside the network. What a listener passes on unopened it cannot answer for.
    """
    if listener.fact("LoadBalancerType") == "gateway":
        return NotApplicable(f"{listener.fact('LoadBalancerName')} passes every packet on and does not end TLS")
    called = f"{listener.fact('LoadBalancerName')}:{listener.fact('Port')}"
    protocol = listener.fact("Protocol")
    if protocol in PASSED_ON:
        return NotApplicable(f"{called} passes {protocol} on and does not end TLS")
    if protocol == "HTTP":
        return _plain(listener, called)
    policy, versions = listener.fact("SslPolicy"), listener.fact("SslProtocols")
    for found in inventory.where("aws.elbv2.ssl_policy", Name=policy) if versions is None and policy else ():
        versions = found.fact("SslProtocols")
    if not versions:
        return Unknown(f"{called} takes TLS by the policy {policy}, of which nothing is known")
    old = [version for version in versions if version not in MODERN]
    return f"{called} takes {', '.join(old)} by its policy {policy}" if old else None


def _plain(listener: Resource, called: str) -> Answer:
    """What a listener of plain HTTP does with those who connect, by default and by its rules."""
    actions = listener.fact("DefaultActions")
    redirects = bool(actions) and all(_redirects(action) for action in actions)
    if listener.fact("Scheme") != "internet-facing":
        return None if redirects else NotApplicable(f"{called} takes plain HTTP inside the network")
    if not redirects:
        return f"{called} takes plain HTTP from the internet"
    rules = listener.fact("Rules")
    if rules is None:
        return Unknown(f"{called} takes plain HTTP, and its rules were not asked for")
    serving = [rule["Priority"] for rule in rules if not all(_redirects(action) for action in rule["Actions"])]
    return f"{called} takes plain HTTP from the internet by its rule {', '.join(serving)}" if serving else None


def _redirects(action: Json) -> bool:
    """Whether an action sends the visitor to HTTPS; `#{protocol}` keeps the one that they came with."""
    return bool(action["Type"] == "redirect" and action.get("RedirectConfig", {}).get("Protocol") == "HTTPS")
