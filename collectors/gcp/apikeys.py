"""API keys: what each may be used for, and since when there is one; never the key."""

from collectors.gcp.shaping import Shape, listing

keys = listing(
    Shape(
        "gcp.api_key",
        "apikeys.googleapis.com/Key",
        always={"name": str},
        maybe={
            "uid": str,
            "displayName": str,
            "createTime": str,
            "deleteTime": str,
            "restrictions": dict,
            "serviceAccountEmail": str,
        },
    )
)
