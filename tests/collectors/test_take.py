"""take: one command, a time limit that holds, a size limit, one row. Under both shells."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from .conftest import Run, rows, tools_without


def collected(tmp_path: Path) -> dict[str, dict[str, str]]:
    """The rows that were written."""
    return rows((tmp_path / "out/collection.tsv").read_text(encoding="utf-8"))


def test_output_and_row(snippet: Run, tmp_path: Path) -> None:
    """Standard output is the file; messages are not."""
    snippet("take a 5 4096 x/a sh -c 'echo data; echo warning >&2'")
    assert (tmp_path / "out/x/a").read_text(encoding="utf-8") == "data\n"
    row = collected(tmp_path)["a"]
    assert (row["exit"], row["bytes"], row["truncated"], row["note"]) == ("0", "5", "0", "")
    assert row["started"].endswith("Z") and int(row["ms"]) >= 0


def test_failure_is_a_note_and_never_data(snippet: Run, tmp_path: Path) -> None:
    """The first message goes into the row, the file is not there."""
    snippet(
        "take a 5 4096 a sh -c 'echo \"it\tbroke\" >&2; exit 7'\n"
        "take b 5 4096 b no-such-tool; take_file c 5 4096 c /no/such"
    )
    found = collected(tmp_path)
    assert (found["a"]["exit"], found["a"]["note"]) == ("7", "failed: it broke")
    assert found["b"]["note"].startswith("missing-tool")
    assert found["c"]["note"].startswith("absent")
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"collection.tsv"}


@pytest.mark.parametrize(
    "hang", ["sleep 600", "trap '' TERM INT; sleep 600 & wait; sleep 600", "sleep 600 | cat"]
)
def test_time_limit(snippet: Run, tmp_path: Path, hang: str) -> None:
    """Also for a command that ignores signals or has children; what it said before is kept."""
    start = time.monotonic()
    snippet(f'take a 1 4096 a sh -c "echo begun; {hang}"; take b 5 4096 b echo next')
    assert time.monotonic() - start < 40
    found = collected(tmp_path)
    assert found["a"]["exit"] == "124" and found["a"]["note"].startswith("timeout")
    assert (tmp_path / "out/a").read_text(encoding="utf-8") == "begun\n"
    assert found["b"]["exit"] == "0"


def test_time_limit_with_a_child_that_cannot_be_killed(snippet: Run, tmp_path: Path) -> None:
    """A process that is out of reach (as in the kernel on a dead disk) is left alone."""
    start = time.monotonic()
    snippet(
        "take a 1 4096 a sh -c 'echo begun; (setsid sleep 90 &)'\ntake b 5 4096 b echo next",
        timeout=80,
    )
    assert time.monotonic() - start < 40
    found = collected(tmp_path)
    assert found["a"]["note"].startswith("timeout") and found["b"]["exit"] == "0"
    assert (tmp_path / "out/a").read_text(encoding="utf-8") == "begun\n"


def test_time_limit_without_timeout_ps_or_fractions(snippet: Run, tmp_path: Path) -> None:
    """A machine without timeout(1), pkill and sleep with fractions has the same limits."""
    path = tools_without(tmp_path / "bin", "timeout", "pkill", "ps", "setsid", "sleep")
    (tmp_path / "bin/sleep").write_text(
        '#!/bin/sh\ncase $1 in *.*) echo "invalid" >&2; exit 1;; esac\nexec /bin/sleep "$1"\n',
        encoding="utf-8",
    )
    (tmp_path / "bin/sleep").chmod(0o755)
    start = time.monotonic()
    snippet("take a 1 4096 a sleep 600; take b 5 4096 b echo next", path=path, KILL_GRACE_S="1")
    assert time.monotonic() - start < 40
    found = collected(tmp_path)
    assert found["a"]["note"].startswith("timeout") and found["b"]["exit"] == "0"


def test_long_output_keeps_head_and_tail(snippet: Run, tmp_path: Path) -> None:
    """Whole lines at both ends, a mark between them, a row that says so."""
    snippet("take a 20 65536 a awk 'BEGIN { for (i = 0; i < 100000; i++) print \"line\", i }'")
    lines = (tmp_path / "out/a").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "line 0" and lines[-1] == "line 99999"
    assert any("cut here" in line for line in lines)
    assert collected(tmp_path)["a"]["truncated"] == "1"
    assert (tmp_path / "out/a").stat().st_size < 80_000


def test_output_at_the_limit_is_whole(snippet: Run, tmp_path: Path) -> None:
    """Nothing is lost where the two halves meet."""
    for size in (1, 4095, 4096, 4097, 32768, 50000, 65536):
        snippet(
            f"take a{size} 20 65536 a{size} "
            f"sh -c 'head -c {size} /dev/zero | tr \"\\0\" a | fold -w 99'"
        )
        text = (tmp_path / f"out/a{size}").read_text(encoding="utf-8").replace("\n", "")
        assert len(text) == size
    assert {row["truncated"] for row in collected(tmp_path).values()} == {"0"}


def test_long_file_keeps_head_and_tail(snippet: Run, tmp_path: Path) -> None:
    """Read at its ends only."""
    (tmp_path / "big").write_text("".join(f"line {i}\n" for i in range(200_000)), encoding="utf-8")
    snippet(f"take_file a 20 65536 a {tmp_path}/big")
    lines = (tmp_path / "out/a").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "line 0" and lines[-1] == "line 199999"
    assert collected(tmp_path)["a"]["truncated"] == "1"


def test_endless_output_and_messages_are_stopped(snippet: Run, tmp_path: Path) -> None:
    """A tool that never stops writing fills neither disk nor time."""
    start = time.monotonic()
    endless = "take a 20 65536 a yes rubbish; take b 2 65536 b sh -c 'yes >&2'"
    snippet(endless, ENDLESS_BLOCKS="4096")
    assert time.monotonic() - start < 40
    assert collected(tmp_path)["a"]["truncated"] == "1"
    assert sum(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file()) < 400_000


def test_one_line_without_an_end(snippet: Run, tmp_path: Path) -> None:
    """Ten megabytes without a line break keep the head."""
    snippet("take a 20 65536 a sh -c 'head -c 10000000 /dev/zero | tr \"\\0\" x'")
    assert 32768 <= (tmp_path / "out/a").stat().st_size < 70_000
    assert collected(tmp_path)["a"]["truncated"] == "1"


def test_what_is_no_json_is_no_json_file(snippet: Run, tmp_path: Path) -> None:
    """A message under a .json name becomes a note."""
    snippet(
        "take a 5 4096 a.json echo 'error: no such thing'; take b 5 4096 b.json echo '{\"x\": 1}'"
    )
    found = collected(tmp_path)
    assert (
        found["a"]["note"] == "failed: error: no such thing"
        and not (tmp_path / "out/a.json").exists()
    )
    assert (tmp_path / "out/b.json").read_text(encoding="utf-8") == '{"x": 1}\n'


@pytest.mark.parametrize(
    ("setting", "note"),
    [
        ("DEADLINE_MS=1", "deadline"),
        ("BUDGET=0", "no-space"),
        ("MIN_FREE_MB=99999999", "no-space"),
        ("SKIP=x/*", "not-asked"),
        ("SKIP=b,x/a", "not-asked"),
    ],
)
def test_items_that_may_not_start(snippet: Run, tmp_path: Path, setting: str, note: str) -> None:
    """Each reason has its word in the row."""
    snippet(f"{setting}; take x/a 5 4096 x/a touch {tmp_path}/ran")
    assert collected(tmp_path)["x/a"]["note"].split(":")[0] == note
    assert not (tmp_path / "ran").exists()


def test_budget_goes_down(snippet: Run, tmp_path: Path) -> None:
    """What is left bounds the next item."""
    snippet(
        "BUDGET=20000; take a 5 16384 a sh -c 'yes abcdefg | head -c 15000'\n"
        "take b 5 65536 b sh -c 'yes abcdefg | head -c 60000'; take c 5 9 c echo"
    )
    found = collected(tmp_path)
    assert found["a"]["truncated"] == "0" and found["b"]["truncated"] == "1"
    assert found["c"]["note"].startswith("no-space")


def test_hung_df_does_not_hang_the_space_guard(snippet: Run, tmp_path: Path) -> None:
    """Neither with stat nor without it."""
    path = tools_without(tmp_path / "bin", "df", "stat")
    for name in ("df", "stat"):
        (tmp_path / "bin" / name).write_text(
            "#!/bin/sh\n" + ("sleep 600" if name == "df" else "exit 1") + "\n", encoding="utf-8"
        )
        (tmp_path / "bin" / name).chmod(0o755)
    start = time.monotonic()
    snippet("MIN_FREE_MB=1; take a 5 4096 a echo fine", path=path, ITEM_MAX_S="2")
    assert time.monotonic() - start < 40
    assert collected(tmp_path)["a"]["exit"] == "0"


def test_list_mode_runs_nothing(snippet: Run, tmp_path: Path) -> None:
    """LIST=1 prints what would be done."""
    result = snippet(f"LIST=1; take a 5 4096 a touch {tmp_path}/ran")
    assert result.stdout == f"a\t5s\t4096\ta\ttouch {tmp_path}/ran\n"
    assert not (tmp_path / "ran").exists()
