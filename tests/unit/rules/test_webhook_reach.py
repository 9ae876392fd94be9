"""What matchConditions say of kube-system, in the forms that people write."""

from __future__ import annotations

import pytest

from analyzer.rules.admission._conditions import leaves_system_out


@pytest.mark.parametrize(
    "expression",
    [
        "request.namespace != 'kube-system'",
        "'kube-system' != request.namespace",
        'object.metadata.namespace != "kube-system"',
        "!(request.namespace in ['kube-system', 'gatekeeper-system'])",
        '!(request.namespace == "kube-system")',
        "!request.namespace.startsWith('kube-')",
        "request.namespace == 'shop'",
        "request.namespace in ['shop', 'billing']",
        "request.operation == 'CREATE' && request.namespace != 'kube-system'",
        "( request.namespace   !=   'kube-system' )",
    ],
)
def test_a_condition_that_leaves_kube_system_out(expression: str) -> None:
    assert leaves_system_out(expression) is True


@pytest.mark.parametrize(
    "expression",
    [
        "true",
        '!(request.resource.group == "coordination.k8s.io")',
        "request.resource.resource != 'leases'",
        "request.namespace == 'kube-system'",
        "request.namespace in ['kube-system', 'shop']",
    ],
)
def test_a_condition_that_lets_kube_system_in(expression: str) -> None:
    assert leaves_system_out(expression) is False


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "!('system:masters' in request.userInfo.groups)",
        "request.namespace != 'kube-system' || true",
        "request.resource.resource != 'pods'",
        "request.resource.resource == 'leases'",
        "object.metadata.labels['a'] == 'kube-system'",
        '!(request.resource.group == "coordination.k8s.io") && has(object.spec)',
    ],
)
def test_a_condition_that_is_not_read(expression: str) -> None:
    assert leaves_system_out(expression) is None
