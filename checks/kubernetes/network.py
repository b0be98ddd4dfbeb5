"""What the cluster offers to the networks around it."""

from checks.check import Answer, Unknown, check
from checks.kubernetes.naming import listed, name_of, some
from evidence_store.records import Json, Resource

_AWS_SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"
_AWS_INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"
# By these AWS's own controller is asked: what it makes is internal unless told otherwise, and what was there stays as it was.
_AWS_CLASSES = ("eks.amazonaws.com/nlb", "service.k8s.aws/nlb")
_AWS_TYPES = ("external", "nlb-ip")
# Annotations by which a cloud gives a service an address of the internal network only, and the values that say so.
_INTERNAL = (
    (_AWS_INTERNAL, ("true", "0.0.0.0/0")),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", ("true",)),
    ("networking.gke.io/load-balancer-type", ("internal",)),
    ("cloud.google.com/load-balancer-type", ("internal",)),
    ("service.beta.kubernetes.io/openstack-internal-load-balancer", ("true",)),
    ("service.beta.kubernetes.io/oci-load-balancer-internal", ("true",)),
    ("service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type", ("intranet",)),
    ("service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type", ("private",)),
    ("yandex.cloud/load-balancer-type", ("internal",)),
)
_INTERNAL_SUBNET = "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid"  # its presence says so
_RANGES = ("service.beta.kubernetes.io/load-balancer-source-ranges", "service.beta.kubernetes.io/azure-allowed-ip-ranges")
_LISTENS = "alb.ingress.kubernetes.io/listen-ports"
# Annotations by which an ingress controller ends TLS where spec.tls does not say so, and the value, where it matters.
_OTHERWISE = (
    ("alb.ingress.kubernetes.io/certificate-arn", None),
    ("appgw.ingress.kubernetes.io/appgw-ssl-certificate", None),
    ("ingress.gcp.kubernetes.io/pre-shared-cert", None),
    ("networking.gke.io/managed-certificates", None),
    ("nginx.ingress.kubernetes.io/ssl-passthrough", "true"),
    ("traefik.ingress.kubernetes.io/router.tls", "true"),
)


@check(
    on="kubernetes.service",
    severity="medium",
    version=1,
    needs=("type", "externalIPs", "loadBalancerSourceRanges", "loadBalancerClass", "annotations"),
    fix="Make it a ClusterIP service behind the ingress, or an internal load balancer; list what is meant in `approved`.",
)
def k8s_service_not_exposed(service: Resource, *, approved: tuple[str, ...] = ()) -> Answer:
    """Services that are reachable from outside are on the approved list.

    A node port opens the same port on every node, a load balancer takes an address that may be public, an external address
    takes over traffic that the nodes see. Each passes by the ingress and what it checks. A load balancer of the internal
    network is not counted.

    `approved`: services that may be reachable from outside, as `namespace/name`, `*` allowed
    """
    kind, addresses = service.fact("type"), service.fact("externalIPs") or []
    ways = [f"at {some(sorted(addresses))}"] if addresses else []
    if kind == "NodePort":
        ways.append("by node ports")
    internal = _is_internal(service) if kind == "LoadBalancer" else True
    if internal is False:
        ranges = _ranges(service)
        ways.append(f"by a load balancer, from {some(ranges) if ranges else 'any address'}")
    if listed(name_of(service), approved) or (internal and not ways):
        return None
    if not ways:
        more = "" if _is_of_aws(service) else f", which is read for the class {_AWS_CLASSES[1]} alone"
        asked = f"annotate it with {_AWS_SCHEME}{more}"
        return Unknown(f"service {name_of(service)} does not say who reaches its load balancer: {asked}")
    return f"service {name_of(service)} is reachable from outside {' and '.join(ways)}, and not on the approved list"


def _is_of_aws(service: Resource) -> bool:
    """Whether AWS's own controller makes the load balancer."""
    kind = (service.fact("annotations") or {}).get("service.beta.kubernetes.io/aws-load-balancer-type")
    return service.fact("loadBalancerClass") in _AWS_CLASSES or kind in _AWS_TYPES


def _ranges(service: Resource) -> list[str]:
    annotations = service.fact("annotations") or {}
    told = [part.strip() for key in _RANGES for part in annotations.get(key, "").split(",") if part.strip()]
    return sorted({*(service.fact("loadBalancerSourceRanges") or told)})


def _is_internal(service: Resource) -> bool | None:
    """Whether a load balancer has an address of the internal network only; `None` where that cannot be told."""
    annotations = service.fact("annotations") or {}
    scheme = annotations.get(_AWS_SCHEME)
    if _is_of_aws(service) and (scheme is not None or _AWS_INTERNAL not in annotations):
        return None if scheme is None else scheme == "internal"
    told = any(str(annotations.get(key, "")).casefold() in values for key, values in _INTERNAL)
    if told or annotations.get(_INTERNAL_SUBNET):
        return True
    return None if scheme == "internal" else False  # no other controller reads it


@check(
    on="kubernetes.ingress",
    severity="high",
    version=1,
    needs=("rules", "tls", "annotations"),
    fix="Name each host under spec.tls with a secret that holds its certificate; cert-manager fills and renews it.",
)
def k8s_ingress_tls(ingress: Resource, *, allowed: tuple[str, ...] = ()) -> Answer:
    """Every host of an ingress is served by TLS.

    Without it passwords and sessions cross networks in the clear, and nobody can tell the server from another. Certificates
    lie in secrets, which are not read: that they are valid is not visible here.

    `allowed`: ingresses that may do without, as `namespace/name`, `*` allowed
    """
    annotations = ingress.fact("annotations") or {}
    if listed(name_of(ingress), allowed) or _ends_tls_otherwise(annotations):
        return None
    entries = () if _LISTENS in annotations else ingress.fact("tls") or ()  # it listens for HTTP alone
    hosts = sorted({rule.get("host") or "" for rule in ingress.fact("rules") or ()}) or [""]
    bare = [host or "any host" for host in hosts if not any(_covers(entry, host) for entry in entries)]
    return f"ingress {name_of(ingress)} serves {some(bare)} without TLS" if bare else None


def _ends_tls_otherwise(annotations: Json) -> bool:
    ports = annotations.get(_LISTENS)
    if ports is not None:  # for HTTPS the controller looks for a certificate by the names of the hosts where none is named
        return "HTTPS" in ports
    return any(annotations.get(key) and value in (None, annotations[key].casefold()) for key, value in _OTHERWISE)


def _covers(entry: Json, host: str) -> bool:
    """Whether an entry of spec.tls speaks of a host; one that names none speaks of all. `*.` stands for one label."""
    named = entry.get("hosts") or ()
    return not named or host in named or (host != "" and f"*.{host.partition('.')[2]}" in named)
