"""Cloud DNS: zones."""

from collectors.gcp.shaping import Shape, listing

zones = listing(
    Shape(
        "gcp.dns.managed_zone",
        "dns.googleapis.com/ManagedZone",
        always={"name": str, "dnsName": str},
        maybe={
            "id": str,
            "description": str,
            "creationTime": str,
            "visibility": str,
            "dnssecConfig": dict,
            "cloudLoggingConfig": dict,
            "privateVisibilityConfig": dict,
            "forwardingConfig": dict,
            "peeringConfig": dict,
            "nameServers": list,
            "labels": dict,
        },
    )
)
