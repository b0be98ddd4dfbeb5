"""Secret Manager: that a secret is kept, how it is replicated and when it is renewed; never what it says."""

from collectors.gcp.shaping import Shape, listing

secrets = listing(
    Shape(
        "gcp.secret",
        "secretmanager.googleapis.com/Secret",
        always={"name": str},
        maybe={
            "createTime": str,
            "expireTime": str,
            "rotation": dict,
            "replication": dict,
            "customerManagedEncryption": dict,
            "topics": list,
            "versionDestroyTtl": str,
            "labels": dict,
        },
    )
)
