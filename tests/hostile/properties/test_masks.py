"""Masks and stand-ins: nothing planted is left, a second time changes nothing, lines stay lines."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analyzer.redact.addresses import AddressMap
from analyzer.redact.engine import Redactor
from analyzer.redact.identities import Identities
from analyzer.redact.mask import mask_count, mask_text
from analyzer.redact.stand_ins import StandIns
from tests.hostile.effort import examples
from tests.redact.secrets import KINDS

SECRET = b"properties".ljust(32, b"\0")
#: Lines as they stand in logs and documents, and lines of anything.
LINES = st.sampled_from(
    ["", "{", "}", "  - name: x", "kubelet[1]: E0302 failed", '{"log":"x","level":"info"}', "\t|",
     "password:", "token =", "-----END CERTIFICATE-----", "Authorization:", "é", "'", '"', "\\"]
) | st.text(max_size=30).filter(lambda text: "\n" not in text)  # fmt: skip
AROUND = st.lists(LINES, max_size=4)
LETTERS = st.text("abcdefghjkmnpqrstuvwxyz", min_size=3, max_size=9)
NUMBER = st.integers(10_000_000, 99_999_999)
HEX = st.uuids(version=4).map(str)
OCTET = st.integers(1, 254)


@examples(120)
@given(st.sampled_from(KINDS), AROUND, AROUND)
def test_no_planted_secret_is_left_and_no_line_is_lost(
    kind: tuple[str, str, str], before: list[str], after: list[str]
) -> None:
    _, text, left = kind
    whole = "\n".join([*before, text, *after])
    masked = mask_text(whole)
    assert left not in masked
    assert masked.count("\n") == whole.count("\n")
    assert mask_text(masked) == masked


@examples(80)
@given(st.sampled_from(KINDS), LETTERS)
def test_nor_one_that_is_quoted_in_another_document(kind: tuple[str, str, str], key: str) -> None:
    _, text, left = kind
    for whole in (json.dumps({key: text}), json.dumps({key: json.dumps({"inner": text})})):
        masked, counts = mask_count(whole)
        assert left not in masked and counts
        assert mask_text(masked) == masked


@st.composite
def identity(draw: st.DrawFn) -> tuple[str, str]:
    """A name or an address in a form that tells what it is; and what must not be left of it."""
    number, guid, word = draw(NUMBER), draw(HEX), draw(LETTERS)
    a, b, c = draw(OCTET), draw(OCTET), draw(OCTET)
    company = f"{word}-corp{number}"
    return draw(
        st.sampled_from(
            [
                (f"aks-work-{number}-vmss00000a", str(number)),
                (f"/subscriptions/{guid}/resourceGroups/x-{company}/providers", guid),
                (f"/SUBSCRIPTIONS/{guid.upper()}/RESOURCEGROUPS/{company.upper()}", company),
                (f"mc_{company}_aks_westeurope", company),
                (f"{company}.hcp.westeurope.azmk8s.io", company),
                (f"{word}.{guid}.privatelink.westeurope.azmk8s.io", guid),
                (f"{company}@example.com", company),
                (f"{company}.example.net", company),
                (f"The client '{guid}' with object id", guid),
                (f"AZURE_CLIENT_ID: {guid}", guid),
                (f"https://login.microsoftonline.com/{guid}/oauth2", guid),
                (f"10.{a}.{b}.{c}", f"10.{a}.{b}.{c}"),
                (f"ip-10-{a}-{b}-{c}", f"10-{a}-{b}-{c}"),
                (f"2603:10{a % 90 + 10}:{b:x}:{c:x}::4a1", f"2603:10{a % 90 + 10}:{b:x}:{c:x}:"),
                (f"00:0d:3a:{a:02x}:{b:02x}:{c:02x}", f"{a:02x}:{b:02x}:{c:02x}"),
            ]
        )
    )


@examples(150)
@given(
    st.lists(identity(), min_size=1, max_size=4), AROUND, st.sampled_from([" ", ", ", '"', "\n"])
)
def test_no_planted_name_is_left(
    several: list[tuple[str, str]], around: list[str], between: str
) -> None:
    names = between.join(text for text, _ in several)
    whole = "\n".join([*around, f"dial {names} refused", *around])
    assume(not any(left.lower() in "\n".join(around).lower() for _, left in several))
    engine = Redactor(StandIns(SECRET, AddressMap(SECRET)), Identities())
    done = engine.redact_text(whole)
    assert done.count("\n") == mask_text(whole).count("\n") == whole.count("\n")
    for text, left in several:
        if text.startswith(("10.", "ip-10-")):
            # An address may be another one's stand-in, and a few stand for themselves.
            address = left.replace("-", ".")
            made = engine.names.ip(address)
            assert made is None or engine.names.originals[made] in (address, left)
            assert left not in done or made is None or address in engine.names.originals
        else:
            assert left.lower() not in done.lower(), text
    again = Redactor(StandIns(SECRET, AddressMap(SECRET)), Identities())
    assert again.redact_text(whole) == done


@pytest.mark.parametrize("kind", KINDS, ids=[row[0] for row in KINDS])
def test_every_kind_keeps_its_lines(kind: tuple[str, str, str]) -> None:
    assert mask_text(kind[1]).count("\n") == kind[1].count("\n")
