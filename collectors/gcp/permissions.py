"""What each call needs to be allowed, and the custom role that allows just that.

Everything is read by `ListAssets`, whose permission depends on the kind of content asked for. A call is named by both:
`cloudasset.ListAssets RESOURCE`. No other call is known here, so none can be declared.
"""

from collections.abc import Iterable

from collectors.source import Source

_PERMISSIONS = {
    "cloudasset.ListAssets RESOURCE": "cloudasset.assets.listResource",
    "cloudasset.ListAssets IAM_POLICY": "cloudasset.assets.listIamPolicy",
    "cloudasset.ListAssets ORG_POLICY": "cloudasset.assets.listOrgPolicy",
    "cloudasset.ListAssets OS_INVENTORY": "cloudasset.assets.listOSInventories",
}

# What finding the target's projects needs, whichever sources run.
OWN_CALLS = frozenset({"cloudasset.ListAssets RESOURCE"})

_ROLE = """\
# The least that reading needs, as a custom role; roles/cloudasset.viewer holds it too, and more. Make it, and grant it
# on the organization or folder that is read (for one project: --project=PROJECT_ID, and grant it there):
#
#   gcloud iam roles create annexaReader --organization=ORGANIZATION_ID --file=role.yaml
#   gcloud organizations add-iam-policy-binding ORGANIZATION_ID \\
#     --member=serviceAccount:READER --role=organizations/ORGANIZATION_ID/roles/annexaReader
#
# In the project that the calls count against (quota_project, or else the reader's own project):
#
#   gcloud services enable cloudasset.googleapis.com --project=QUOTA_PROJECT
#   gcloud projects add-iam-policy-binding QUOTA_PROJECT \\
#     --member=serviceAccount:READER --role=roles/serviceusage.serviceUsageConsumer
"""
_INVENTORY = """\
#
# Installed and missing packages of machines are known only where OS inventory is on (osconfig.googleapis.com enabled and
# its agent running in each machine).
"""
_IMPERSONATION = """\
#
# With `impersonate`, whoever runs the scanner also needs roles/iam.serviceAccountTokenCreator on that service account.
"""


def permission_of(call: str) -> str:
    """The permission that a call needs. Raises `KeyError` for a call that is not a read of assets."""
    return _PERMISSIONS[call]


def policy(sources: Iterable[Source]) -> str:
    """The role, as the YAML that `gcloud iam roles create` takes, that lets these sources read and nothing else."""
    permissions = {permission for source in sources for permission in source.permissions}
    permissions |= {permission_of(call) for call in OWN_CALLS}
    inventory = _INVENTORY if "cloudasset.assets.listOSInventories" in permissions else ""
    lines = [
        "title: Annexa reader",
        "description: Lists assets, their policies and their inventories; reads no content and changes nothing.",
        "stage: GA",
        "includedPermissions:",
        *(f"- {permission}" for permission in sorted(permissions)),
    ]
    return _ROLE + inventory + _IMPERSONATION + "\n".join(lines) + "\n"
