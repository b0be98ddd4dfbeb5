"""Cloud Logging: where logs go, and how long they are kept."""

from collectors.gcp.shaping import Shape, listing

sinks = listing(
    Shape(
        "gcp.logging.sink",
        "logging.googleapis.com/LogSink",
        always={"name": str, "destination": str},
        maybe={
            "filter": str,
            "description": str,
            "disabled": bool,
            "exclusions": list,
            "includeChildren": bool,
            "interceptChildren": bool,
            "writerIdentity": str,
            "createTime": str,
            "outputVersionFormat": str,
            "bigqueryOptions": dict,
        },
    )
)

buckets = listing(
    Shape(
        "gcp.logging.bucket",
        "logging.googleapis.com/LogBucket",
        always={"name": str},
        maybe={
            "description": str,
            "createTime": str,
            "retentionDays": int,
            "locked": bool,
            "lifecycleState": str,
            "analyticsEnabled": bool,
            "restrictedFields": list,
            "cmekSettings": dict,
        },
    )
)
