"""collect.sh where things go wrong: images, pods, transfers, signals, rights, the API server."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time

import pytest

from tests.needs import require

from .canaries import TEXTS
from .cluster import Fault, Kind
from .conftest import SHELLS, rows
from .field import Field, container_pod, manifest_of, wait_for


def test_image_that_is_not_there_gives_way_to_the_next(field: Field, ash: tuple[str, ...]) -> None:
    """The list of a node's images is tried one by one; a node without any is named."""
    field.add_nodes("n0", "n1")
    field.nodes[0].images = ("mcr.microsoft.com/other:2",)
    field.cluster.objects[("", "nodes")][0]["status"]["images"] = [
        {"names": ["mcr.microsoft.com/other:2"]}
    ]
    field.nodes[1].images = ()
    result = field.run(ash)
    assert result.returncode == 3, result.stderr
    missing = manifest_of(field.bundle())["nodes"]["missing"]
    assert [m["node"] for m in missing] == ["n1"] and "ErrImageNeverPull" in missing[0]["reason"]
    assert field.left_behind() == []


def test_node_that_never_starts_gets_what_its_kubelet_serves(field: Field) -> None:
    """Partial success: the row says why, the logs that the proxy serves are in their place."""
    field.add_nodes("n0", "n1")
    field.nodes[1].starts = False
    served = {
        "logs/azure/cluster-provision.log": f"provision\n{TEXTS['password =']}\n",
        "logs/": "journal of the kubelet\n",
    }
    field.cluster.kubelet = lambda node, what: field.kubelet(node, what) or served.get(what)
    result = field.run(("dash",))
    assert result.returncode == 3, result.stderr
    files = field.bundle()
    manifest = manifest_of(files)
    assert (
        manifest["nodes"]["answered"] == 1
        and "did not start" in manifest["nodes"]["missing"][0]["reason"]
    )
    assert files["nodes/n1/azure/cluster-provision.log"] == b"provision\npassword=<masked>\n"
    assert files["nodes/n1/kubelet/journal.log"] == b"journal of the kubelet\n"
    assert rows(files["nodes/n1/collection.tsv"].decode())["host"]["note"].startswith(
        "failed: no node archive"
    )
    assert "n1\tthe pod did not start" in result.stderr


def test_pods_that_a_policy_forbids(field: Field) -> None:
    """The reason comes from the event that admission left."""
    field.add_nodes("n0", forbid_pods=True)
    result = field.run(("dash",))
    assert result.returncode == 3
    assert (
        "denied by a policy for hostPath"
        in manifest_of(field.bundle())["nodes"]["missing"][0]["reason"]
    )
    assert field.left_behind() == []


def test_torn_transfers_are_continued(field: Field, ash: tuple[str, ...]) -> None:
    """The archive is cut off at several points and goes on from there; the checksum decides."""
    field.add_nodes("n0")
    for cut in (1, 3000, 5000):
        field.cluster.faults.append(Fault("/exec.*tail", times=1, tear_after=cut))
    result = field.run(ash)
    assert result.returncode == 0, result.stderr
    assert manifest_of(field.bundle())["nodes"]["answered"] == 1
    offsets = [
        path.split("command=%2B")[1].split("&")[0]
        for _, path in field.server.requests
        if "/exec" in path and "tail" in path
    ]
    assert [int(o) for o in offsets] == [1, 2, 3002, 8002]


def test_resume_fetches_only_what_is_missing(field: Field) -> None:
    """A run that is interrupted leaves no namespace and a folder to go on with."""
    shell = ("dash",)
    field.add_nodes("n0", "n1")
    field.nodes[1].starts = False
    process = subprocess.Popen(
        field.command(shell),
        env=field.env(START_TIMEOUT_S="100"),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    partial = wait_for(field.folder / "out", "*.partial/state/node/n0.ok")
    process.send_signal(signal.SIGINT)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 130, messages
    assert field.left_behind() == [] and "--resume" in messages
    folder = partial.parents[2]
    # half an archive of the pod that was removed is of no use to the next one
    (next(folder.glob("demarc-*")) / "nodes/n1.tar.gz.part").write_bytes(b"half")
    field.nodes[1].starts = True
    before = len(field.server.requests)
    result = field.run(shell, "--resume", str(folder))
    assert result.returncode == 0, result.stderr
    assert manifest_of(field.bundle())["nodes"] == {"asked": 2, "answered": 2, "missing": []}
    again = [path for _, path in field.server.requests[before:]]
    assert not any("/exec" in path and "n0" in path for path in again)
    assert not any("/api/v1/pods?limit" in path for path in again)
    assert not folder.exists() and field.left_behind() == []


@pytest.mark.parametrize(
    ("shell", "stop"),
    [
        (("dash",), signal.SIGINT),
        (("busybox", "ash"), signal.SIGINT),
        (("busybox", "ash"), signal.SIGTERM),
        (("dash",), signal.SIGHUP),
    ],
)
def test_signals_leave_no_namespace(
    field: Field, shell: tuple[str, ...], stop: signal.Signals
) -> None:
    """Ctrl-C, a kill, a lost terminal, for the whole group as a terminal does it."""
    require(shell[0])
    field.add_nodes("n0")
    field.nodes[0].starts = False
    process = subprocess.Popen(
        field.command(shell),
        env=field.env(START_TIMEOUT_S="100"),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    end = time.monotonic() + 60
    while not field.left_behind() and time.monotonic() < end:
        time.sleep(0.1)
    assert field.left_behind() == ["demarc-collector"]
    os.killpg(process.pid, stop)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 130, messages
    assert field.left_behind() == []


CHANCE = random.Random(11)
MOMENTS = [CHANCE.randrange(first, first + 8) for first in (22, 30, 38, 46)]
"""After how many requests: from before the namespace is made to the fetching."""


@pytest.mark.parametrize(("number", "moment"), list(enumerate(MOMENTS)))
def test_interrupted_at_random_moments(field: Field, number: int, moment: int) -> None:
    """Whatever is under way, no namespace stays."""
    shell = sorted(SHELLS.values())[number % 2]
    require(shell[0])
    field.add_nodes("n0")
    process = subprocess.Popen(
        field.command(shell),
        env=field.env(),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    end = time.monotonic() + 60
    while len(field.server.requests) < moment and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGINT)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 130 and "--resume" in messages, messages
    assert field.left_behind() == []


def test_api_server_lost_while_removing(field: Field) -> None:
    """The user is told what to type; the next run offers to remove the namespace."""
    field.add_nodes("n0")
    field.cluster.faults.append(Fault("namespaces/demarc-collector", status=500, method="DELETE"))
    result = field.run(("dash",), NS_GONE_S="2")
    assert "kubectl delete namespace demarc-collector" in result.stderr
    assert field.left_behind() == ["demarc-collector"]
    field.cluster.faults.clear()
    again = field.run(("dash",))
    assert (
        again.returncode == 1
        and "--remove-leftover" in again.stderr
        and field.left_behind() == ["demarc-collector"]
    )
    third = field.run(("dash",), "--remove-leftover")
    assert third.returncode == 0, third.stderr
    assert field.left_behind() == []


def test_pods_that_never_end_do_not_keep_the_namespace(field: Field) -> None:
    """A pod on a dead node is removed by force, in the collector's own namespace only."""
    field.add_nodes("n0", "n1")
    field.nodes[1].starts = False
    result = field.run(("dash",), FORCE_AFTER_S="1")
    assert result.returncode == 3 and "namespace demarc-collector removed" in result.stderr
    assert field.left_behind() == []
    deleted = [path.split("?")[0] for method, path in field.server.requests if method == "DELETE"]
    assert set(deleted) == {
        "/api/v1/namespaces/demarc-collector",
        "/api/v1/namespaces/demarc-collector/pods/demarc-node-1-n1",
    } | ({"/api/v1/namespaces/demarc-collector/pods/demarc-node-1-n0"} & set(deleted))


def test_foreign_namespace_is_left_alone(field: Field) -> None:
    """A namespace of that name which is not the collector's is neither used nor removed."""
    field.add_nodes("n0")
    field.cluster.add("pods", container_pod("x", "demarc-collector", "n0"))
    result = field.run(("dash",))
    assert result.returncode == 1 and "--namespace" in result.stderr
    assert field.left_behind() == ["demarc-collector"]
    assert field.run(("dash",), "--namespace", "demarc-two").returncode == 0
    assert field.left_behind() == ["demarc-collector"]


def test_view_only_account(field: Field, ash: tuple[str, ...]) -> None:
    """Forbidden is told apart from absent; what may be read is read, nothing is made."""
    field.add_nodes("n0")
    field.cluster.denied = {"create namespaces"}
    field.cluster.faults += [
        Fault(r"/api/v1/nodes/n0/proxy", 403),
        Fault("/metrics", 403),
        Fault(r"/api/v1/configmaps\?", 403),
    ]
    result = field.run(ash)
    assert result.returncode == 3, result.stderr
    files = field.bundle()
    collection = rows(files["cluster/collection.tsv"].decode())
    assert collection["feature-gates"]["note"].startswith("forbidden")
    assert collection["configmaps"]["note"].startswith("forbidden")
    assert (
        collection["configmaps/kube-system"]["note"] == ""
        and "cluster/resources/core/configmaps/kube-system.json" in files
    )
    assert collection["persistentvolumes"]["note"].startswith("absent")
    assert collection["kubelet/n0/healthz.txt"]["note"].startswith("forbidden")
    assert "rights.txt" in collection["rights"]["path"]
    assert manifest_of(files)["nodes"]["missing"][0]["reason"].startswith("forbidden")
    assert not any(m == "POST" and "authorization" not in p for m, p in field.server.requests)


def test_account_that_sees_no_nodes(field: Field) -> None:
    """As with the built-in role "view": no node is known, and that is told apart from no nodes."""
    field.add_nodes("n0")
    field.cluster.denied = {"create namespaces"}
    field.cluster.faults.append(Fault(r"/api/v1/nodes|/metrics|storageclasses", 403))
    result = field.run(("dash",))
    assert result.returncode == 3, result.stderr
    files = field.bundle()
    collection = rows(files["cluster/collection.tsv"].decode())
    for item in ("nodes", "storageclasses.storage.k8s.io", "feature-gates"):
        assert collection[item]["note"].startswith("forbidden"), item
    assert "cluster/resources/core/pods/kube-system.json" in files
    assert "cluster/logs/kube-system/cnm-n0/main.log" in files
    assert "nodes\tforbidden" in result.stderr
    assert manifest_of(files)["nodes"] == {"asked": 0, "answered": 0, "missing": []}


def test_sick_api_server(field: Field) -> None:
    """Slow answers, too many requests, errors that pass or stay, a hang, a broken aggregated API.

    And the first look at the pods fails long after they should have started: no node is given up.
    """
    field.add_nodes("n0")
    field.cluster.serve(Kind("metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics", False))
    field.cluster.faults += [
        Fault(r"/api/v1/nodes\?", 429, times=2),
        Fault(r"/api/v1/(namespaces|pods)\?", delay=1.5),
        Fault(r"/api/v1/events\?", 500, times=1),
        Fault(r"/apis/apps/v1/deployments", 500),
        Fault(r"/api/v1/services\?", 0),
        Fault("/apis/metrics.k8s.io/v1beta1", 503),
        Fault(r"/namespaces/demarc-collector/pods\?", 500, times=3),
    ]
    result = field.run(("dash",), CALL_TIMEOUT_S="3", START_TIMEOUT_S="1")
    assert result.returncode == 3, result.stderr
    files = field.bundle()
    collection = rows(files["cluster/collection.tsv"].decode())
    assert collection["nodes"]["note"] == collection["events"]["note"] == ""
    assert collection["namespaces"]["note"] == collection["pods"]["note"] == ""
    assert int(collection["pods"]["ms"]) >= 1500
    assert collection["deployments.apps"]["note"].startswith("failed")
    assert collection["services"]["note"].split(":")[0] in ("timeout", "failed")
    assert collection["api/metrics.k8s.io"]["note"].startswith("failed")
    assert collection["leases.coordination.k8s.io"]["note"] == ""
    assert manifest_of(files)["nodes"]["answered"] == 1


def test_api_server_that_is_not_there(field: Field, shell: tuple[str, ...]) -> None:
    """Nothing usable: exit code 1, within seconds, and no bundle."""
    field.cluster.faults.append(Fault("/version", 0))
    start = time.monotonic()
    result = field.run(shell, CALL_TIMEOUT_S="2")
    assert result.returncode == 1 and "does not answer" in result.stderr
    assert time.monotonic() - start < 60
    assert list((field.folder / "out").glob("*.tar")) == []
