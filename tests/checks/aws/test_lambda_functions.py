"""Functions' runtimes, and secrets in what code is started with: functions, tasks, builds, instances, templates."""

import base64
import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.collectors.aws.overlay import Cloud
from tests.harness import Looked, look

RUNTIME = "aws_lambda_supported_runtime"
SECRETS = "aws_no_plaintext_secrets"
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEY = "AKIA" + "IOSFODNN7EXAMPLE"  # split, so that no scanner of secrets takes it for one
TOKEN = "ghp_" + "a1B2" * 9


def function(name: str, **settings: Any) -> dict[str, Any]:
    return {
        "FunctionName": name,
        "FunctionArn": f"arn:aws:lambda:eu-west-1:123456789012:function:{name}",
        "Version": "$LATEST",
        "Runtime": "python3.13",
        "PackageType": "Zip",
        **settings,
    }


def functions(aws: Cloud, *found: dict[str, Any]) -> None:
    aws.serve("lambda.ListFunctions", {"Functions": list(found)})


def asked(aws: Cloud, check: str, at: datetime = NOW, **parameters: Any) -> Looked:
    return look(aws.connect(), check, at=at, parameters={check: parameters})


@pytest.mark.parametrize(
    ("settings", "parameters", "status", "words"),
    [
        ({}, {}, "pass", ""),
        ({"Runtime": "nodejs20.x"}, {}, "fail", "whose support ended on 2026-04-30"),
        ({"Runtime": "python2.7"}, {}, "fail", "2021-07-15"),
        ({"Runtime": "provided.al2"}, {}, "pass", ""),
        ({"Runtime": "python4.0"}, {}, "unknown", "declare it in `ends`"),
        ({"Runtime": "python4.0"}, {"ends": ["python4.0=2031-01-01"]}, "pass", ""),
        ({"Runtime": "nodejs20.x"}, {"ends": ["nodejs20.x=2027-01-01"]}, "pass", ""),
        ({"Runtime": None, "PackageType": "Image"}, {}, "not_applicable", "container image"),
    ],
)
def test_a_functions_runtime_still_gets_fixes(
    aws: Cloud, settings: dict[str, Any], parameters: dict[str, Any], status: str, words: str
) -> None:
    found = {key: value for key, value in function("orders", **settings).items() if value is not None}
    functions(aws, function("a"), function("b"), found)
    seen = asked(aws, RUNTIME, **parameters)
    assert seen.status(RUNTIME, ":orders") == status
    assert words in seen.reason(RUNTIME, ":orders")


def test_the_end_of_support_is_held_against_the_time_of_observation(aws: Cloud) -> None:
    functions(aws, function("orders", Runtime="provided.al2"))
    assert asked(aws, RUNTIME, at=datetime(2026, 7, 30, tzinfo=UTC)).status(RUNTIME) == "pass"
    assert asked(aws, RUNTIME, at=datetime(2026, 7, 31, tzinfo=UTC)).status(RUNTIME) == "fail"


def test_functions_that_may_not_be_listed_have_no_known_runtime(aws: Cloud) -> None:
    functions(aws, function("orders"))
    aws.deny("lambda:ListFunctions")
    seen = asked(aws, RUNTIME)
    assert seen.status(RUNTIME) == "unknown"
    assert "lambda:ListFunctions was denied" in seen.reason(RUNTIME)


@pytest.mark.parametrize(
    ("name", "text", "status"),
    [
        ("LOG_LEVEL", "info", "pass"),
        ("DB_HOST", "orders.abc.eu-west-1.rds.amazonaws.com", "pass"),
        ("DB_PASSWORD", "hunter2", "fail"),
        ("dbPassword", "hunter2", "fail"),
        ("API_KEY", "0123456789abcdef", "fail"),
        ("GITHUB", TOKEN, "fail"),
        ("SETTINGS", f"key={KEY}", "fail"),
        ("DATABASE_URL", "postgres://shop:hunter2@db/shop", "fail"),
        ("DB_PASSWORD", "", "pass"),
        ("DB_PASSWORD_ARN", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf", "pass"),
        ("DB_PASSWORD", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf", "pass"),
        ("DB_PASSWORD", "{{resolve:secretsmanager:db:SecretString:password}}", "pass"),
        ("USE_TOKEN", "true", "pass"),
        ("PASSWORD_MIN_LENGTH", "14", "pass"),
        ("SECRET_NAME", "prod/db", "pass"),
        ("MONKEY", "banana", "pass"),
        ("PGPASSWORD", "hunter2", "fail"),
        ("DB_PASS", "hunter2", "fail"),
        ("ACCESSTOKEN", "hunter2", "fail"),
        ("BYPASS", "10.0.0.0/8", "pass"),
        ("DB_PASSWORD", "${STAGE}", "pass"),
        ("DB_PASSWORD", "${STAGE}-hunter2", "fail"),
        ("DB_PASSWORD", "${DB_PASSWORD:-hunter2}", "fail"),
        ("DB_PASSWORD", "arn:aws:s3:::bucket hunter2", "fail"),
    ],
)
def test_a_functions_variables_hold_no_secret(aws: Cloud, name: str, text: str, status: str) -> None:
    variables = {"Variables": {"STAGE": "prod", name: text}}
    functions(aws, function("a"), function("b"), function("orders", Environment=variables))
    seen = asked(aws, SECRETS)
    assert seen.status(SECRETS, ":orders") == status
    assert seen.status(SECRETS, ":a") == "pass"
    if status == "fail":
        assert name in seen.reason(SECRETS, ":orders")
        assert text not in seen.reason(SECRETS, ":orders")


def test_a_name_that_only_sounds_like_a_secret_can_be_declared_harmless(aws: Cloud) -> None:
    functions(aws, function("orders", Environment={"Variables": {"LOCAL_TOKEN": "public"}}))
    assert asked(aws, SECRETS).status(SECRETS, ":orders") == "fail"
    assert asked(aws, SECRETS, harmless=["LOCAL_TOKEN"]).status(SECRETS, ":orders") == "pass"


def test_variables_that_may_not_be_decrypted_are_unknown(aws: Cloud) -> None:
    error = {"Error": {"ErrorCode": "AccessDeniedException", "Message": "kms"}}
    functions(aws, function("orders", Environment=error), function("open"))
    seen = asked(aws, SECRETS)
    assert seen.status(SECRETS, ":orders") == "unknown"
    assert "kms:Decrypt was denied" in seen.reason(SECRETS, ":orders")
    assert seen.status(SECRETS, ":open") == "pass"


def task(aws: Cloud, family: str, **container: Any) -> None:
    aws.client("ecs").register_task_definition(
        family=family, containerDefinitions=[{"name": "web", "image": "shop", "memory": 128, **container}]
    )


@pytest.mark.parametrize(
    ("container", "status", "words"),
    [
        ({"environment": [{"name": "STAGE", "value": "prod"}]}, "pass", ""),
        ({"environment": [{"name": "DB_PASSWORD", "value": "hunter2"}]}, "fail", "web/DB_PASSWORD"),
        ({"command": ["serve", "--password", "hunter22"]}, "fail", "web/command (assignment)"),
        ({"command": ["serve", "--password", "$DB_PASSWORD"]}, "pass", ""),
        ({"command": ["${SERVE}", "--password", "hunter22"]}, "fail", "web/command (assignment)"),
        (
            {"environment": [{"name": "command", "value": TOKEN}], "command": ["serve", "shop"]},
            "fail",
            "(github token)",
        ),
        (
            {"logConfiguration": {"logDriver": "splunk", "options": {"splunk-url": "https://log", "splunk-token": "1b2c"}}},
            "fail",
            "web/logConfiguration/splunk-token",
        ),
        ({"secrets": [{"name": "DB_PASSWORD", "valueFrom": "arn:aws:ssm:eu-west-1:123456789012:parameter/db"}]}, "pass", ""),
    ],
)
def test_a_tasks_newest_revision_holds_no_secret(aws: Cloud, container: dict[str, Any], status: str, words: str) -> None:
    task(aws, "shop", environment=[{"name": "OLD_PASSWORD", "value": "hunter2"}])
    task(aws, "shop", **container)
    task(aws, "other")
    seen = asked(aws, SECRETS)
    assert seen.status(SECRETS, "task-definition/shop") == status
    assert words in seen.reason(SECRETS, "task-definition/shop")
    assert seen.status(SECRETS, "task-definition/other") == "pass"


def project(name: str, *variables: dict[str, str], buildspec: str = "buildspec.yml") -> dict[str, Any]:
    return {
        "name": name,
        "serviceRole": "arn:aws:iam::123456789012:role/build",
        "source": {"type": "GITHUB", "location": "https://github.com/acme/shop", "buildspec": buildspec},
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": list(variables),
        },
        "tags": [{"key": "team", "value": "shop"}],
    }


@pytest.mark.parametrize(
    ("found", "status", "words"),
    [
        (project("shop"), "pass", ""),
        (project("shop", {"name": "NPM_TOKEN", "value": "abc123", "type": "PLAINTEXT"}), "fail", "NPM_TOKEN"),
        (project("shop", {"name": "NPM_TOKEN", "value": "abc123"}), "fail", "NPM_TOKEN"),
        (project("shop", {"name": "NPM_TOKEN", "value": "/npm", "type": "PARAMETER_STORE"}), "pass", ""),
        (project("shop", {"name": "NPM_TOKEN", "value": "npm:token", "type": "SECRETS_MANAGER"}), "pass", ""),
        (project("shop", buildspec=f"version: 0.2\nenv:\n  variables:\n    X: {TOKEN}\n"), "fail", "buildspec (github token)"),
    ],
)
def test_a_builds_variables_hold_no_secret(aws: Cloud, found: dict[str, Any], status: str, words: str) -> None:
    names = ["first", "second", "shop"]
    aws.serve("codebuild.ListProjects", {"projects": names})
    aws.serve("codebuild.BatchGetProjects", {"projects": [project("first"), project("second"), found]})
    seen = asked(aws, SECRETS)
    assert seen.status(SECRETS, "project/shop") == status
    assert words in seen.reason(SECRETS, "project/shop")


def test_a_project_that_is_gone_before_it_was_read_is_unknown(aws: Cloud) -> None:
    aws.serve("codebuild.ListProjects", {"projects": ["shop", "gone"]})
    aws.serve("codebuild.BatchGetProjects", {"projects": [project("shop")], "projectsNotFound": ["gone"]})
    seen = asked(aws, SECRETS)
    assert (seen.status(SECRETS, "project/shop"), seen.status(SECRETS, "project/gone")) == ("pass", "unknown")


SCRIPT = "#!/bin/sh\nexport DB_PASSWORD=hunter22\nrun\n"
HARMLESS = '#!/bin/sh\nexport DB_PASSWORD="$(aws ssm get-parameter --name db)"\nrun\n'


def instance(aws: Cloud, script: str | bytes) -> str:
    text = script if isinstance(script, str) else base64.b64encode(script).decode()
    ec2 = aws.client("ec2")
    image = ec2.register_image(Name="image", RootDeviceName="/dev/xvda")["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, UserData=text)
    return str(made["Instances"][0]["InstanceId"])


@pytest.mark.parametrize(
    ("script", "status"),
    [("", "pass"), (HARMLESS, "pass"), (SCRIPT, "fail")],
)
def test_an_instances_start_up_script_holds_no_secret(aws: Cloud, script: str, status: str) -> None:
    made = instance(aws, script)
    seen = asked(aws, SECRETS)
    assert seen.status(SECRETS, made) == status
    assert ("user data (assignment)" in seen.reason(SECRETS, made)) is (status == "fail")


def test_a_terminated_instance_starts_nothing(aws: Cloud) -> None:
    made = instance(aws, SCRIPT)
    aws.client("ec2").terminate_instances(InstanceIds=[made])
    seen = asked(aws, SECRETS)
    assert seen.status(SECRETS, made) == "not_applicable"
    assert "ec2.DescribeInstanceAttribute" not in {call for call, _ in aws.calls}


def test_a_packed_start_up_script_is_unpacked_before_it_is_judged(aws: Cloud) -> None:
    made = instance(aws, "")
    packed = base64.b64encode(gzip.compress(SCRIPT.encode())).decode()
    aws.serve("ec2.DescribeInstanceAttribute", {"InstanceId": made, "UserData": {"Value": packed}})
    assert asked(aws, SECRETS).status(SECRETS, made) == "fail"


def test_an_answer_that_says_nothing_of_user_data_is_not_taken_for_none(aws: Cloud) -> None:
    made = instance(aws, SCRIPT)
    aws.serve("ec2.DescribeInstanceAttribute", {"InstanceId": made})
    seen = asked(aws, SECRETS)
    assert seen.status(SECRETS, made) == "unknown"
    assert "unexpected shape" in seen.reason(SECRETS, made)


def test_the_parts_of_a_start_up_script_are_judged_as_they_will_be_run(aws: Cloud) -> None:
    part = base64.encodebytes(SCRIPT.encode()).decode()
    parts = (
        'Content-Type: multipart/mixed; boundary="+AWS+"\nMIME-Version: 1.0\n\n--+AWS+\n'
        f'Content-Type: text/x-shellscript; charset="utf-8"\nContent-Transfer-Encoding: base64\n\n{part}\n--+AWS+--\n'
    )
    made = instance(aws, parts)
    seen = asked(aws, SECRETS)
    assert seen.status(SECRETS, made) == "fail"
    assert "user data (assignment)" in seen.reason(SECRETS, made)


@pytest.mark.parametrize("odd", ["\x1f\x8b broken", "x" * 7])
def test_user_data_of_unknown_encoding_is_unknown(aws: Cloud, odd: str) -> None:
    made = instance(aws, "")
    text = base64.b64encode(odd.encode("latin-1")).decode() if odd.startswith("\x1f") else odd
    aws.serve("ec2.DescribeInstanceAttribute", {"InstanceId": made, "UserData": {"Value": text}})
    seen = asked(aws, SECRETS)
    assert seen.status(SECRETS, made) == "unknown"
    assert "unknown encoding" in seen.reason(SECRETS, made)


def test_a_launch_templates_newest_and_default_versions_hold_no_secret(aws: Cloud) -> None:
    ec2 = aws.client("ec2")
    data = {"UserData": base64.b64encode(SCRIPT.encode()).decode(), "InstanceType": "t3.micro"}
    made = ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)["LaunchTemplate"]["LaunchTemplateId"]
    clean = {"UserData": base64.b64encode(HARMLESS.encode()).decode()}
    ec2.create_launch_template_version(LaunchTemplateId=made, LaunchTemplateData=clean)
    versions = ec2.describe_launch_template_versions(LaunchTemplateId=made)["LaunchTemplateVersions"]
    aws.serve("ec2.DescribeLaunchTemplateVersions", {"LaunchTemplateVersions": versions})
    seen = asked(aws, SECRETS)
    assert seen.status(SECRETS, made) == "fail"
    assert "version 1/user data" in seen.reason(SECRETS, made)
    assert "version 2" not in seen.reason(SECRETS, made)


def test_no_text_of_a_setting_reaches_the_judge(aws: Cloud) -> None:
    functions(aws, function("orders", Environment={"Variables": {"LOG_LEVEL": "verbose-level"}}))
    seen = asked(aws, SECRETS)
    stored = json.dumps([sink.stored[key] for c in seen.collections for sink in c.kept for key in sink.stored])
    assert "verbose-level" not in stored
    assert '"$redacted": "value"' in stored


@pytest.mark.parametrize(
    ("action", "of"),
    [
        ("lambda:ListFunctions", "eu-west-1"),
        ("ecs:ListTaskDefinitionFamilies", "aws.ecs.task_definition:*"),
        ("ecs:DescribeTaskDefinition", "task-definition/shop"),
        ("codebuild:ListProjects", "aws.codebuild.project:*"),
        ("codebuild:BatchGetProjects", "project/shop"),
        ("ec2:DescribeInstances", "aws.ec2.instance:*"),
        ("ec2:DescribeInstanceAttribute", "{instance}"),
        ("ec2:DescribeLaunchTemplateVersions", "aws.ec2.launch_template:*"),
    ],
)
def test_settings_that_may_not_be_seen_are_unknown_and_the_others_judged(aws: Cloud, action: str, of: str) -> None:
    functions(aws, function("orders"))
    task(aws, "shop")
    aws.serve("codebuild.ListProjects", {"projects": ["shop"]})
    aws.serve("codebuild.BatchGetProjects", {"projects": [project("shop")]})
    made = instance(aws, HARMLESS)
    aws.deny(action)
    seen = asked(aws, SECRETS)
    subject = of.format(instance=made)
    assert seen.status(SECRETS, subject) == "unknown"
    assert f"{action} was denied" in seen.reason(SECRETS, subject)
    judged = 4 if "LaunchTemplate" in action else 3  # of function, task, project and instance
    assert sorted(str(f.status) for f in seen.of(SECRETS)) == ["pass"] * judged + ["unknown"]
