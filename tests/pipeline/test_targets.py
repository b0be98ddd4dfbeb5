"""A target whose SDK is not installed: one sentence with the command that installs it."""

from dataclasses import replace

import pytest

from collectors.source import provider
from configuration import ConfigurationError, Target
from pipeline.targets import require, require_extras


@pytest.mark.parametrize("modules", [("absent_sdk",), ("absent.sdk.client",), ("json", "absent.sdk")])
def test_a_missing_sdk_is_named_with_what_installs_it(modules: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match=r"pip install 'annexa\[aws\]'") as told:
        require("prod", replace(provider("aws"), modules=modules))
    assert "absent" in str(told.value)
    assert "json" not in str(told.value)


def test_an_installed_sdk_is_enough() -> None:
    require_extras([Target("prod", "aws", None), Target("here", "host", None)])
