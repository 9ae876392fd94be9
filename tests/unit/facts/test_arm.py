"""Resources of the REST API and of the portal's JSON view, in the form of ``az``."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.facts.parse.arm import RESOURCES, plain_form

REST: dict[str, Any] = {
    "id": "/subscriptions/s/providers/Microsoft.ContainerService/managedClusters/shop",
    "name": "shop",
    "tags": {"costCENTER": "42"},
    "properties": {
        "currentKubernetesVersion": "1.33.6",
        "enableRBAC": True,
        "networkProfile": {
            "networkPlugin": "azure",
            "dnsServiceIP": "10.0.0.10",
            "loadBalancerProfile": {"effectiveOutboundIPs": [{"id": "ip"}]},
        },
        "agentPoolProfiles": [
            {"name": "np", "osSKU": "Ubuntu", "vnetSubnetID": "s", "nodeLabels": {"teamID": "a"}}
        ],
        "storageProfile": {"diskCSIDriver": {"enabled": True}},
        "addonProfiles": {"ACIConnectorLinux": {"enabled": False}},
    },
}


def test_a_cluster_of_the_rest_api() -> None:
    found = plain_form("managed-cluster", REST)
    assert "properties" not in found
    assert found["name"] == "shop"
    assert found["tags"] == {"costCENTER": "42"}
    assert found["currentKubernetesVersion"] == "1.33.6"
    assert found["enableRbac"] is True
    assert found["networkProfile"]["dnsServiceIp"] == "10.0.0.10"
    assert found["networkProfile"]["loadBalancerProfile"] == {
        "effectiveOutboundIPs": [{"id": "ip"}]
    }
    (pool,) = found["agentPoolProfiles"]
    assert pool == {
        "name": "np", "osSku": "Ubuntu", "vnetSubnetId": "s", "nodeLabels": {"teamID": "a"}
    }  # fmt: skip
    assert found["storageProfile"] == {"diskCsiDriver": {"enabled": True}}
    assert "ACIConnectorLinux" in found["addonProfiles"]


def test_lists_and_what_lies_deeper() -> None:
    rule = {"name": "in", "properties": {"access": "Deny", "sourceAddressPrefix": "*"}}
    group = {"name": "nsg", "properties": {"securityRules": [rule]}}
    flat = [{"name": "nsg", "securityRules": [{"name": "in", "access": "Deny",
             "sourceAddressPrefix": "*"}]}]  # fmt: skip
    assert plain_form("nsg", [group]) == flat
    assert plain_form("nsg", {"value": [group]}) == flat


@pytest.mark.parametrize("name", ["activity-log", "features", "anything"])
def test_other_documents_keep_their_properties(name: str) -> None:
    row = {"id": "x", "properties": {"state": "Registered"}}
    assert plain_form(name, [row]) == [row]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.sampled_from(sorted(RESOURCES)), JSON)
def test_what_az_prints_stays_as_it_is(name: str, document: Any) -> None:
    rows = document if isinstance(document, list) else [document]
    if any(isinstance(row, dict) and {"properties", "value"} & row.keys() for row in rows):
        return
    assert plain_form(name, document) == document
