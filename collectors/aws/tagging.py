"""Tagged resources that keep data or state, of whatever service: what a backup can be asked of."""

from collections.abc import Iterator

from collectors.aws.reader import Reader
from collectors.aws.shaping import tag_map
from collectors.source import Facet, source
from evidence_store.records import Observation

_TAGGED = Facet("aws.tagged.resource", facts=("ResourceARN", "Tags"), lists=True)

# What the backup service can protect, as the tagging service calls it.
KEEPS_STATE = (
    "dynamodb:table",
    "ec2:instance",
    "ec2:volume",
    "elasticfilesystem:file-system",
    "fsx:file-system",
    "fsx:volume",
    "rds:cluster",
    "rds:db",
    "redshift:cluster",
    "s3:bucket",
    "storagegateway:gateway",
    "timestream:table",
)


@source("resourcegroupstaggingapi.GetResources", level="region", yields=[_TAGGED])
def tagged(read: Reader) -> Iterator[Observation]:
    """A hundred at a time. What was never tagged is not in the answer: nobody has classed it."""
    listed = read.pages(
        "resourcegroupstaggingapi.GetResources",
        "ResourceTagMappingList",
        ResourceTypeFilters=list(KEEPS_STATE),
        ResourcesPerPage=100,
    )
    for item in listed:
        arn = item["ResourceARN"]
        yield Observation(_TAGGED.type, arn, {"ResourceARN": arn, "Tags": tag_map(item.get("Tags", []))})
