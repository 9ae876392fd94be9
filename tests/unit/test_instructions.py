"""Commands in instructions carry the names of this cluster, and only names that a shell takes."""

from __future__ import annotations

import pytest

from analyzer.instructions import ClusterNames, with_names
from analyzer.model.subject import CLUSTER, Subject

NAMES = ClusterNames(
    {"<cluster>": "prod", "<resource group>": "rg-prod", "<version>": "1.34.4", "VERSION": "1.34.4"}
)
POOL = Subject(kind="NodePool", name="work")
NODE = Subject(kind="Node", name="aks-work-12810419-vmss00000a")
POD = Subject(kind="Pod", namespace="kube-system", name="coredns-0", node=NODE.name)
BUDGET = Subject(kind="PodDisruptionBudget", namespace="shop", name="cart-pdb")
JOB = Subject(kind="Job", namespace="shop", name="nightly-29000")


@pytest.mark.parametrize(
    ("text", "subject", "affects", "told"),
    [
        (
            "az aks update -g <resource group> -n <cluster>",
            CLUSTER,
            (),
            "az aks update -g rg-prod -n prod",
        ),
        (
            "az aks nodepool upgrade -n <pool> --kubernetes-version <version>",
            POOL,
            (),
            "az aks nodepool upgrade -n work --kubernetes-version 1.34.4",
        ),
        (
            "kubectl -n <namespace> logs <pod> --previous",
            Subject(kind="Deployment", namespace="kube-system", name="coredns"),
            (POD,),
            "kubectl -n kube-system logs coredns-0 --previous",
        ),
        ("kubectl edit pdb NAME -n NAMESPACE", BUDGET, (), "kubectl edit pdb cart-pdb -n shop"),
        (
            "kubectl delete <kind> <name> -n <namespace>",
            BUDGET,
            (),
            "kubectl delete poddisruptionbudget cart-pdb -n shop",
        ),
        # The name of the extension is not that of the pool.
        (
            "az vmss extension delete --vmss-name <vmss> -n <name>",
            POOL,
            (NODE,),
            "az vmss extension delete --vmss-name aks-work-12810419-vmss -n <name>",
        ),
        # A Job's name is no CronJob's.
        (
            "kubectl logs job/NAME; kubectl create job --from=cronjob/NAME NAME-again",
            JOB,
            (),
            "kubectl logs job/nightly-29000; kubectl create job --from=cronjob/NAME NAME-again",
        ),
        ("kubectl uncordon NODE", NODE, (), f"kubectl uncordon {NODE.name}"),
        ("kubectl debug node/<node>", POD, (), f"kubectl debug node/{NODE.name}"),
        ("kubectl uncordon NODE", CLUSTER, (), "kubectl uncordon NODE"),
        ("Nothing to fill in <unit>", NODE, (), "Nothing to fill in <unit>"),
    ],
)
def test_what_is_known_is_filled_in(
    text: str, subject: Subject, affects: tuple[Subject, ...], told: str
) -> None:
    assert with_names(text, subject, affects, NAMES) == told


@pytest.mark.parametrize("name", ["a; rm -rf x", "$(id)", "a b", "-n", "x" * 300, "`id`", ""])
def test_no_name_becomes_a_second_command(name: str) -> None:
    subject = Subject(kind="Node", name=name)
    assert with_names("kubectl uncordon NODE", subject, (), NAMES) == "kubectl uncordon NODE"
