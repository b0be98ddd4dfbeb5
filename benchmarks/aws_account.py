"""Fill an AWS account on a loopback server with a number of each main resource."""

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

REGION = "eu-west-1"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)


def fill(endpoint: str, count: int) -> int:
    """Create `count` users, roles, buckets, instances, volumes, snapshots, groups, log groups and keys. Returns how many."""
    import boto3

    session = boto3.Session(aws_access_key_id="t", aws_secret_access_key="t", region_name=REGION)
    client: Callable[[str], Any] = lambda name: session.client(name, endpoint_url=endpoint)  # noqa: E731 - one line is clearer
    iam, s3, ec2, logs, kms = (client(name) for name in ("iam", "s3", "ec2", "logs", "kms"))
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    ec2.run_instances(ImageId="ami-12c6146b", MinCount=count, MaxCount=count, InstanceType="t3.micro")
    volumes = ec2.describe_volumes()["Volumes"]

    def one(number: int) -> None:
        iam.create_user(UserName=f"user-{number}")
        iam.create_role(RoleName=f"role-{number}", AssumeRolePolicyDocument=TRUST)
        s3.create_bucket(Bucket=f"annexa-bench-{number}", CreateBucketConfiguration={"LocationConstraint": REGION})
        ec2.create_snapshot(VolumeId=volumes[number % len(volumes)]["VolumeId"])
        ec2.create_security_group(GroupName=f"group-{number}", Description="bench", VpcId=vpc)
        logs.create_log_group(logGroupName=f"/bench/{number}")
        kms.create_key(Description=f"key-{number}")

    with ThreadPoolExecutor(4) as pool:
        for done, _ in enumerate(pool.map(one, range(count)), 1):
            if done % 100 == 0:
                sys.stderr.write(f"\r{done} of {count}")
    return 9 * count
