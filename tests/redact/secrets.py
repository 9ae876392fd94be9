"""One secret of each kind that AKS clusters carry, as it stands in files; put together here, so
that no scanner of this repository takes them for real ones.

Each row: kind, text, and what must not be left of it.
"""

from __future__ import annotations

import base64
import gzip
import json

KEY_64 = "Zm9vYmFyYmF6cXV4" * 5 + "Zm9vYm" + "=="
JWT = ".".join(("eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ", "eyJpc3MiOiJrdWJlIn0x", "c2lnbmF0dXJl-x_1"))
BODY = "MIIEowIBAAKCAQEA7n0mVxYzAbCdEfGh1234567890ijklMNOPqrstUVWXyz+/aB"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\nx0Xy=\n-----END RSA PRIVATE KEY-----"
PAT = "gh" + "p_" + "a1B2c3D4" * 5
ENTRA = "abc" + "8Q~" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0hL3x"
CERT = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nmade up\n").decode()
AUTH = base64.b64encode(b"puller:swordfish42").decode()
ENV = [{"name": "DB_PASSWORD", "value": "swordfish42"}]
POD = {"kind": "Pod", "spec": {"containers": [{"env": ENV}]}}
APPLIED = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(POD)}
RELEASE = base64.b64encode(
    gzip.compress(b'{"config":{"password":"swordfish42"}}', mtime=0)
).decode()

KINDS: list[tuple[str, str, str]] = [
    ("env of a pod", json.dumps(POD), "swordfish42"),
    ("env, indented", json.dumps(POD, indent=2), "swordfish42"),
    ("env api key", '{"name":"PAY_API_KEY","value":"swordfish42"}', "swordfish42"),
    ("env client secret", '{"name": "APP_CLIENT_SECRET", "value": "swordfish42"}', "swordfish42"),
    ("storage account key", f"AccountName=a;AccountKey={KEY_64};EndpointSuffix=x", KEY_64[:24]),
    ("storage key alone", f"key1  {KEY_64}", KEY_64[:24]),
    (
        "shared access signature",
        "https://a.blob.core.windows.net/c?sig=aB3%2FdE6gH9jK2mN5pQ8%3D",
        "aB3%2FdE6",
    ),
    (
        "service bus",
        "Endpoint=sb://x/;SharedAccessKeyName=R;SharedAccessKey=aB3dE6gH9=",
        "aB3dE6gH9",
    ),
    ("service principal of azure.json", '"aadClientSecret": "swordfish42~"', "swordfish42"),
    ("service principal alone", f"az login -p {ENTRA}", ENTRA[:20]),
    ("bearer token", f"Authorization: Bearer {JWT}", "c2lnbmF0dXJl"),
    ("JSON web token", f"got {JWT} from kube", "eyJpc3Mi"),
    ("private key", PEM, BODY),
    ("last line of a private key", PEM, "x0Xy="),
    ("kubeconfig key", f"    client-key-data: {CERT}", CERT[:30]),
    ("kubeconfig certificate", f"    client-certificate-data: {CERT}", CERT[:30]),
    ("kubeconfig token", "users:\n- user:\n    token: a1b2c3d4e5f6a7b8", "a1b2c3d4e5f6"),
    ("bootstrap token", "--bootstrap-token=abc1ef.01x3456789abcdef", "01x3456789"),
    ("bootstrap token alone", "kubeadm join with abc1ef.01x3456789abcdef now", "01x3456789"),
    ("password in a log", "login failed for user a password=swordfish42 from b", "swordfish42"),
    ("password in YAML", "  password: swordfish42", "swordfish42"),
    (
        "ADO.NET string",
        "Server=tcp:x,1433;User ID=a;Password=swordfish42;Encrypt=True;",
        "swordfish42",
    ),
    ("basic auth in an address", "https://user:swordfish42@registry.example/v2", "swordfish42"),
    ("database address", "postgres://user:swordfish42@db.example:5432/x", "swordfish42"),
    ("docker config", json.dumps({"auths": {"r.io": {"auth": AUTH}}}), AUTH),
    ("helm value", "  token: a1b2c3d4e5f6", "a1b2c3d4e5f6"),
    ("helm release", f'"release": "{RELEASE}"', RELEASE[:40]),
    (
        "helm release, twice",
        f'"release": "{base64.b64encode(RELEASE.encode()).decode()}"',
        base64.b64encode(RELEASE.encode()).decode()[:40],
    ),
    (
        "Application Insights",
        "InstrumentationKey=0f8fad5b-d9cb-469f-a165-70867728950e;X=1",
        "0f8fad5b-d9cb",
    ),
    ("personal access token", f"fetch with {PAT}", PAT[4:24]),
    ("last applied", json.dumps(APPLIED), "swordfish42"),
    ("last applied, packed", json.dumps({"x/applied": RELEASE}), RELEASE[:40]),
]
