"""One piece of text through the engine: what is replaced, what stays, and how it looks after."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.redact.addresses import AddressMap
from analyzer.redact.contexts import kept_labels
from analyzer.redact.engine import Redactor
from analyzer.redact.identities import Identities
from analyzer.redact.key import Key
from analyzer.redact.stand_ins import StandIns
from analyzer.redact.unmask import unmask

SECRET = b"\x07" * 32
ROOT = Path(__file__).parents[3]
#: Names that stand for any in comments and examples of the data.
INVENTED = ("acr.",)


def redactor(**learned: set[str]) -> Redactor:
    return Redactor(StandIns(SECRET, AddressMap(SECRET)), Identities(**learned))


@pytest.fixture
def engine() -> Redactor:
    return redactor(
        names={"ledger-prod-01", "prod"}, groups={"rg-ledger", "MC_rg-ledger_prod_westeurope"},
        hosts={"jumpbox7"}, digits={"31415926"}, namespaces={"batch", "payments"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("dial tcp 10.87.1.2:443: refused", "10.87.1.2"),
        ("host ip-10-87-1-2 joined", "10-87-1-2"),
        ("10-244-3-7.web.shop.svc.cluster.local", "10-244-3-7"),
        ("7.3.244.10.in-addr.arpa", "7.3.244.10"),
        ("[fd12:77:88::4a1b]:443", "4a1b"),
        ("2603:1030:401:9:1:2:3:4 up", "2603:1030:401:9"),
        ("inet6 fe80::6245:bdff:fe9b:8c7d/64", "fe9b:8c7d"),
        ("ether 00:0d:3a:9b:8c:7d", "9b:8c:7d"),
        ("Physical Address 00-0D-3A-9B-8C-7D", "9B-8C-7D"),
        ('"macAddress": "000D3A9B8C7D"', "9B8C7D"),
        (r'{"log":"\n10.87.1.2\njumpbox7\t"}', "10.87.1.2"),
        (r'{"log":"\n10.87.1.2\njumpbox7\t"}', "jumpbox7"),
        ("GET /?to=http%3A%2F%2F10.87.1.2%2F", "10.87.1.2"),
        ("node aks-work-31415926-vmss00000a", "31415926"),
        ("node aks-gone-27182818-vmss000003", "27182818"),
        ("aks-agentpool-31415926-nsg", "31415926"),
        ("mail to jumpuser.b@fabrikam.com", "fabrikam"),
        ("mail to jumpuser.b@fabrikam.com", "jumpuser"),
        ("lookup db.corp.fabrikam.com on 10.0.0.10:53", "fabrikam"),
        ("search fabrikam.local", "fabrikam"),
        ("pull fabrikamreg.azurecr.io/app", "fabrikamreg"),
        ("https://fabrikam-kv.vault.azure.net/keys", "fabrikam"),
        ("ledger-dns-1a2b3c4d.hcp.westeurope.azmk8s.io", "ledger-dns"),
        ("ledger.12345678-1111-2222-3333-123456789abc.privatelink.westeurope.azmk8s.io", "ledger"),
        ("/subscriptions/0f8fad5b-d9cb-469f-a165-70867728950e/x", "0f8fad5b"),
        (
            "/subscriptions/0f8fad5b-d9cb-469f-a165-70867728950e/resourceGroups/Own-Group",
            "Own",
        ),
        ("RG-LEDGER and rg-ledger", "rg-ledger"),
        ("in MC_RG-LEDGER_PROD_WESTEUROPE", "LEDGER"),
        ("in MC_elsewhere_other_northeurope", "elsewhere"),
        ("managedClusters/prod/x", "/prod"),
        ('"name": "prod",', '"prod"'),
        ("on ledger-prod-01 since", "ledger-prod-01"),
        ('"namespace":"batch"', "batch"),
        ("pod payments/api-1 failed", "payments"),
        ('User "jumpuser" cannot list', "jumpuser"),
        ("sshd[7]: Invalid user jumpuser from 1.2.3.4", "jumpuser"),
        ("/home/jumpuser/.kube", "jumpuser"),
        ('{"user":{"username":"jumpuser"}}', "jumpuser"),
    ],
)
def test_identity_is_replaced(engine: Redactor, text: str, gone: str) -> None:
    made = engine.redact_text(text)
    assert gone.lower() not in made.lower()
    key = Key(secret=SECRET.hex(), names=engine.names.originals)
    assert unmask(made.encode(), key)[0].decode().lower() == text.lower()


@pytest.mark.parametrize(
    "text",
    [
        "batch/v1 CronJob", "prod-like words in production", "rg-ledgers", "jumpbox77",
        "image mcr.microsoft.com/oss/kubernetes/coredns:v1.12.1-4", "v1.2.3.4", "1.2.3.4.5",
        '"kernelVersion":"6.6.130.1-3.azl3"', "kernel-5.15.182.1-1.cm2", "mcr.x/cns:1.5.29.1",
        "WALinuxAgent-2.11.1.4 runs", '"typeHandlerVersion": "1.0.1.5"', "azurecr.io",
        "global.handler.control.monitor.azure.com", "*.ods.opinsights.azure.com",
        "Windows 10.0.20348.3207", "5.15.0-1089-azure", "2026-11-24T08:15:30.123456+00:00",
        "std::string a::b", "[::]:10250", "0.0.0.0/0", "255.255.0.0", "168.63.129.16:32526",
        "node.kubernetes.io/not-ready", "crd.projectcalico.org/v1", "sigs.k8s.io/x",
        "user@1000.service", "coredns-6f776c8fb5-7x9kq", "kube-dns.kube-system.svc.cluster.local",
        "system:serviceaccount:kube-system:coredns", 'User "system:node:x"', "/home/azureuser/.ssh",
        "aks-node-validating-webhook.azmk8s.io", "reflector.go:533", "AKSUbuntu-2204-202608.17.0",
        "image@sha256:" + "ab" * 32, "uid 12345678-1111-2222-3333-123456789abc",
        "0f8fad5b:1234", "12:34:56", "packages.aks.azure.com", "10.0.0.10:53", "resolv.conf",
        "Microsoft.Compute/virtualMachineScaleSets", "etcd-io/etcd", "a.b", "10.244.0.0/16",
    ],
)  # fmt: skip
def test_what_names_nobody_stays(engine: Redactor, text: str) -> None:
    assert engine.redact_text(text) == text


def test_a_name_that_kubernetes_uses_too_goes_only_where_it_is_one() -> None:
    engine = redactor(groups={"default"}, names={"system"})
    made = engine.redact_text('"namespace":"default" "system" /resourceGroups/default/x')
    assert made.startswith('"namespace":"default" "system"') and "Groups/default" not in made


def test_a_namespace_is_no_word_in_capitals() -> None:
    engine = redactor(namespaces={"payments"}, groups={"Rg-Ledger"})
    made = engine.redact_text("Linux.Payments payments rg-ledger RG-LEDGER Rg-Ledger")
    assert made.startswith("Linux.Payments ") and "ledger" not in made.lower()
    assert "Rg-Ledger" in engine.names.originals.values()


def test_a_short_word_goes_only_where_it_is_a_value_or_in_an_id() -> None:
    engine = redactor(names={"hub"}, users={"viewer"}, hosts={"ledger"})
    assert engine.redact_text("a hub for each viewer") == "a hub for each viewer"
    made = engine.redact_text('"viewer" /virtualNetworks/hub/subnets ledger')
    assert not {"viewer", "hub", "ledger"} & set(re.split(r"\W", made))


def test_columns_stay_where_they_are(engine: Redactor) -> None:
    table = (
        "NAME        IP             NODE\n"
        "web-1       10.87.1.2      aks-work-31415926-vmss000000\n"
        "web-2       10.87.101.202  aks-work-31415926-vmss000001\n"
    )
    lines = engine.redact_text(table).splitlines()
    assert {line.index("aks-") for line in lines[1:]} == {lines[0].index("NODE")}
    assert lines[1].split()[1] != "10.87.1.2"


def test_shape_and_case_of_a_name_stay(engine: Redactor) -> None:
    made = engine.redact_text("ledger-prod-01 LEDGER-PROD-01")
    lower, upper = made.split()
    assert re.fullmatch(r"[a-z]{6}-[a-z]{4}-\d\d", lower) and upper == lower.upper()
    assert re.fullmatch(
        r"MC_[a-z]{2}-[a-z]{6}_\w{6}_westeurope", engine.redact_text("MC_rg-ledger_prod_westeurope")
    )


def test_the_same_name_gets_the_same_stand_in_everywhere() -> None:
    text = "jumpbox7 at 10.87.1.2, db.fabrikam.com"
    first = redactor(hosts={"jumpbox7"}).redact_text(text)
    second = redactor(hosts={"other-host", "jumpbox7"}).redact_text(f"x {text}")
    assert second == f"x {first}"


def test_names_of_one_domain_stay_in_one_domain(engine: Redactor) -> None:
    a, b, c = engine.redact_text("a1.fabrikam.com b2.fabrikam.com c3.contoso.com").split()
    assert a.split(".")[1:] == b.split(".")[1:] != c.split(".")[1:]
    assert a.endswith(".com")


@pytest.mark.parametrize(
    ("name", "stay"),
    [
        ("fabrikam.com", 1), ("a.fabrikam.co.uk", 2), ("mcr.microsoft.com", 3),
        ("reg.azurecr.io", 2), ("a-dns-1.hcp.westeurope.azmk8s.io", 4),
        ("app.westeurope.cloudapp.azure.com", 4), ("kv.vault.azure.net", 3),
    ],
)  # fmt: skip
def test_labels_that_stay(name: str, stay: int) -> None:
    assert kept_labels(name) == stay


def test_secrets_go_before_names(engine: Redactor) -> None:
    made = engine.redact_text(
        "https://jumpuser:hunter22@db.fabrikam.com/x?sig=aB3dE6gH9jK2mN5pQ8sT"
    )
    assert "hunter22" not in made and "fabrikam" not in made and "aB3dE6" not in made
    assert engine.masked == {"url-password": 1, "sas-signature": 1}


@given(st.text(max_size=200))
def test_any_text_can_be_redacted_and_named_again(text: str) -> None:
    engine = redactor(hosts={"jumpbox7"})
    made = engine.redact_text(text)
    if not engine.masked:
        key = Key(secret=SECRET.hex(), names=engine.names.originals)
        assert (
            unmask(made.encode("utf-8", "surrogatepass"), key)[0].decode().lower() == text.lower()
        )


def test_long_lines_take_little_time(engine: Redactor) -> None:
    for piece in (
        "mc_a_b_",
        "a@b.",
        "::",
        "1.1.",
        "a.com",
        'user "',
        "a -----END PRIVATE KEY-----",
    ):
        text = (piece * (100_000 // len(piece))).encode()
        start = time.process_time()
        engine.redact(text)
        assert time.process_time() - start < 2, piece


def test_hosts_and_domains_of_our_own_data_stay() -> None:
    """What rules and baselines look for must be found in a redacted bundle too."""
    engine = redactor()
    looked = 0
    for path in sorted((ROOT / "analyzer" / "baselines" / "data").rglob("*.yaml")):
        for name in re.findall(
            r"[a-z0-9*-]+(?:\.[a-z0-9-]+)+\.(?:com|net|io|org|dev)\b", path.read_text("utf-8")
        ):
            looked += 1
            if not name.startswith(INVENTED):
                assert engine.redact_text(f"host {name} x") == f"host {name} x", path
    assert looked > 200
