"""Every planted secret goes, whatever form it stands in; clean texts stay as they are."""

from __future__ import annotations

import base64
import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.redact.mask import MASK, mask_count, mask_named, mask_text, pattern_titles

# Put together here, so that no scanner of this repository takes them for real ones.
KEY_64 = "Zm9vYmFyYmF6cXV4" * 5 + "Zm9vYm" + "=="
JWT = ".".join(("eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ", "eyJpc3MiOiJrdWJlIn0x", "c2lnbmF0dXJl-x_1"))
PAT = "gh" + "p_" + "a1B2c3D4" * 5
DEVOPS = "a2b3c4d5e6f7g2h3" * 3 + "xyz2"
DEVOPS_NEW = "A1b2C3d4E5f6" * 6 + "AZ" + "DO" + "x1Y2"
ENTRA = "abc" + "8Q~" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0hL3x"
ACR = "aB3dE6gH9j" * 4 + "aB" + "+AC" + "R" + "a1B2c3"
PEM = "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----"
BODY = "MIIEowIBAAKCAQEA7n0mVxYzAbCdEfGh1234567890ijklMNOPqrstUVWXyz+/aB"

#: Name, text, and what must not be left of it.
CANARIES = [
    ("env-password", '{"name": "DB_PASSWORD", "value": "swordfish"}', "swordfish"),
    ("env-api-key", '{"name":"MY_API_KEY","value":"swordfish"}', "swordfish"),
    ("env-client-secret", "- name: APP_CLIENT_SECRET\n  value: swordfish", "swordfish"),
    ("storage", f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={KEY_64}", KEY_64[:20]),
    ("sas", "https://a.blob.core.windows.net/c/b?sv=1&sig=aB3%2FdE6gH9jK2mN5pQ8%3D&se=2", "aB3%2F"),
    ("service-bus", "Endpoint=sb://x/;SharedAccessKeyName=R;SharedAccessKey=aB3dE6gH=", "aB3dE6gH"),
    ("azure-json", '"aadClientSecret": "swordfish~1"', "swordfish"),
    ("bearer", f"Authorization: Bearer {JWT}", "c2lnbmF0dXJl"),
    ("pem", PEM.format(BODY), BODY),
    ("kubeconfig", f"    client-key-data: {base64.b64encode(b'x' * 40).decode()}", "eHh4eHh4"),
    ("bootstrap", "--bootstrap-token=abc1ef.01x3456789abcdef", "01x3456789"),
    ("password-log", "login failed for user a password=hunter2 from 10.0.0.4", "hunter2"),
    ("password-yaml", "password: swordfish", "swordfish"),
    ("ado-net", "Server=tcp:x,1433;User ID=a;Password=sword;fish;Encrypt=True;", "Password=sword"),
    ("https-user", "https://user:swordfish@registry.example/v2", "swordfish"),
    ("postgres", "postgres://user:sw%40rd@db.example:5432/x", "sw%40rd"),
    ("docker-auth", '{"auths":{"r.io":{"auth":"dXNlcjpzd29yZGZpc2g="}}}', "dXNlcjpz"),
    ("helm-token", "  token: a1b2c3d4e5f6", "a1b2c3d4"),
    ("insights", "InstrumentationKey=0f8fad5b-d9cb-469f-a165-70867728950e;X=1", "0f8fad5b"),
    ("github", f"fetch with {PAT}", PAT[4:20]),
    ("devops", f"PAT {DEVOPS}", DEVOPS[:20]),
    ("devops-new", f"PAT {DEVOPS_NEW}", DEVOPS_NEW[:20]),
    ("entra-secret", f"secret is {ENTRA} ok", ENTRA[:20]),
    ("acr-password", f"docker login -u x {ACR}", ACR[:20]),
    ("account-key-alone", f"key1 {KEY_64}", KEY_64[:20]),
    ("jwt-alone", f"sent {JWT}", "eyJpc3Mi"),
    ("bearer-alone", "curl used bearer a1b2c3d4e5f6a7b8c9", "a1b2c3d4"),
    ("token-flag", "kubelet --token a1b2c3d4e5f6", "a1b2c3d4e5f6"),
    ("password-flag", '["--password", "swordfish"]', "swordfish"),
    ("docker-config", ".dockerconfigjson: eyJhdXRocyI6eyJyLmlvIjp7fX19", "eyJhdXRocyI6"),
    ("cookie", "Set-Cookie: session=swordfish1; Path=/", "swordfish"),
    ("docker-login", "docker login -u x -p swordfish42 r.io", "swordfish42"),
    ("az-login", "az login --service-principal -u x -p swordfish42~Q --tenant t", "swordfish42"),
    ("curl-user", "curl -s -u jumpuser:swordfish42 https://x", "swordfish42"),
    ("env-value-first", '{"value":"swordfish42","name":"DB_PASSWORD"}', "swordfish42"),
    ("env-pass", '{"name": "DB_PASS", "value": "swordfish42"}', "swordfish42"),
    ("short-pass", "DB_PASS=swordfish42", "swordfish42"),
    ("protected-settings", '"protectedSettings": "MIIswordfish42"', "swordfish42"),
    ("short-token", "GET /x?token=sword4fish", "sword4fish"),
    ("client-certificate", '"client-certificate-data": "LS0tLS1CRUdJTiBD"', "LS0tLS1"),
    ("pem-cut-tail", "-----BEGIN PRIVATE KEY-----\n" + BODY, BODY),
    ("pem-cut-head", BODY + "\n-----END PRIVATE KEY-----", BODY),
    ("pem-middle", f"    {BODY}", BODY),
]


@pytest.mark.parametrize(("text", "left"), [c[1:] for c in CANARIES], ids=[c[0] for c in CANARIES])
def test_secret_is_masked(text: str, left: str) -> None:
    masked, counts = mask_count(text)
    assert left not in masked
    assert MASK in masked
    assert sum(counts.values()) >= 1


@pytest.mark.parametrize(("text", "left"), [c[1:] for c in CANARIES], ids=[c[0] for c in CANARIES])
def test_secret_in_quoted_json_is_masked(text: str, left: str) -> None:
    quoted = json.dumps({"log": text})
    assert left not in mask_text(quoted)
    assert left not in mask_text(json.dumps({"outer": quoted}))


@pytest.mark.parametrize(("text", "left"), [c[1:] for c in CANARIES], ids=[c[0] for c in CANARIES])
def test_secret_in_base64_is_masked(text: str, left: str) -> None:
    encoded = base64.b64encode(text.encode()).decode()
    assert encoded not in mask_text(f"data: {encoded}")


@pytest.mark.parametrize("text", [c[1] for c in CANARIES], ids=[c[0] for c in CANARIES])
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = mask_text(text)
    assert mask_count(once) == (once, {})


CLEAN = [
    "mcr.microsoft.com/oss/kubernetes/coredns@sha256:" + "a1b2c3d4" * 8,
    "sha512-" + "Zm9vYmFy" * 10 + "Zm9vYm==",
    "uid: 0f8fad5b-d9cb-469f-a165-70867728950e",
    "/subscriptions/0f8fad5b-d9cb-469f-a165-70867728950e/resourceGroups/MC_rg_aks_westeurope"
    "/providers/Microsoft.Compute/virtualMachineScaleSets/aks-np1-31415926-vmss",
    "azure:///subscriptions/0f8fad5b-d9cb-469f-a165-70867728950e/resourceGroups/x",
    "secretName: azure-storage-account-foo-secret",
    '"secretRef": {"name": "azure-storage-account-foo-secret"}',
    '"secret": {"secretName": "x", "defaultMode": 420}',
    "automountServiceAccountToken: true",
    "tokenExpirationSeconds: 3607",
    "failed to fetch token: unauthorized",
    "imagePullSecrets: [{name: regcred}]",
    'MountVolume.SetUp failed for volume "x" : secret "y" not found',
    "--tls-private-key-file=/etc/kubernetes/certs/kubeletserver.key",
    "--authorization-mode=Webhook --authentication-token-webhook=true",
    '"authorization": {"mode": "Webhook"}',
    "worker.17c8b9a1d2e3f405",
    "aks-np1-31415926-vmss000000.17c8b9a1d2e3f405",
    "coredns-6f776c8fb5-7x9kq",
    "W1120 01:52:07.100412 1 reflector.go:533] failed to list *v1.Secret: Unauthorized",
    "https://learn.microsoft.com/azure/aks/outbound-rules-control-egress#section",
    "dial tcp 20.50.2.8:443: connect: connection refused",
    "Get https://[fd00::1]:443/api/v1/nodes?limit=500: context deadline exceeded",
    "name: kubernetes.io/service-account-token",
    "serviceAccountToken: {audience: api, path: token}",
    "/var/run/secrets/kubernetes.io/serviceaccount/token",
    "resourceVersion: 123456789, generation: 3",
    "password: ''",
    "passwordSecretRef: {key: password, name: x}",
    "-A KUBE-SEP-A1B2C3D4E5F6G7H8 -s 10.244.0.7/32 -j KUBE-MARK-MASQ",
    '"key": "kubernetes.azure.com/scalesetpriority", "value": "spot"',
    "sig=SIGTERM received",
    'etag W/"0f8fad5b-d9cb-469f-a165-70867728950e"',
    "AKSUbuntu-2204gen2containerd-202608.17.0",
    base64.b64encode(b"just some text of a ConfigMap, encoded").decode(),
    "token: <masked>, password=<masked>, https://u:<masked>@h",
    "key: value",
    '{"value":"info","name":"LOG_LEVEL"},{"name":"DB_PASSWORD","valueFrom":{}}',
    "sudo -u root: done",
    "kubectl login --help; ls -p x",
    "SharedAccessKeyName=RootManageSharedAccessKey",
    "certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t",
]


@pytest.mark.parametrize("text", CLEAN)
def test_clean_text_stays_as_it_is(text: str) -> None:
    assert mask_count(text) == (text, {})


def test_real_clean_texts_stay_as_they_are() -> None:
    folder = Path(__file__).parents[3].parent / "shared" / "samples"
    if not folder.is_dir():
        pytest.skip("the sample data is not beside this checkout")
    changed = lines = 0
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            text = path.read_bytes().decode("utf-8", "replace")
            lines += text.count("\n")
            pairs = zip(text.splitlines(), mask_text(text).splitlines(), strict=True)
            changed += sum(a != b for a, b in pairs)
    assert lines > 10_000
    assert changed <= lines // 1000


def test_words_around_the_secret_stay() -> None:
    assert mask_text("user=a password=hunter2 host=b") == f"user=a password={MASK} host=b"
    assert mask_text("postgres://u:p4ss@h:5432/d") == f"postgres://u:{MASK}@h:5432/d"


def test_counts_say_what_was_masked() -> None:
    _, counts = mask_count("password=a1 passwd=b2 AccountKey=c3c3;")
    assert counts == {"connection-string-key": 1, "password": 2}
    assert set(counts) <= set(pattern_titles())


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("spec.containers[x].env[DB_PASSWORD].value", "swordfish", MASK),
        ("spec.containers[x].env[DB_PASSWORD]", "swordfish", MASK),
        ("root['data']['client_secret']", "swordfish", MASK),
        ("spec.replicas", "5", "5"),
        ("spec.containers[x].image", "mcr.microsoft.com/x:v1", "mcr.microsoft.com/x:v1"),
        ("spec.containers[x].env[DB_PASSWORD].value", "", ""),
        ("metadata.annotations", "password=hunter2", f"password={MASK}"),
    ],
)
def test_value_is_masked_by_its_name(name: str, value: str, expected: str) -> None:
    assert mask_named(name, value) == expected


@given(st.text(max_size=300))
def test_any_text_can_be_masked_twice(text: str) -> None:
    once = mask_text(text)
    assert mask_text(once) == once


def test_long_lines_take_little_time() -> None:
    for piece in ("a", "key_", "password ", "eyJ", "-----BEGIN ", "https://a:", "x=" * 3, "A1b2"):
        text = piece * (200_000 // len(piece))
        start = time.process_time()
        mask_text(text)
        assert time.process_time() - start < 3, piece


def test_every_kind_has_one_title() -> None:
    titles = pattern_titles()
    assert all(re.fullmatch("[a-z][a-z0-9-]+", kind) for kind in titles)
    assert all(title and title == title.strip() for title in titles.values())
