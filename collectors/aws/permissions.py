"""What each call needs to be allowed, and the policy that allows just that.

A call is named `client.Operation`, as the SDK names both. Its IAM action is the same but for the exceptions here; the
service authorization reference is their source.
"""

import json
from collections.abc import Iterable

from collectors.source import Source

_PREFIXES = {
    "accessanalyzer": "access-analyzer",
    "amp": "aps",
    "bedrock-agent": "bedrock",
    "docdb": "rds",
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "neptune": "rds",
    "opensearch": "es",
    "resourcegroupstaggingapi": "tag",
    "s3control": "s3",
    "service-quotas": "servicequotas",
    "sesv2": "ses",
    "sso-admin": "sso",
    "stepfunctions": "states",
}

_ACTIONS = {
    "s3.GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration",
    "s3.GetBucketCors": "s3:GetBucketCORS",
    "s3.GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3.GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3.GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3.GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3.GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3.GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3.HeadBucket": "s3:ListBucket",
    "s3.ListBuckets": "s3:ListAllMyBuckets",
    "s3.ListObjectVersions": "s3:ListBucketVersions",
    "s3.ListObjectsV2": "s3:ListBucket",
    "s3control.GetPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
}

# What finding the target's accounts and regions needs, whichever sources run.
OWN_CALLS = frozenset({"sts.GetCallerIdentity", "sts.AssumeRole", "ec2.DescribeRegions", "organizations.ListAccounts"})


def permission_of(call: str) -> str:
    """The IAM action that a call needs: `rds.DescribeDBInstances` -> `rds:DescribeDBInstances`."""
    if call in _ACTIONS:
        return _ACTIONS[call]
    service, _, operation = call.partition(".")
    if service in {"apigateway", "apigatewayv2"}:
        return "apigateway:GET"  # this service authorizes HTTP methods on paths
    return f"{_PREFIXES.get(service, service)}:{operation}"


def policy(sources: Iterable[Source]) -> str:
    """The IAM policy, as JSON, that lets these sources read and nothing else."""
    actions = {permission for source in sources for permission in source.permissions}
    actions |= {permission_of(call) for call in OWN_CALLS} - {"sts:AssumeRole"}
    statements = [
        {"Sid": "AnnexaRead", "Effect": "Allow", "Action": sorted(actions), "Resource": "*"},
        {
            "Sid": "AnnexaAssume",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": "arn:*:iam::*:role/AnnexaReader",
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2) + "\n"
