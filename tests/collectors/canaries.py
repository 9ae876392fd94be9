"""Secrets that must never reach a bundle, and texts that must reach it unchanged.

Each canary is a text as it occurs in the field; ``{}`` stands for the secret part. The secrets
are made up; their forms are those of the real ones.
"""

# ruff: noqa: E501  (texts in the form that they have in the field are long)

from __future__ import annotations

import base64
import json

MARK = "Canary7x"
"""Part of every secret: its absence from an output is what the tests look for."""

_LONG = f"{MARK}0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH"
_PEM_BODY = "MIIEpAIBAAKCAQEA" + MARK + "0123456789abcdefghijklmnopqrstuvwxyz"

TEXTS: dict[str, str] = {
    "env password": f"DB_PASSWORD={MARK}pass",
    "api key": f'"apiKey": "{_LONG}"',
    "api key header": f"x-api-key: {_LONG}",
    "client secret": f"client_secret={MARK}~8Q~x",
    "entra secret form": f"value {MARK[:3]}8Q~{MARK}abcdefghijklmnopqrstuvwxyz012",
    "account key": f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={_LONG}==;EndpointSuffix=core.windows.net",
    "sas": f"https://a.blob.core.windows.net/c?sv=2022-11-02&sig={MARK}%2Bab%3D&se=2026-01-01",
    "service bus": f"Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=R;SharedAccessKey={_LONG}=",
    "aadClientSecret": f'  "aadClientSecret": "{MARK}.x~y",',
    "bearer": f"Authorization: Bearer eyJhbGciOiJSUzI1NiIs{MARK}.eyJpc3MiOiJrdWJlcm5ldGVz{MARK}.sig-{MARK}_x",
    "jwt alone": f"token is eyJhbGciOiJSUzI1NiIs{MARK}.eyJpc3MiOiJrdWJlcm5ldGVz{MARK}.sig{MARK} ok",
    "pem on one line": f"-----BEGIN RSA PRIVATE KEY-----\\n{_PEM_BODY}\\n-----END RSA PRIVATE KEY-----\\n",
    "client-key-data": f"    client-key-data: {_LONG}{_LONG}",
    "bootstrap token": f"kubelet --bootstrap-token={MARK}.0123456789abcdef --v=2",
    "password =": f"password={MARK}",
    "password :": f"password: {MARK}",
    "quoted phrase": f'password: "{MARK} with blanks {MARK}"',
    "url": f"proxy is http://user:{MARK}@proxy.example:3128/ now",
    "dockerconfig": f'{{"auths":{{"r.example":{{"auth":"dXNlcjpw{MARK}AbCd0123"}}}}}}',
    "instrumentation key": f"InstrumentationKey={MARK}-1111-2222-3333-444444444444;IngestionEndpoint=https://x.example/",
    "github": f"ghp_{_LONG}",
    "github fine": f"github_pat_{_LONG}",
    "azure devops new": f"{_LONG}{_LONG}AZDO4aBc",
    "connection string": f'ConnectionString="Server=s;Password={MARK}"',
    "flag with a blank": f"mysqld --password {MARK} --port 1",
}

AZURE_DEVOPS_OLD = "canary7xqwmzy3abcdefgh2ijklmnop4qrstuvwxyz5abcdef6gh"
"""52 characters of lower-case base32: the form of the older tokens."""

CLEAN = """\
I1109 09:39:48.960321    3057 server.go:467] "Kubelet version" kubeletVersion="v1.33.5"
kubelet --authentication-token-webhook=true --client-ca-file=/etc/kubernetes/certs/ca.crt --rotate-certificates=true
  - mountPath: /var/run/secrets/kubernetes.io/serviceaccount
imagePullSecrets: [{name: regcred}]
    secretName: tls-cert
passwordSecretRef: {name: a, key: b}
MountVolume.SetUp succeeded for volume "kube-api-access-abcde" (UniqueName: "kubernetes.io/projected/0134b014-d02e-4623-9997-f3de47d9d563")
image: mcr.microsoft.com/oss/kubernetes/pause@sha256:7b33bea8e2d11404482918d4c5c0ec26884c85c31fe2812390a8fd706ff9bbbd
-A KUBE-SEP-ABCDEFGHIJKLMNOP -s 10.244.0.5/32 -m comment --comment "kube-system/kube-dns:dns" -j KUBE-MARK-MASQ
error: token has expired, please log in again
E1109 authentication.go:73] "Unable to authenticate the request" err="[invalid bearer token, service account token has expired]"
TOKEN_FILE=/var/run/secrets/azure/tokens/azure-identity-token
/var/lib/kubelet/pods/0134b014-d02e-4623-9997-f3de47d9d563/volumes/kubernetes.io~csi/pvc-1/mount
https://management.azure.com:443/subscriptions/7c1f52f0-3d1e-4b6a-9a80-5f4e8d2b6c11?api-version=2023-01-01
containerd://e277e9dbf929bdb1e2664428faedbed1cf2c39e40bf895d7a21a26727427bc76
-----BEGIN CERTIFICATE-----
MIIDBTCCAe2gAwIBAgIIQzvFo7OLkg4wDQYJKoZIhvcNAQELBQAwFTETMBEGA1UE
-----END CERTIFICATE-----
"""


def forms() -> dict[str, str]:
    """Every canary plain, inside a JSON string, twice escaped and as base64."""
    found: dict[str, str] = {}
    for name, text in TEXTS.items():
        escaped = json.dumps(text)
        found[name] = text
        found[f"{name}, JSON"] = f'{{"message":{escaped}}}'
        found[f"{name}, JSON in JSON"] = json.dumps({"message": f'{{"m":{escaped}}}'})
        found[f"{name}, base64"] = f"data: {base64.b64encode(text.encode()).decode()} end"
    found["azure devops old"] = f"pat {AZURE_DEVOPS_OLD} end"
    return found
