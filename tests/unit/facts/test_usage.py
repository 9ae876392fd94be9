"""Who uses what on a node: the kubelet's summary and the process table."""

from __future__ import annotations

import json

import pytest

from analyzer.facts.processes import KEPT, NodeProcesses, parse_ps
from analyzer.facts.usage import NodeUse, Usage, read_use, usage_of
from analyzer.model.gap import NotCollected

SUMMARY = "cluster/kubelet/n1/stats-summary.json"
GIB = 1024**3


def pod(name: str, storage: int | None, memory: int = 0) -> dict[str, object]:
    row: dict[str, object] = {
        "podRef": {"name": name, "namespace": "shop", "uid": f"uid-{name}"},
        "memory": {"workingSetBytes": memory},
        "process_stats": {"process_count": 7},
    }
    if storage is not None:
        row["ephemeral-storage"] = {"usedBytes": storage, "inodesUsed": 12}
    return row


def summary(*pods: dict[str, object]) -> bytes:
    node = {
        "nodeName": "n1",
        "fs": {"capacityBytes": 128 * GIB, "availableBytes": 8 * GIB, "usedBytes": 120 * GIB},
        "runtime": {"imageFs": {"usedBytes": 30 * GIB}},
        "memory": {"workingSetBytes": 6 * GIB, "availableBytes": GIB},
        "rlimit": {"maxpid": 32768, "curproc": 900},
    }
    return json.dumps({"node": node, "pods": list(pods)}).encode()


def test_the_largest_pods_by_storage_and_by_memory() -> None:
    pods = [pod(f"p{i:02d}", i * GIB, (40 - i) * GIB) for i in range(40)]
    use = read_use(SUMMARY, summary(*pods), "found/at.json")
    assert isinstance(use, NodeUse)
    assert [p.name for p in use.by_storage[:2]] == ["p39", "p38"]
    assert [p.name for p in use.by_memory[:2]] == ["p00", "p01"]
    assert len(use.by_storage) == len(use.by_memory) == KEPT
    assert (use.pod_count, use.ephemeral_bytes) == (40, sum(range(40)) * GIB)
    assert (use.fs.available_bytes, use.image_fs.used_bytes) == (8 * GIB, 30 * GIB)
    assert (use.processes.curproc, use.memory.available_bytes) == (900, GIB)
    where = use.by_storage[0].where
    assert where.path == "found/at.json"
    assert where.anchors == ("uid: uid-p39", "ephemeral-storage", f"usedBytes: {39 * GIB}")


def test_what_is_not_told_is_not_zero() -> None:
    use = read_use(SUMMARY, summary(pod("a", None)), SUMMARY)
    assert isinstance(use, NodeUse)
    assert use.by_storage == ()


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"node": 7}', b"Forbidden\n", b"[" * 9000])
def test_a_torn_summary_is_none(data: bytes) -> None:
    assert read_use(SUMMARY, data, SUMMARY) is None


PS = """\
USER         PID    PPID %CPU %MEM   RSS STAT     ELAPSED COMMAND
root           1       0  0.1  0.0 11000 Ss    4-01:00:00 /sbin/init
1000        4242    4000 97.5 12.0 1960000 Rl    02:11:09 java -Xmx2g -jar /app/search.jar --x y
root        5151       2  0.0  0.0     0 D       00:40:00 [jbd2/sdc1-8]
root        5152       2  0.0  0.0     0 Z       00:40:00 [sh] <defunct>
a line that is none
"""


def test_the_process_table_by_its_header() -> None:
    table = parse_ps("n1", PS, "nodes/n1/host/ps")
    assert table is not None
    assert (table.total, dict(table.states)) == (4, {"D": 1, "R": 1, "S": 1, "Z": 1})
    top = table.by_memory[0]
    assert (top.pid, top.rss_kib, top.cpu_percent) == (4242, 1960000, 97.5)
    assert top.command == "java -Xmx2g -jar /app/search.jar --x y"
    assert (top.where.line, table.by_cpu[0].pid) == (3, 4242)
    assert [row.pid for row in table.stuck] == [5151]


def test_the_short_table_of_busybox() -> None:
    table = parse_ps("n1", "PID   USER     VSZ STAT COMMAND\n    1 root     10 S    init\n", "x")
    assert table is not None
    assert (table.total, table.by_memory[0].rss_kib, table.by_memory[0].state) == (1, None, "S")


@pytest.mark.parametrize("text", ["", "ps: not found\n", "USER PID\n"])
def test_no_header_no_table(text: str) -> None:
    assert parse_ps("n1", text, "x") is None


def test_by_node_and_what_is_missing() -> None:
    use, table = read_use(SUMMARY, summary(), SUMMARY), parse_ps("n2", PS, "nodes/n2/host/ps")
    assert isinstance(use, NodeUse)
    assert isinstance(table, NodeProcesses)
    usage = usage_of([use, table])
    assert usage.of("n1") is use
    assert usage.processes("n2") is table
    with pytest.raises(NotCollected, match="stats-summary"):
        usage.of("n2")
    with pytest.raises(NotCollected, match="host/ps"):
        usage.processes("n1")
    assert usage.readable
    assert not Usage().readable
