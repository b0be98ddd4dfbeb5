"""How tests of Azure's checks ask."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.harness import Looked, look

if TYPE_CHECKING:
    from tests.collectors.azure.cloud import Cloud

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def asked(azure: "Cloud", check: str, **parameters: Any) -> Looked:
    return look(azure.connect(), check, at=NOW, parameters={check: parameters})
