"""The command that lists who wrote to an Azure resource, made of names from a bundle."""

from __future__ import annotations

import pytest

from analyzer.facts.azure_authors import author_command


def test_it_names_the_resource() -> None:
    assert "contains(resourceId, 'aks-work-1-vmss')" in author_command(None, "aks-work-1-vmss")


@pytest.mark.parametrize("name", ["x'; rm -rf ~; '", "$(id)", "a b", "`id`", ""])
def test_a_name_that_a_shell_would_run_stays_out(name: str) -> None:
    command = author_command(None, name)
    assert "contains(resourceId, '<resource>')" in command
    assert not name or name not in command
