"""Parsers of a node's small files: any text gives an answer, and a long one takes its length."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from analyzer.facts.node_files import TextFile
from analyzer.facts.parse.api_health import parse_feature_gates, parse_health
from analyzer.facts.parse.certificate import ends_of
from analyzer.facts.parse.cni import parse_conflist
from analyzer.facts.parse.host import (
    parse_df,
    parse_failed_units,
    parse_json,
    parse_key_values,
    parse_pressure,
    parse_probes,
)
from analyzer.facts.processes import parse_ps
from tests.hostile.effort import examples

WORDS = st.sampled_from(
    ["PID", "RSS", "%CPU", "COMMAND", "1", "-1", "²", "٣", "99%", "²%", "/dev/sda1", "/", "a=b",
     "some avg10=1.5 avg60=x", "[+]etcd ok", "{", "[]", '{"plugins":[1]}', '"type"', "●", "\x1b[1m",
     "x.service", "kubernetes_feature_enabled{name=\"A\",stage=\"ALPHA\"} 1", "9" * 400]
)  # fmt: skip
LINES = st.lists(WORDS | st.text(max_size=8), max_size=8).map(" ".join)
TEXTS = st.lists(LINES, max_size=6).map("\n".join)


@examples(120)
@given(TEXTS)
def test_any_text_is_read(text: str) -> None:
    file = TextFile("nodes/n1/host/x", text)
    for parse in (parse_df, parse_pressure, parse_probes, parse_json, parse_failed_units,
                  parse_health, parse_feature_gates):  # fmt: skip
        parse(file)
    parse_key_values(file, "=")
    parse_conflist("cni/net.d/10-x.conflist", file)
    parse_ps("n1", text, file.path)
    ends_of(text)


def test_a_long_file_takes_its_length() -> None:
    file = TextFile("nodes/n1/host/sysctl", "net.a.b = 1\n" * 200_000)
    before = time.process_time()
    assert len(parse_key_values(file, " = ")) == 1
    assert time.process_time() - before < 5
