"""A target whose SDK is not installed: one sentence with the command that installs it."""

import pytest

from collectors.source import provider
from configuration import ConfigurationError, Target
from pipeline import targets


@pytest.mark.parametrize("modules", [("absent_sdk",), ("absent.sdk.client",), ("json", "absent.sdk")])
def test_a_missing_sdk_is_named_with_what_installs_it(modules: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    aws = provider("aws")
    monkeypatch.setattr(targets, "provider", lambda _: type(aws)("aws", "aws", modules, aws.settings, aws.connect, aws.policy))
    with pytest.raises(ConfigurationError, match=r"pip install 'annexa\[aws\]'") as told:
        targets.require_extras([Target("prod", "aws", None)])
    assert "json" not in str(told.value)


def test_an_installed_sdk_is_enough() -> None:
    targets.require_extras([Target("prod", "aws", None), Target("here", "host", None)])
