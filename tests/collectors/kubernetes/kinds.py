"""The kinds that the test cluster serves: where each lives, and the client's model that its manifests must fit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object, as an API server serves it."""

    name: str
    api_version: str
    plural: str
    model: str | None = None  # the client's model; `None` for a custom resource
    namespaced: bool = True

    @property
    def group(self) -> str:
        return self.api_version.rpartition("/")[0]

    @property
    def full_name(self) -> str:
        """`pods`, `deployments.apps`: as an administrator words it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def root(self) -> str:
        """Where its group is served."""
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.api_version}"


_RBAC = "rbac.authorization.k8s.io/v1"
_NETWORK = "networking.k8s.io/v1"
_ADMISSION = "admissionregistration.k8s.io/v1"

_ALL = (
    Kind("Namespace", "v1", "namespaces", "V1Namespace", namespaced=False),
    Kind("Node", "v1", "nodes", "V1Node", namespaced=False),
    Kind("Pod", "v1", "pods", "V1Pod"),
    Kind("ServiceAccount", "v1", "serviceaccounts", "V1ServiceAccount"),
    Kind("Secret", "v1", "secrets", "V1Secret"),
    Kind("ConfigMap", "v1", "configmaps", "V1ConfigMap"),
    Kind("Service", "v1", "services", "V1Service"),
    Kind("LimitRange", "v1", "limitranges", "V1LimitRange"),
    Kind("ResourceQuota", "v1", "resourcequotas", "V1ResourceQuota"),
    Kind("PersistentVolumeClaim", "v1", "persistentvolumeclaims", "V1PersistentVolumeClaim"),
    Kind("Deployment", "apps/v1", "deployments", "V1Deployment"),
    Kind("DaemonSet", "apps/v1", "daemonsets", "V1DaemonSet"),
    Kind("StatefulSet", "apps/v1", "statefulsets", "V1StatefulSet"),
    Kind("CronJob", "batch/v1", "cronjobs", "V1CronJob"),
    Kind("HorizontalPodAutoscaler", "autoscaling/v2", "horizontalpodautoscalers", "V2HorizontalPodAutoscaler"),
    Kind("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets", "V1PodDisruptionBudget"),
    Kind("Ingress", _NETWORK, "ingresses", "V1Ingress"),
    Kind("NetworkPolicy", _NETWORK, "networkpolicies", "V1NetworkPolicy"),
    Kind("Role", _RBAC, "roles", "V1Role"),
    Kind("RoleBinding", _RBAC, "rolebindings", "V1RoleBinding"),
    Kind("ClusterRole", _RBAC, "clusterroles", "V1ClusterRole", namespaced=False),
    Kind("ClusterRoleBinding", _RBAC, "clusterrolebindings", "V1ClusterRoleBinding", namespaced=False),
    Kind(
        "ValidatingWebhookConfiguration",
        _ADMISSION,
        "validatingwebhookconfigurations",
        "V1ValidatingWebhookConfiguration",
        namespaced=False,
    ),
    Kind(
        "ValidatingAdmissionPolicy",
        _ADMISSION,
        "validatingadmissionpolicies",
        "V1ValidatingAdmissionPolicy",
        namespaced=False,
    ),
    Kind(
        "ValidatingAdmissionPolicyBinding",
        _ADMISSION,
        "validatingadmissionpolicybindings",
        "V1ValidatingAdmissionPolicyBinding",
        namespaced=False,
    ),
    Kind("VulnerabilityReport", "aquasecurity.github.io/v1alpha1", "vulnerabilityreports"),
)

KINDS = {kind.name: kind for kind in _ALL}
BY_PATH = {(kind.root, kind.plural): kind for kind in _ALL}
