"""collect.sh on a terminal: progress on one line, the question about a leftover namespace."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from .field import Field

if sys.platform == "win32":
    pytest.skip("terminals of this kind are POSIX", allow_module_level=True)

import pty


def run_on_terminal(field: Field, shell: tuple[str, ...], answer: bytes) -> tuple[int, str]:
    """Runs it with a terminal as input and error output; returns the code and what was shown."""
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    process = subprocess.Popen(
        field.command(shell), env=field.env(), stdin=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            data = os.read(ours, 4096)
        except OSError:  # the other end was closed
            break
        if not data:
            break
        shown += data
    os.close(ours)
    return process.wait(60), shown.decode("utf-8", "replace")


def leave_namespace(field: Field) -> None:
    """What a run that lost its connection leaves."""
    labels = {"app.kubernetes.io/name": "demarc-collector"}
    meta = {"name": "demarc-collector", "uid": "u", "labels": labels}
    field.cluster.objects[("", "namespaces")].append({"metadata": meta})


def test_yes_removes_the_leftover_and_goes_on(field: Field, ash: tuple[str, ...]) -> None:
    """And progress is drawn over itself."""
    field.add_nodes("n0")
    leave_namespace(field)
    code, shown = run_on_terminal(field, ash, b"y\n")
    assert code == 0, shown
    assert "Remove it now?" in shown and "\rnodes " in shown
    assert field.left_behind() == []


def test_no_leaves_it(field: Field) -> None:
    """Nothing is removed without a yes."""
    field.add_nodes("n0")
    leave_namespace(field)
    code, shown = run_on_terminal(field, ("dash",), b"\n")
    assert code == 1 and "--remove-leftover" in shown
    assert field.left_behind() == ["demarc-collector"]
