"""Lambda: functions as they are deployed now (`$LATEST`), and the variables that they are started with."""

from collections.abc import Iterator, Mapping
from typing import Any

from collectors.aws import variables
from collectors.aws.reader import Reader
from collectors.aws.shaping import only
from collectors.source import Facet, source
from evidence_store.records import Observation, Unread, Why

FUNCTION = "aws.lambda.function"
_ALWAYS = ("FunctionName", "FunctionArn", "Version")
_KEPT = (
    "Runtime", "PackageType", "Role", "Handler", "CodeSha256", "CodeSize", "Description", "Timeout", "MemorySize",
    "LastModified", "VpcConfig", "DeadLetterConfig", "KMSKeyArn", "TracingConfig", "MasterArn", "Layers", "State",
    "StateReasonCode", "FileSystemConfigs", "Architectures", "EphemeralStorage", "SnapStart", "LoggingConfig",
    "SigningProfileVersionArn", "SigningJobArn",
)  # fmt: skip


@source(
    "lambda.ListFunctions",
    level="region",
    yields=[Facet(FUNCTION, facts=_ALWAYS, optional=_KEPT, lists=True), variables.facet(FUNCTION)],
)
def functions(read: Reader) -> Iterator[Observation]:
    """Every function. Whoever may not decrypt its variables gets an error in their place: those are unread."""
    for function in read.pages("lambda.ListFunctions", "Functions"):
        facts = only(function, *_ALWAYS, *_KEPT)
        yield Observation(FUNCTION, function["FunctionArn"], facts)
        environment = function.get("Environment") or {}
        yield Observation(FUNCTION, function["FunctionArn"], _variables(environment), facet="variables")


def _variables(environment: Mapping[str, Any]) -> dict[str, Any] | Unread:
    if error := environment.get("Error"):
        return Unread(Why.DENIED, "kms:Decrypt", str(error.get("ErrorCode", "")))
    return variables.facts(sorted(environment.get("Variables", {}).items()))
