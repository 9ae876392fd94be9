"""The end of certificates in a caBundle: real certificates, and what is none."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from analyzer.facts.parse.certificate import ends_of

ENDED = (
    "MIIBRjCB7qADAgECAgEBMAoGCCqGSM49BAMCMBUxEzARBgNVBAMMCndlYmhvb2stY2EwHhcNMjQwMTAx"
    "MDAwMDAwWhcNMjYwMTE1MDAwMDAwWjAVMRMwEQYDVQQDDAp3ZWJob29rLWNhMFkwEwYHKoZIzj0CAQYI"
    "KoZIzj0DAQcDQgAEC3sabNY0nLJtZZDfis9/N6p3k18kF/IU8rhHF/rk5MAq7RG6DsDWMPaMVb15jBC8"
    "uy/b6Ol2BHqZCuBkxyd9maMvMC0wDAYDVR0TBAUwAwEB/zAdBgNVHQ4EFgQU3n2XpvagMcSE/oIkIrqb"
    "Tmp90HcwCgYIKoZIzj0EAwIDRwAwRAIgAMVFucJZJBgd0AHy1iEIDzmyhhxeKS8Nm69a6FIrG4cCID2t"
    "A2HJ/1jc0xkZtsG556I++OR+RcOt8DiNSOSLN0VM"
)
LATER = (
    "MIIBPzCB5qADAgECAgEBMAoGCCqGSM49BAMCMBAxDjAMBgNVBAMMBWxhdGVyMCAXDTI0MDEwMTAwMDAw"
    "MFoYDzIwNTUwMTE1MDAwMDAwWjAQMQ4wDAYDVQQDDAVsYXRlcjBZMBMGByqGSM49AgEGCCqGSM49AwEH"
    "A0IABF8o8akhgZqp+XaLVnhSvjXyQoGO1gJrW00FtVCgrWpO2Y57LOX3qX19jS3IeF5g7XHGA4VDlzhA"
    "OEQIitaIac+jLzAtMAwGA1UdEwQFMAMBAf8wHQYDVR0OBBYEFOy0w5ZLFFTs2D8pdnOKcRnLiNz9MAoG"
    "CCqGSM49BAMCA0gAMEUCIAT/lWySunQ8AxuOSLQ/OlpdWX/J1lGjkBDb40cR05qAAiEA+3RUh0lfPGkK"
    "V1pxp9QL0RlIqIiuwKTvICSwUlyBNr4="
)


def pem(body: str) -> bytes:
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n".encode()


def bundle(*bodies: str) -> str:
    return base64.b64encode(b"".join(pem(body) for body in bodies)).decode()


def test_each_certificate_tells_its_end() -> None:
    assert ends_of(bundle(ENDED)) == (datetime(2026, 1, 15, tzinfo=UTC),)
    assert ends_of(bundle(ENDED, LATER)) == (
        datetime(2026, 1, 15, tzinfo=UTC),
        datetime(2055, 1, 15, tzinfo=UTC),
    )


def test_a_bundle_with_one_that_cannot_be_read_says_nothing() -> None:
    assert ends_of(bundle(ENDED, ENDED[:120])) == ()


def test_what_is_no_bundle_says_nothing() -> None:
    for text in ("", "<masked>", "Cg==", base64.b64encode(b"no certificate").decode()):
        assert ends_of(text) == ()


@given(st.binary(max_size=200))
def test_hostile_bytes_never_raise(data: bytes) -> None:
    assert ends_of(bundle(base64.b64encode(data).decode())) == ()
