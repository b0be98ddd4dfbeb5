"""Log groups. How much they hold is left out: it moves at every look."""

from collections.abc import Iterator

from collectors.aws.reader import Reader
from collectors.aws.shaping import picked
from collectors.source import Facet, source
from evidence_store.records import Observation

GROUP = Facet(
    "aws.logs.log_group",
    facts=("logGroupName", "arn"),
    optional=(
        "creationTime",
        "dataProtectionStatus",
        "deletionProtectionEnabled",
        "kmsKeyId",
        "logGroupClass",
        "metricFilterCount",
        "retentionInDays",
    ),
    lists=True,
)


@source("logs.DescribeLogGroups", level="region", yields=[GROUP])
def log_groups(read: Reader) -> Iterator[Observation]:
    for group in read.pages("logs.DescribeLogGroups", "logGroups", limit=50):
        arn = group["arn"].removesuffix(":*")
        yield Observation(GROUP.type, arn, picked(GROUP, group, arn=arn))
