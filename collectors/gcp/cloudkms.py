"""Cloud KMS: keys, with the version that is used now."""

from typing import Any

from collectors.gcp.shaping import Facts, Shape, listing, only

_VERSION = (
    "name", "state", "createTime", "protectionLevel", "algorithm", "generateTime", "destroyTime", "importJob",
)  # fmt: skip


def _key(facts: Facts, _: Any) -> Facts:
    return {"primary": only(facts["primary"], *_VERSION)} if "primary" in facts else {}


crypto_keys = listing(
    Shape(
        "gcp.kms.crypto_key",
        "cloudkms.googleapis.com/CryptoKey",
        always={"name": str},
        maybe={
            "purpose": str,
            "createTime": str,
            "rotationPeriod": str,
            "nextRotationTime": str,
            "primary": dict,
            "versionTemplate": dict,
            "importOnly": bool,
            "destroyScheduledDuration": str,
            "cryptoKeyBackend": str,
            "labels": dict,
        },
    ),
    _key,
)
