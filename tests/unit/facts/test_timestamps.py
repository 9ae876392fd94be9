"""Every form of stamp that nodes and pods write, and years that only the reference can tell."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analyzer.facts.parse.timestamps import StampReader, seconds_since_boot

REFERENCE = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BOOT = datetime(2026, 3, 2, 7, 58, tzinfo=UTC)
READER = StampReader(REFERENCE, BOOT)
AT = datetime(2026, 3, 2, 8, 10, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "micros"),
    [
        ("2026-03-02T08:10:05Z text", 0),
        ("2026-03-02T08:10:05.123456789Z stderr F text", 123456),
        ("2026-03-02T08:10:05.123456+00:00 aks-np-0 kubelet[1]: text", 123456),
        ("2026-03-02T08:10:05+0000 aks-np-0 kubelet[1]: text", 0),
        ("2026-03-02T09:10:05+01:00 text", 0),
        ("2026-03-02T02:40:05-0530 text", 0),
        ("2026-03-02T08:10:05,123456+00:00 watchdog: BUG", 123456),
        ("2026-03-02 08:10:05 text", 0),
        ("2026-03-02 08:10:05.5 text", 500000),
        ("2026/03/02 08:10:05 [8800] [cni-net] text", 0),
        ("[2026-03-02T08:10:05Z] text", 0),
        ("Mar 02 08:10:05 aks-np-0 kubelet[1]: text", 0),
        ("Mar  2 08:10:05 aks-np-0 kernel: text", 0),
        ("I0302 08:10:05.123456    2311 server.go:487] text", 123456),
        ('time="2026-03-02T08:10:05.123456789Z" level=info msg=x', 123456),
        ("time=2026-03-02T08:10:05Z level=info msg=x", 0),
        ('{"level":"info","ts":"2026-03-02T08:10:05.000Z","msg":"x"}', 0),
        ('{"level":"info","ts":1772439005.25,"msg":"x"}', 250000),
        ('{"level":"info","ts":1.77243900525e+09,"msg":"x"}', 250000),
        ("1.77243900525e+09\tINFO\tcontroller-runtime\tx", 250000),
        ("ts=2026-03-02T08:10:05.123Z level=info caller=main.go:1 msg=x", 123000),
        ("1772439005.250000 aks-np-0 kubelet[1]: text", 250000),
        ("Mon 2026-03-02 08:10:05 UTC aks-np-0 kubelet[1]: text", 0),
        ("Mon Mar  2 08:10:05 UTC 2026,aks-np-0, startcustomscript", 0),
        ("Mon Mar  2 08:10:05 2026 text", 0),
        ("[Mon Mar  2 08:10:05 2026] sd 1:0:0:0: text", 0),
        ("[  725.000000] text", 0),
        ("<4>[  725.000000] text", 0),
    ],
)
def test_forms(line: str, micros: int) -> None:
    assert READER.read(line.encode()) == AT.replace(microsecond=micros)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "panic: runtime error",
        "2026-13-45T99:99:99Z text",
        "Feb 30 08:10:05 host text",
        "goroutine 1 [running]:",
        "E[31m red",
        "1234 5678",
        "Mon Mar 2 of the plan",
        "Wed Foo  2 08:10:05 UTC 2026",
        "1.5e+09 seconds",
        "1772439005 aks-np-0 text",
        "\x00\xff\xfe",
    ],
)
def test_no_stamp(line: str) -> None:
    assert READER.read(line.encode("latin-1")) is None


def test_year_is_the_newest_that_is_not_after_the_reference() -> None:
    new_year = StampReader(datetime(2026, 1, 1, 0, 30, tzinfo=UTC))
    assert new_year.read(b"Dec 31 23:59:00 host x") == datetime(2025, 12, 31, 23, 59, tzinfo=UTC)
    assert new_year.read(b"I1231 23:59:00.0 1 x.go:1] x") == datetime(
        2025, 12, 31, 23, 59, tzinfo=UTC
    )
    assert new_year.read(b"Jan 01 00:10:00 host x") == datetime(2026, 1, 1, 0, 10, tzinfo=UTC)


def test_leap_day_belongs_to_a_leap_year() -> None:
    assert READER.read(b"Feb 29 08:00:00 host x") == datetime(2024, 2, 29, 8, tzinfo=UTC)


def test_without_reference_or_boot_nothing_is_guessed() -> None:
    bare = StampReader()
    assert bare.read(b"Mar 02 08:10:05 host x") is None
    assert bare.read(b"I0302 08:10:05.1 1 x.go:1] x") is None
    assert bare.read(b"[  725.000000] x") is None
    assert bare.read(b"2026-03-02T08:10:05Z x") == AT


def test_seconds_since_boot() -> None:
    assert seconds_since_boot(b"[   12.500000] text") == 12.5
    assert seconds_since_boot(b"2026-03-02T08:10:05Z text") is None
