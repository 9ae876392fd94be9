"""What in the customer's part of CoreDNS's configuration cannot work, told from its text alone.

Format: https://coredns.io/manual/configuration/ ; the files of ``coredns-custom`` are imported as
``*.override`` into the default server block and as ``*.server`` beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

#: Plugins that are built into CoreDNS (plugin.cfg of its releases), and words of its parser.
PLUGINS = frozenset(
    {
        "acl", "any", "auto", "autopath", "azure", "bind", "bufsize", "cache", "cancel",
        "chaos", "clouddns", "debug", "dns64", "dnssec", "dnstap", "erratic", "errors",
        "etcd", "federation", "file", "forward", "geoip", "grpc", "grpc_server", "header",
        "health", "hosts", "https", "https3", "import", "k8s_external", "kubernetes",
        "loadbalance", "local", "log", "loop", "metadata", "minimal", "multisocket",
        "nomad", "nsid", "on", "pprof", "prometheus", "proxy", "quic", "ready", "reload",
        "rewrite", "root", "route53", "secondary", "sign", "shutdown", "startup",
        "template", "timeouts", "tls", "trace", "transfer", "tsig", "view", "whoami",
    }
)  # fmt: skip
#: Plugins that refuse to be named twice in one server block ("can only be used once").
ONCE = frozenset({"cache", "errors", "hosts", "kubernetes", "loop", "prometheus", "reload"})
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\S+')
_DEFAULT_PORT = "53"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, in which key of the ConfigMap, and the text that shows it."""

    key: str
    what: str
    shows: str


@dataclass(frozen=True, slots=True)
class _Line:
    depth: int
    tokens: tuple[str, ...]

    @property
    def opens(self) -> bool:
        return self.tokens[-1] == "{"


def problems(custom: Mapping[str, str], corefile: str | None) -> tuple[Problem, ...]:
    """Everything in ``coredns-custom`` that keeps CoreDNS from starting, in the order of the keys.

    ``corefile`` is AKS's own Corefile, None where it is not shown.
    """
    found: list[Problem] = []
    used = _plugins_of_default(corefile or "")
    zones = {(".", _DEFAULT_PORT)} if corefile else set()
    for key in sorted(custom):
        override, server = key.endswith(".override"), key.endswith(".server")
        if not override and not server:
            continue  # not imported: files for plugins, or nothing
        lines, balance = _lines(custom[key])
        if balance:
            side = "opening" if balance > 0 else "closing"
            found.append(Problem(key, f"a brace is not matched ({abs(balance)} {side})", key))
            continue
        if override:
            found += _plugins(key, (line for line in lines if line.depth == 0), used)
        else:
            found += _servers(key, lines, zones)
    return tuple(found)


def key_of_plugin(custom: Mapping[str, str], plugin: str) -> str | None:
    """The first imported key that uses the plugin; overrides, which join AKS's block, first."""
    return _key(custom, lambda line: line.tokens[0] == plugin)


def key_of_zone(custom: Mapping[str, str], zone: str) -> str | None:
    """The first imported key with a server block for the zone (without the last dot)."""
    return _key(custom, lambda line: line.opens and zone in {_zone(t)[0] for t in line.tokens})


def _key(custom: Mapping[str, str], wanted: Callable[[_Line], bool]) -> str | None:
    imported = [key for key in custom if key.endswith((".override", ".server"))]
    for key in sorted(imported, key=lambda name: (name.endswith(".server"), name)):
        if any(wanted(line) for line in _lines(custom[key])[0]):
            return key
    return None


def _lines(text: str) -> tuple[list[_Line], int]:
    """Lines with the depth at which they begin, and how many braces stay open at the end."""
    depth = 0
    lines: list[_Line] = []
    for raw in text.splitlines():
        tokens = _tokens(raw)
        if not tokens:
            continue
        if tokens == ("}",):
            depth -= 1
            if depth < 0:
                return lines, depth
            continue
        lines.append(_Line(depth, tokens))
        depth += tokens.count("{") - tokens.count("}")
    return lines, depth


def _tokens(raw: str) -> tuple[str, ...]:
    tokens = []
    for token in _TOKEN.findall(raw):
        if token.startswith("#"):
            break
        tokens.append(token)
    return tuple(tokens)


def _plugins_of_default(corefile: str) -> set[str]:
    """The plugins of the default server block."""
    lines, _ = _lines(corefile)
    used: set[str] = set()
    inside = False
    for line in lines:
        if line.depth == 0:
            inside = line.opens and ("." in line.tokens or f".:{_DEFAULT_PORT}" in line.tokens)
        elif line.depth == 1 and inside:
            used.add(line.tokens[0])
    return used


def _plugins(key: str, lines: Iterable[_Line], used: set[str]) -> Iterator[Problem]:
    for line in lines:
        name = line.tokens[0]
        if name not in PLUGINS:
            yield Problem(key, f"{name} is no plugin of CoreDNS", name)
        elif name in ONCE and name in used:
            yield Problem(key, f"plugin {name} is in its server block already", name)
        used.add(name)


def _servers(key: str, lines: list[_Line], zones: set[tuple[str, str]]) -> Iterator[Problem]:
    used: set[str] = set()
    for line in lines:
        if line.depth == 1:
            yield from _plugins(key, (line,), used)
        if line.depth != 0 or not line.opens or line.tokens[0].startswith("("):
            continue
        used = set()
        for token in line.tokens[:-1]:
            zone = _zone(token)
            if zone in zones:
                text = f"zone {zone[0]} on port {zone[1]} has another server block already"
                yield Problem(key, text, token)
            zones.add(zone)


def _zone(token: str) -> tuple[str, str]:
    """Zone and port of a server block's key, as ``contoso.com:53`` or ``dns://contoso.com.``."""
    name = token.rstrip(",").removeprefix("dns://").lower()
    zone, colon, port = name.rpartition(":")
    if not colon or not port.isdigit():
        zone, port = name, _DEFAULT_PORT
    return zone.rstrip(".") or ".", port
