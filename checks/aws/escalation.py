"""Ways from some permissions to all of them, as security research has published them, and whether a principal has one.

- A grant counts where it reaches any resource of its kind, or the principal's own: a pattern of names (`role/app-*`) is
  taken as a boundary that was meant.
- Passing a role counts only together with a service that will run code as that role.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.aws.grants import Grants
from evidence_store.records import Resource

# (action on the principal itself, its groups or the policies it holds; what it must reach; what else it takes)
_OWN_GRANTS = (
    ("iam:CreatePolicyVersion", "policy", ()),
    ("iam:SetDefaultPolicyVersion", "policy", ()),
    ("iam:AttachUserPolicy", "user", ()),
    ("iam:PutUserPolicy", "user", ()),
    ("iam:AttachGroupPolicy", "group", ()),
    ("iam:PutGroupPolicy", "group", ()),
    ("iam:AttachRolePolicy", "role", ("sts:AssumeRole",)),
    ("iam:PutRolePolicy", "role", ("sts:AssumeRole",)),
)
# (action on others, what it must reach)
_ON_OTHERS = (
    ("iam:AddUserToGroup", "group"),
    ("iam:CreateAccessKey", "user"),
    ("iam:CreateLoginProfile", "user"),
    ("iam:UpdateLoginProfile", "user"),
    ("iam:UpdateAssumeRolePolicy", "role"),  # a trust that names its principal needs no sts:AssumeRole beside it
)
_BOUNDARY = {"user": "iam:DeleteUserPermissionsBoundary", "role": "iam:DeleteRolePermissionsBoundary"}
# Services that run code as a role that was passed to them, and what starts that code.
_PASSED = (
    ("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:InvokeFunction")),
    ("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:CreateEventSourceMapping")),
    ("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:AddPermission")),
    ("ec2.amazonaws.com", ("ec2:RunInstances",)),
    ("ec2.amazonaws.com", ("ec2:RequestSpotInstances",)),
    ("ec2.amazonaws.com", ("ec2:AssociateIamInstanceProfile",)),
    ("ec2.amazonaws.com", ("ec2:ReplaceIamInstanceProfileAssociation",)),
    ("ec2.amazonaws.com", ("autoscaling:CreateLaunchConfiguration", "autoscaling:CreateAutoScalingGroup")),
    ("glue.amazonaws.com", ("glue:CreateDevEndpoint",)),
    ("glue.amazonaws.com", ("glue:CreateJob", "glue:StartJobRun")),
    ("glue.amazonaws.com", ("glue:CreateJob", "glue:CreateTrigger")),
    ("glue.amazonaws.com", ("glue:UpdateJob", "glue:StartJobRun")),
    ("glue.amazonaws.com", ("glue:UpdateJob", "glue:CreateTrigger")),
    ("glue.amazonaws.com", ("glue:CreateSession", "glue:RunStatement")),
    ("cloudformation.amazonaws.com", ("cloudformation:CreateStack",)),
    ("cloudformation.amazonaws.com", ("cloudformation:UpdateStack",)),
    ("cloudformation.amazonaws.com", ("cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet")),
    ("cloudformation.amazonaws.com", ("cloudformation:CreateStackSet", "cloudformation:CreateStackInstances")),
    (
        "datapipeline.amazonaws.com",
        ("datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition", "datapipeline:ActivatePipeline"),
    ),
    ("sagemaker.amazonaws.com", ("sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedNotebookInstanceUrl")),
    ("sagemaker.amazonaws.com", ("sagemaker:CreateTrainingJob",)),
    ("sagemaker.amazonaws.com", ("sagemaker:CreateProcessingJob",)),
    ("codebuild.amazonaws.com", ("codebuild:CreateProject", "codebuild:StartBuild")),
    ("codebuild.amazonaws.com", ("codebuild:UpdateProject", "codebuild:StartBuild")),
    ("ecs-tasks.amazonaws.com", ("ecs:RegisterTaskDefinition", "ecs:RunTask")),
    ("ecs-tasks.amazonaws.com", ("ecs:RegisterTaskDefinition", "ecs:StartTask")),
    ("ecs-tasks.amazonaws.com", ("ecs:RegisterTaskDefinition", "ecs:CreateService")),
    ("ecs-tasks.amazonaws.com", ("ecs:RegisterTaskDefinition", "ecs:UpdateService")),
    ("tasks.apprunner.amazonaws.com", ("apprunner:CreateService",)),
    ("states.amazonaws.com", ("states:CreateStateMachine", "states:StartExecution")),
    ("scheduler.amazonaws.com", ("scheduler:CreateSchedule",)),
    ("ssm.amazonaws.com", ("ssm:CreateDocument", "ssm:StartAutomationExecution")),
    ("codestar.amazonaws.com", ("codestar:CreateProject",)),
    (
        "bedrock-agentcore.amazonaws.com",
        ("bedrock-agentcore:CreateCodeInterpreter", "bedrock-agentcore:InvokeCodeInterpreter"),
    ),
)  # fmt: skip
# Code that already runs as some role, and can be replaced.
_TAKEN_OVER = (
    ("lambda:UpdateFunctionCode", "arn:{partition}:lambda:eu-west-1:{account}:function:any-function"),
    ("glue:UpdateDevEndpoint", "arn:{partition}:glue:eu-west-1:{account}:devEndpoint/any-endpoint"),
)


@dataclass(frozen=True, slots=True)
class _Asker:
    """A principal, with ARNs that stand for any resource of a kind and for its own."""

    held: Grants
    kind: str
    name: str
    partition: str
    account: str

    def any_of(self, kind: str) -> str:
        return f"arn:{self.partition}:iam::{self.account}:{kind}/any-{kind}-whatever-its-name"

    def reaches(self, action: str, kind: str) -> bool:
        """Whether the action reaches any resource of the kind, or one that is the principal's own."""
        own = {
            "policy": tuple(arn for arn in self.held.attached if ":iam::aws:" not in arn),
            "group": self.held.groups,
            self.kind: (self.held.principal, f"arn:{self.partition}:iam::{self.account}:user/${{aws:username}}"),
        }
        return any(self.held.may(action, arn) for arn in (self.any_of(kind), *own.get(kind, ())))


def ways(principal: Resource, held: Grants) -> Iterator[str]:
    """Each way to all permissions that the principal has, as the actions that make it up."""
    partition, account = held.principal.split(":")[1], held.principal.split(":")[4]
    asker = _Asker(held, principal.fact("Kind"), principal.fact("Name"), partition, account)
    yield from _own_grants(asker)
    for action, kind in _ON_OTHERS:
        if held.may(action, asker.any_of(kind)):
            yield action
    if held.boundary is not None and held.may(_BOUNDARY[asker.kind], held.principal):
        yield _BOUNDARY[asker.kind]
    yield from _passed(asker)
    for action, resource in _TAKEN_OVER:
        if held.may(action, resource.format(partition=partition, account=account)):
            yield action


def _own_grants(asker: _Asker) -> Iterator[str]:
    for action, kind, further in _OWN_GRANTS:
        own_role = kind == asker.kind == "role"
        if own_role and asker.held.may(action, asker.held.principal):
            yield action
        elif asker.reaches(action, kind) and all(asker.held.may(also, asker.any_of("role")) for also in further):
            yield " with ".join((action, *further))


def _passed(asker: _Asker) -> Iterator[str]:
    role = asker.any_of("role")
    if not asker.held.may("iam:PassRole", role):
        return
    for service, starts in _PASSED:
        if asker.held.may("iam:PassRole", role, service) and all(asker.held.may(action) for action in starts):
            yield " with ".join(("iam:PassRole", *starts))
