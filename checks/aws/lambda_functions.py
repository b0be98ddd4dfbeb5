"""Functions, and the settings that code is started with."""

from datetime import date, datetime

from checks.check import Answer, NotApplicable, Unknown, check
from checks.secret_names import held_in
from evidence_store.records import Resource

# The day on which AWS ends support for a runtime, from its table of runtimes as of August 2026. Some days move; the
# parameter `ends` goes before this table.
_ENDS = {
    "nodejs": "2016-08-30", "nodejs4.3": "2020-03-05", "nodejs4.3-edge": "2020-03-05", "nodejs6.10": "2019-08-12",
    "nodejs8.10": "2020-03-06", "nodejs10.x": "2021-07-30", "nodejs12.x": "2023-03-31", "nodejs14.x": "2023-12-04",
    "nodejs16.x": "2024-06-12", "nodejs18.x": "2025-09-01", "nodejs20.x": "2026-04-30", "nodejs22.x": "2027-04-30",
    "nodejs24.x": "2028-04-30",
    "python2.7": "2021-07-15", "python3.6": "2022-07-18", "python3.7": "2023-12-04", "python3.8": "2024-10-14",
    "python3.9": "2025-12-15", "python3.10": "2026-10-31", "python3.11": "2027-06-30", "python3.12": "2028-10-31",
    "python3.13": "2029-06-30", "python3.14": "2029-06-30",
    "java8": "2024-01-08", "java8.al2": "2027-06-30", "java11": "2027-06-30", "java17": "2027-06-30",
    "java8.al2023": "2029-06-30", "java11.al2023": "2029-06-30", "java17.al2023": "2029-06-30", "java21": "2029-06-30",
    "java25": "2029-06-30",
    "dotnetcore1.0": "2019-06-27", "dotnetcore2.0": "2019-05-30", "dotnetcore2.1": "2022-01-05", "dotnetcore3.1": "2023-04-03",
    "dotnet6": "2024-12-20", "dotnet8": "2026-11-10", "dotnet10": "2028-11-14",
    "go1.x": "2024-01-08",
    "ruby2.5": "2021-07-30", "ruby2.7": "2023-12-07", "ruby3.2": "2026-03-31", "ruby3.3": "2027-03-31",
    "ruby3.4": "2028-03-31", "ruby4.0": "2029-03-31",
    "provided": "2024-01-08", "provided.al2": "2026-07-31", "provided.al2023": "2029-06-30",
}  # fmt: skip


@check(
    on="aws.lambda.function",
    severity="medium",
    version=1,
    needs=("FunctionName", "Runtime", "PackageType"),
    fix="Move the function to a runtime that is still supported, test it, and publish it.",
)
def aws_lambda_supported_runtime(function: Resource, *, at: datetime, ends: tuple[str, ...] = ()) -> Answer:
    """Functions use runtimes that still get fixes.

    After its end of support a runtime gets no more security fixes, and the function runs on whatever holes are found in
    it. What a container image is built from is judged with the image.

    `ends`: days on which support ends, `runtime=2027-06-30`, for runtimes that are newer than the table or were extended
    """
    name, runtime = function.fact("FunctionName"), function.fact("Runtime")
    if runtime is None and function.fact("PackageType") == "Image":
        return NotApplicable(f"function {name} is a container image and brings its own runtime")
    end = {**_ENDS, **dict(entry.split("=", 1) for entry in ends if "=" in entry)}.get(runtime or "")
    if end is None:
        return Unknown(f"function {name} uses runtime {runtime}, whose end of support is not known: declare it in `ends`")
    if date.fromisoformat(end) <= at.date():
        return f"function {name} uses {runtime}, whose support ended on {end}"
    return None


@check(
    on="aws.lambda.function",
    also_on=("aws.ecs.task_definition", "aws.codebuild.project", "aws.ec2.instance", "aws.ec2.launch_template"),
    severity="critical",
    version=1,
    needs=("Variables",),
    fix="Move the secret to Secrets Manager or Parameter Store, refer to it from there, and change it: it was readable here.",
)
def aws_no_plaintext_secrets(resource: Resource, *, harmless: tuple[str, ...] = ()) -> Answer:
    """No secret stands in variables, commands or start-up scripts.

    Whoever may describe a function, a task, a build or an instance reads its settings, and so do logs and templates. A
    text is taken for a secret by its shape, or where a variable's name says that it holds one; what only refers to a
    secret kept elsewhere is as it should be.

    `harmless`: names of variables that sound like secrets and hold none
    """
    variables = resource.fact("Variables")
    if variables is None:
        return NotApplicable(f"{resource.name} is terminated and starts nothing any more")
    found = held_in(variables, harmless)
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return f"{resource.name} holds a secret in plain text in {', '.join(found[:3])}{more}" if found else None
