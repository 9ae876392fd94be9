"""Forms in which names of owners stand in real texts of AKS, with nothing learned beforehand.

The forms are those of public reports (kubelet, cloud provider, identity and activity logs, the
output of kubectl and az); every name is made up.
"""

from __future__ import annotations

import json
import time

import pytest

from analyzer.redact.addresses import AddressMap
from analyzer.redact.engine import Redactor
from analyzer.redact.identities import Identities
from analyzer.redact.stand_ins import StandIns
from analyzer.redact.unmask import unmask

SECRET = b"forms".ljust(32, b"\0")
ONE = "3f2b1c9d-4e5a-4b6c-8d7e-9f0a1b2c3d4e"
TWO = "0a9b8c7d-1e2f-4a3b-9c4d-5e6f7a8b9c0d"
MACHINE = "0123456789abcdef0123456789abcdef"
SUB = f"/subscriptions/{ONE}/resourceGroups/rg-ledger"

GONE = [
    (f"The client '{ONE}' with object id '{TWO}' does not have authorization", (ONE, TWO)),
    (f'Message=\\"The client \\u0027{ONE}\\u0027 with object id \\u0027{TWO}\\u0027', (ONE, TWO)),
    (f"AZURE_CLIENT_ID={ONE} AZURE_TENANT_ID={TWO}", (ONE, TWO)),
    (f'{{"name":"AZURE_CLIENT_ID","value":"{ONE}"}}', (ONE,)),
    (f"    - name: AZURE_TENANT_ID\n      value: {ONE}\n", (ONE,)),
    (f"      AZURE_CLIENT_ID:             {ONE}\n", (ONE,)),
    (f'"userAssignedIdentityID": "{ONE}", "tenantId": "{TWO}"', (ONE, TWO)),
    (f"https://login.microsoftonline.com/{ONE}/oauth2 https://sts.windows.net/{TWO}/", (ONE, TWO)),
    (f"https://eastus.oic.prod-aks.azure.com/{ONE}/{TWO}/.well-known", (ONE, TWO)),
    (f"/metadata/identity/oauth2/token?api-version=2018-02-01&client_id={ONE}", (ONE,)),
    (f"Machine ID:   {MACHINE}\n  System UUID:  {ONE}\n  Boot ID:  {TWO}", (MACHINE, ONE, TWO)),
    (f'"http://schemas.microsoft.com/identity/claims/objectidentifier": "{ONE}"', (ONE,)),
    (f'"appid": "{ONE}", "oid":"{TWO}"', (ONE, TWO)),
    ("live.com#jane.roe@contoso.com jane_contoso.com#EXT#@fabrikam.onmicrosoft.com",
     ("jane", "contoso", "fabrikam")),
    ("aks-agentpool-22911574-1 kubelet[4128]: lookup aks-agentpool-22911574-1", ("22911574",)),
    ("k8s-pool1-39472669-vmss000000 AKS-NP1-34567890-VMSS00000Z", ("39472669", "34567890")),
    ("aks-agentpool-45678901-nsg aks-vnet-56789012", ("45678901", "56789012")),
    ("lookup ledger-rg-4ad96d-c2b29752.hcp.eastus.azmk8s.io: no such host", ("ledger", "c2b29752")),
    (f"lookup ledger-x1y2z3.{ONE}.privatelink.westeurope.azmk8s.io", ("ledger", ONE)),
    ("ledger.vaultcore.azure.net ledger.privatelink.vaultcore.azure.net", ("ledger",)),
    ("ledger.westeurope.data.azurecr.io ledger.privatelink.azurecr.io", ("ledger",)),
    ("kubernetes.azure.com/cluster=MC_rg-ledger_ledger-aks_westeurope", ("ledger",)),
    (f"{SUB.upper()}/PROVIDERS/MICROSOFT.NETWORK/VIRTUALNETWORKS/LEDGER-V/SUBNETS/LEDGER-S",
     (ONE, "ledger")),
    (f"{SUB}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/ledger-id", ("ledger",)),
    (f"{SUB}/providers/microsoft.compute/disks/ledger-data", ("ledger",)),
    (SUB.replace("/", "%2F") + "%2Fproviders%2FMicrosoft.ContainerService%2FmanagedClusters%2Fledg",
     (ONE, "ledg")),
    ("Resource group 'rg-ledger' could not be found", ("ledger",)),
    ("resourceGroup=rg-ledger resource group: rg-ledger2 --resource-group ledger3", ("ledger",)),
    ("ledger.azurecr.io/oauth2/token?scope=repository%3Aapi%3Apull&service=ledger.azurecr.io",
     ("ledger",)),
    ("pulling registry.ledger.example.com:5000/api:1, harbor.ledger.lan/x", ("ledger",)),
    ("2603:1030:20e:3::4a1 [2603:1030:20e:3:0:0:0:4a2]:443 ::ffff:52.174.33.101",
     ("20e:3:", "52.174.33.101")),
    ("pam_unix(sshd:session): session opened for user jdoe7(uid=1000) by (uid=0)", ("jdoe7",)),
    ("systemd-logind[4]: New session 5 of user jdoe7.\n", ("jdoe7",)),
    ("sudo[88]:    jdoe7 : TTY=pts/0 ; PWD=/home/jdoe7 ; USER=root", ("jdoe7",)),
    ("user clusterUser_rg-ledger_ledger-aks and clusterAdmin_rg_ledger_ledger-aks", ("ledger",)),
    ("open C:\\Users\\jdoe7\\x: denied; /Users/jdoe7/.kube/config", ("jdoe7",)),
    ("Failed password; rhost=10.87.1.2  user=jdoe7", ("jdoe7", "10.87.1.2")),
]  # fmt: skip

STAYS = [
    "mcr.microsoft.com/oss/v2/kubernetes/coredns:v1.12.1-7 management.azure.com x.azureedge.net",
    "version 1.2.3.4, WALinuxAgent-2.11.1.12, kernel 6.6.130.1-3.azl3, OS 10.0.20348.2402",
    "168.63.129.16:80 169.254.169.254 0.0.0.0/0 255.255.255.0 127.0.0.53 10.0.0.10 10.0.0.1:443",
    "metrics-server.kube-system.svc.cluster.local app.kubernetes.io/name pod.spec.containers",
    "fe80::/64 ff02::1 ::1 64:ff9b::/96 ee:ee:ee:ee:ee:ee 12:34:56:78:9a:bc",
    "aa:aa:aa:aa:aa:aa fe80::a8aa:aaff:feaa:aaaa",
    "main.go:123 io.containerd.runc.v2 k8s.io/client-go@v0.31.0 user@1000.service 10:20:30:40",
    "x-ms-correlation-request-id f4d3657a-c9fb-4ea2-b220-9016f6879b4d",
    "uid 35ac2d17-b6f9-11e9-813c-4a3729d952b6 in the client cache, identity none",
    "git@github.com:Azure/AKS.git docker.io/library/nginx@sha256:aabb",
    "westeurope.handler.control.monitor.azure.com vault.azure.net privatelink.westeurope.azmk8s.io",
    "Microsoft.ContainerService/managedClusters/read",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "'/providers/Microsoft.Network/virtualNetworks/subnets/join/action'",
    "/providers/Microsoft.ContainerService/managedClusters/read",
    "/providers/Microsoft.Compute/virtualMachineScaleSets/aks-work-vmss/virtualMachines/3",
    "resource group was not found; resource groups: none; session opened for user root(uid=0)",
    "C:\\Users\\Public\\x C:\\Users\\ContainerAdministrator",
    '"appid": "7319c514-987d-4e9b-ac3d-d38c4f427f4c"',
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
]


def engine(learned: Identities | None = None) -> Redactor:
    return Redactor(StandIns(SECRET, AddressMap(SECRET)), learned or Identities())


@pytest.mark.parametrize(("text", "gone"), GONE)
def test_a_name_in_a_real_form_is_gone_and_comes_back(text: str, gone: tuple[str, ...]) -> None:
    redactor = engine()
    done = redactor.redact_text(text)
    assert [name for name in gone if name.lower() in done.lower()] == []
    assert len(done.split()) == len(text.split())


@pytest.mark.parametrize("text", STAYS)
def test_what_is_public_stays(text: str) -> None:
    assert engine().redact_text(text) == text


@pytest.mark.parametrize(
    "piece",
    ["providers/microsoft.x/disks/b/", "client id ", "resource group '", "clusteruser_a_", "uid=1(",
     "for user a", "sudo: a ", "subscriptions/",
     "%2fproviders%2fmicrosoft.x%2fdisks%2fb", "\\users\\",
     "rhost= user=", "machine id \n", ".oic.prod-aks.azure.com/", "aks-agentpool-1"],
)  # fmt: skip
def test_a_text_of_nothing_but_one_form_takes_little_time(piece: str) -> None:
    text = (piece * (100_000 // len(piece))).encode()
    start = time.process_time()
    engine().redact(text)
    assert time.process_time() - start < 3


def test_a_link_local_address_follows_its_mac() -> None:
    done = engine().redact_text("60:45:bd:aa:55:f4 fe80::6245:bdff:feaa:55f4")
    mac, address = done.split()
    a, b, c = mac.split(":")[3:]
    assert mac.startswith("60:45:bd:") and mac != "60:45:bd:aa:55:f4"
    assert address == f"fe80::6245:bdff:fe{a}:{int(b + c, 16):x}"


def test_the_claims_of_a_caller_are_learned() -> None:
    claims = {
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname": "Rouwenhorst",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname": "Hendrikje",
        "http://schemas.microsoft.com/identity/claims/objectidentifier": ONE,
        "name": "Hendrikje Rouwenhorst",
        "puid": "100320003F2B1C9D",
        "appid": "7319c514-987d-4e9b-ac3d-d38c4f427f4c",
    }
    log = json.dumps([{"caller": "h.rouwenhorst@contoso.com", "claims": claims}])
    learned = Identities()
    learned.learn("azure/activity-log.json", log.encode())
    redactor = engine(learned)
    done = redactor.redact_text(log + f"\n{ONE} signed in as Rouwenhorst")
    for name in ("rouwenhorst", "hendrikje", ONE, "100320003f2b1c9d", "contoso"):
        assert name not in done.lower()
    assert "7319c514-987d-4e9b-ac3d-d38c4f427f4c" in done, "the application of AKS is public"


def test_stand_ins_in_a_report_are_turned_back() -> None:
    from analyzer.redact.key import Key

    redactor = engine()
    text = f"the client '{ONE}' on {SUB}/providers/Microsoft.Compute/disks/ledger-data"
    done = redactor.redact_text(text)
    key = Key(secret=SECRET.hex(), names=dict(redactor.names.originals))
    assert unmask(done.encode(), key, ".txt")[0].decode() == text
