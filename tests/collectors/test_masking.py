"""Masking at the source: canaries in every form, with every awk; what is clean stays."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.needs import require

from .canaries import AZURE_DEVOPS_OLD, CLEAN, MARK, TEXTS, forms
from .conftest import COLLECTORS

AWKS = {
    "mawk": ["mawk"],
    "busybox": ["busybox", "awk"],
    "gawk": ["gawk"],
    "one-true-awk": ["original-awk"],
}
SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples"
LIB = COLLECTORS / "lib"


@pytest.fixture(params=sorted(AWKS))
def awk(request: pytest.FixtureRequest) -> list[str]:
    """One awk after the other; the first two are on nodes, jump hosts and in CI."""
    command = AWKS[request.param]
    if request.param in ("gawk", "one-true-awk") and shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed here; mawk and busybox awk are tested")
    require(command[0])
    return command


def mask_lines(awk: list[str], text: str, **variables: str) -> str:
    """A text as mask-lines.awk leaves it."""
    options = [part for key, value in variables.items() for part in ("-v", f"{key}={value}")]
    result = subprocess.run(
        [*awk, *options, "-f", str(LIB / "mask.awk"), "-f", str(LIB / "mask-lines.awk")],
        input=text.encode(),
        capture_output=True,
        check=True,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    )
    return result.stdout.decode()


def mask_json(awk: list[str], text: str, **variables: str) -> str:
    """A JSON text as mask-json.awk leaves it."""
    options = [part for key, value in variables.items() for part in ("-v", f"{key}={value}")]
    programs = [
        part
        for name in ("mask.awk", "json.awk", "mask-json.awk")
        for part in ("-f", str(LIB / name))
    ]
    result = subprocess.run(
        [*awk, *options, *programs],
        input=text.encode(),
        capture_output=True,
        check=True,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    )
    return result.stdout.decode()


def leaks(text: str) -> bool:
    """Whether a canary is in a text, plain or as base64 of any alignment."""
    found = [MARK, AZURE_DEVOPS_OLD]
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + MARK.encode()).decode()
        found.append(encoded[4 if shift else 0 : -4])
    return any(part in text for part in found)


def test_canaries_in_text(awk: list[str]) -> None:
    """All at once: which of them leak is the message."""
    texts = forms()
    masked = {name: mask_lines(awk, text + "\n") for name, text in list(texts.items())[:4]}
    everything = mask_lines(awk, "".join(f"{text}\n" for text in texts.values())).splitlines()
    masked = dict(zip(texts, everything, strict=True))
    assert {name: text for name, text in masked.items() if leaks(text)} == {}


def test_canaries_in_json(awk: list[str]) -> None:
    """As values of harmless keys, in annotations, in arguments."""
    document = {
        "items": [
            {"metadata": {"annotations": {"note": text}}, "spec": {"args": [text]}}
            for text in forms().values()
        ]
    }
    masked = mask_json(awk, json.dumps(document, separators=(",", ":")))
    json.loads(masked)
    assert [
        text
        for item in json.loads(masked)["items"]
        for text in (item["spec"]["args"][0], item["metadata"]["annotations"]["note"])
        if leaks(text)
    ] == []


def test_private_keys_over_lines(awk: list[str]) -> None:
    """Whole, without an end, without a beginning (a cut file), with line ends of Windows."""
    body = "\n".join(f"MIIEpAIBAAKCAQEA{MARK}{i}abcdefghijklmnop" for i in range(5))
    whole = (
        f"before\n-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\nafter\n"
    )
    headless = f"{body}\n-----END PRIVATE KEY-----\nafter\n"
    endless = f"before\n-----BEGIN EC PRIVATE KEY-----\n{body}\n"
    for text in (
        whole,
        headless,
        endless,
        whole.replace("\n", "\r\n"),
        f"{endless}<demarc: cut here, the middle was left out>\nmore\n",
    ):
        masked = mask_lines(awk, text)
        assert not leaks(masked), masked
        assert "<masked>" in masked
    assert "after" in mask_lines(awk, whole) and "before" in mask_lines(awk, whole)


def test_secret_keys_in_json(awk: list[str]) -> None:
    """Strings under keys that name a secret, however short; objects under them are walked."""
    document = {
        "password": MARK,
        "clientSecret": MARK,
        "auth": f"{MARK}=",
        "token": MARK,
        "a": {"connectionString": MARK},
        "userData": MARK,
        "secretName": "stays",
        "passwordSecretRef": {"name": "stays"},
        "auths": {"r": {"identitytoken": MARK}},
    }
    masked = json.loads(mask_json(awk, json.dumps(document), whole="1"))
    assert not leaks(json.dumps(masked))
    assert masked["secretName"] == "stays" and masked["passwordSecretRef"] == {"name": "stays"}


def pod(namespace: str) -> dict[str, Any]:
    """A pod with all that is masked outside Microsoft's namespaces."""
    applied = json.dumps({"env": "plain"})
    return {
        "metadata": {
            "name": "p",
            "namespace": namespace,
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": applied},
        },
        "spec": {
            "containers": [
                {
                    "name": "c",
                    "env": [
                        {"name": "LEVEL", "value": "info"},
                        {"name": "DB_PASSWORD", "value": MARK},
                        {"name": "FROM", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                    ],
                }
            ],
            "tolerations": [{"key": "k", "value": "v"}],
        },
    }


def test_namespaces_of_microsoft_and_of_the_customer(awk: list[str], tmp_path: Path) -> None:
    """Split by namespace; environment, last-applied and ConfigMap data only stay in Microsoft's."""
    listing = {
        "kind": "PodList",
        "apiVersion": "v1",
        "metadata": {"resourceVersion": "7", "continue": "abc"},
        "items": [pod("kube-system"), pod("shop"), pod("demarc-collector"), pod("kube-system")],
    }
    mask_json(
        awk,
        json.dumps(listing, separators=(",", ":")),
        split_to=str(tmp_path),
        managed="^kube-system$",
        omit="demarc-collector",
        state=str(tmp_path / "next"),
        counts=str(tmp_path / "counts"),
    )
    assert sorted(p.name for p in tmp_path.glob("*.json")) == ["kube-system.json", "shop.json"]
    ours, theirs = (
        json.loads((tmp_path / f"{ns}.json").read_text(encoding="utf-8") + "]}")
        for ns in ("kube-system", "shop")
    )
    assert (
        len(ours["items"]) == 2
        and ours["kind"] == "PodList"
        and ours["metadata"] == {"resourceVersion": "7"}
    )
    env = [e.get("value") for e in ours["items"][0]["spec"]["containers"][0]["env"]]
    assert env == ["info", "<masked>", None]
    env = [e.get("value") for e in theirs["items"][0]["spec"]["containers"][0]["env"]]
    assert env == ["<masked>", "<masked>", None]
    assert theirs["items"][0]["spec"]["tolerations"] == [{"key": "k", "value": "v"}]
    assert list(theirs["items"][0]["metadata"]["annotations"].values()) == ["<masked>"]
    assert list(ours["items"][0]["metadata"]["annotations"].values()) == ['{"env": "plain"}']
    assert (tmp_path / "next").read_text(encoding="utf-8") == "abc\n"
    counts = dict(
        line.split("\t") for line in (tmp_path / "counts").read_text(encoding="utf-8").splitlines()
    )
    assert counts == {"env-value": "4", "last-applied": "1"}


def test_config_maps(awk: list[str], tmp_path: Path) -> None:
    """Keys stay, values go, in the customer's namespaces only; lists in any order of keys."""

    def config_map(ns: str) -> dict[str, Any]:
        return {
            "data": {"a": "1", "b.yaml": "x: y"},
            "binaryData": {"c": "AAAA"},
            "metadata": {"name": "m", "namespace": ns},
        }

    listing = {
        "apiVersion": "v1",
        "items": [config_map("shop"), config_map("kube-system"), config_map("shop")],
        "kind": "ConfigMapList",
    }
    mask_json(
        awk,
        json.dumps(listing),
        split_to=str(tmp_path),
        managed="^kube-system$",
        list_kind="ConfigMapList",
        list_api="v1",
    )
    theirs = json.loads((tmp_path / "shop.json").read_text(encoding="utf-8") + "]}")
    assert theirs["items"][1]["data"] == {"a": "<masked>", "b.yaml": "<masked>"} and theirs[
        "items"
    ][1]["binaryData"] == {"c": "<masked>"}
    ours = json.loads((tmp_path / "kube-system.json").read_text(encoding="utf-8") + "]}")
    assert ours["items"][0]["data"] == {"a": "1", "b.yaml": "x: y"}


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "x\\"y\\\\", "b": [1, -2.5e3, true, null, {}], "c": ""}',
        "[]",
        '[\n  {\n    "k" : "v\\u00e9\\n"\n  }\n]\n',
        '{"a":"' + "x" * 9000 + '"}',
    ],
)
def test_json_is_left_as_it_came(awk: list[str], text: str) -> None:
    """Byte for byte, masking aside."""
    assert mask_json(awk, text, whole="1") == text


def test_cut_json_still_masks(awk: list[str]) -> None:
    """A stream that ends inside a text."""
    assert not leaks(mask_json(awk, f'{{"a": 1, "note": "password={MARK}'))


def test_clean_text_stays(awk: list[str]) -> None:
    """What is not secret is not touched."""
    assert mask_lines(awk, CLEAN) == CLEAN


def test_static_pods_environment(awk: list[str]) -> None:
    """value: lines in the YAML of a node's own pods."""
    assert (
        mask_lines(awk, "  - name: A\n    value: b c\n  - value: d\nvalueFrom: x\n", env="1")
        == "  - name: A\n    value: <masked>\n  - value: <masked>\nvalueFrom: x\n"
    )


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not beside the project")
def test_real_texts_stay_to_a_thousandth(tmp_path: Path) -> None:
    """Logs, node files and API lists of real clusters change by at most 0.1 %."""
    total = changed = 0
    culprits: list[str] = []
    for path in sorted(SAMPLES.rglob("*")):
        if (
            not path.is_file()
            or path.suffix not in (".log", ".txt", ".json", ".conflist", ".yaml", "")
            or path.name == "CASE.md"
            or path.stat().st_size > 2_000_000
        ):
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        for before, after in zip(
            text.splitlines(), mask_lines(["mawk"], text).splitlines(), strict=False
        ):
            total += len(before)
            if before != after:
                changed += len(before)
                culprits.append(f"{path.name}: {before[:120]}")
    assert total > 1_000_000
    assert changed <= total / 1000, culprits[:20]


def test_every_canary_of_the_list_is_there() -> None:
    """The forms that were agreed."""
    assert len(TEXTS) >= 20
