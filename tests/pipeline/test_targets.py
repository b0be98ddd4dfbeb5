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


def test_of_several_targets_only_the_one_whose_sdk_is_missing_is_named() -> None:
    installed = [Target("prod", "aws", None), Target("here", "host", None)]
    require_extras(installed)
    with pytest.raises(KeyError, match="nowhere"):  # each is looked at, to the last
        require_extras([*installed, Target("gone", "nowhere", None)])
