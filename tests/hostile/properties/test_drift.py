"""Drift: true to both objects, blind to order and to what a customer may change, never a crash."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from analyzer.baselines.attribution import changes, customer_changes
from analyzer.baselines.catalogue import Catalogue, load
from analyzer.baselines.drift import differences
from analyzer.baselines.drift_rows import ABSENT, path_steps, text_of
from analyzer.baselines.schema import Component
from analyzer.facts.objects import AnyObject
from tests.hostile.effort import examples

#: Names as Kubernetes writes them, those with a meaning of their own among them.
KEYS = st.sampled_from(
    ["spec", "containers", "name", "image", "env", "ports", "containerPort", "protocol", "volumes",
     "limits", "cpu", "memory", "storage", "args", "conditions", "type", "mountPath", "webhooks",
     "app.kubernetes.io/name", "kubernetes.azure.com/managedby", "key", "data", "scheme"]
)  # fmt: skip
TEXTS = st.sampled_from(
    ["", "a", "coredns", "500Mi", "0.5Gi", "3", "3000m", "30s", "1h30m", "Always", "IfNotPresent",
     "TCP", "UDP", "53", "007", "true", "é", "x" * 200, ".:53 {\n  errors\n}", "mcr.io/x:v1"]
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers(-5, 10**6) | st.floats(allow_nan=False) | TEXTS
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=16,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=5)
#: Anything that JSON can say, under any names.
WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


def shuffled(value: Any, dice: random.Random) -> Any:
    """The same value with all keys and lists in another order."""
    if isinstance(value, dict):
        keys = list(value)
        dice.shuffle(keys)
        return {key: shuffled(value[key], dice) for key in keys}
    if isinstance(value, list):
        items = [shuffled(item, dice) for item in value]
        dice.shuffle(items)
        return items
    return value


def parts(value: Any) -> Iterator[Any]:
    """The value and all values in it."""
    yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from parts(inner)
        else:
            yield inner


@examples(60)
@given(OBJECTS, st.booleans(), st.randoms(use_true_random=False))
def test_an_object_is_the_same_as_itself_in_any_order(
    value: dict[str, Any], extra: bool, dice: random.Random
) -> None:
    assert differences(value, value, extra=extra) == ()
    assert differences(value, shuffled(value, dice), extra=extra) == ()


@examples(60)
@given(OBJECTS, OBJECTS, st.booleans())
def test_what_is_told_is_in_the_objects(
    expected: dict[str, Any], actual: dict[str, Any], extra: bool
) -> None:
    here, there = ({text_of(one) for one in parts(side)} | {ABSENT} for side in (expected, actual))
    for row in differences(expected, actual, extra=extra):
        assert row.path and path_steps(row.path)
        assert row.expected in here, row
        assert row.actual in there, row


@examples(40)
@given(OBJECTS, OBJECTS, st.randoms(use_true_random=False))
def test_the_order_of_keys_changes_nothing(
    expected: dict[str, Any], actual: dict[str, Any], dice: random.Random
) -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            keys = list(value)
            dice.shuffle(keys)
            return {key: turned(value[key]) for key in keys}
        return [turned(item) for item in value] if isinstance(value, list) else value

    assert differences(expected, actual) == differences(turned(expected), turned(actual))


@examples(40)
@given(OBJECTS, OBJECTS, st.randoms(use_true_random=False))
def test_the_order_of_lists_changes_no_verdict(
    expected: dict[str, Any], actual: dict[str, Any], dice: random.Random
) -> None:
    rows = differences(expected, actual)
    assert bool(rows) == bool(differences(expected, shuffled(actual, dice)))


@examples(40)
@given(st.dictionaries(st.text(max_size=5), WILD), st.dictionaries(st.text(max_size=5), WILD))
def test_no_value_in_any_place_is_too_much(left: dict[str, Any], right: dict[str, Any]) -> None:
    for expected, actual in ((left, right), ({"spec": left}, {"spec": right}), (left, {})):
        for row in differences(expected, actual, extra=True):
            assert isinstance(row.path, str)


# --- what a customer may change ------------------------------------------------------------------
@cache
def catalogue() -> Catalogue:
    return load()


def allowed() -> list[tuple[Component, str, str]]:
    """Component, object and key of everything that the catalogue leaves to the customer."""
    return [
        (component, rule.object, key)
        for component in catalogue().components
        for rule in component.customer_may
        for key in (rule.keys or ("data.anything", "spec.replicas"))
        if rule.object or rule.keys
    ]


def made(component: Component, target: str, field: str) -> AnyObject:
    """An object whose ``field`` a person changed with ``kubectl edit``."""
    namespace = next(iter(component.namespaces), "")
    where = target or f"{component.kind}/{namespace}/{component.name}"
    kind, namespace, name = (*where.split("/", 2), "", "")[:3]
    fields: dict[str, Any] = {}
    for step in reversed(path_steps(field)):
        fields = {f"f:{step}": fields}
    entry = {
        "manager": "kubectl-edit", "operation": "Update", "time": "2026-03-01T12:00:00Z",
        "fieldsType": "FieldsV1", "fieldsV1": fields,
    }  # fmt: skip
    raw = {
        "kind": kind,
        "metadata": {"name": name.replace("*", "x"), "namespace": namespace.replace("*", "x"),
                     "managedFields": [entry]},
    }  # fmt: skip
    return AnyObject.model_validate(raw)


@examples(150)
@given(st.sampled_from(allowed()), st.sampled_from(["x", "example.server", "corp-dns", "zone1"]))
def test_what_a_customer_may_change_is_no_damage(
    case: tuple[Component, str, str], word: str
) -> None:
    component, target, key = case
    field = key.replace("[*]", f"[{word}]").replace(".*", f"[{word}]").replace("*", "x")
    thing = made(component, target, field)
    assert [change.kind for change in changes(thing)] == ["customer"]
    assert customer_changes(thing, component) == ()
