"""What speaks for broken content of coredns-custom: its text, CoreDNS's log, and its pods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.facts.objects import Pod
from analyzer.facts.scan import Match
from analyzer.rules.dns._coredns import crashes
from analyzer.rules.dns._corefile import Problem, key_of_plugin, key_of_zone

_LOOP = "coredns-loop"
_ROOT = "."


@dataclass(frozen=True)
class Signs:
    """What speaks for broken content, and what CoreDNS does."""

    problems: tuple[Problem, ...]
    errors: tuple[Match, ...]
    crashing: tuple[Pod, ...]
    pods: tuple[Pod, ...]

    @property
    def rejected(self) -> bool:
        """True where CoreDNS could not read its configuration; a loop it could read."""
        return any(match.pattern != _LOOP for match in self.errors)

    @property
    def variant(self) -> str:
        """How bad it is: all pods, some, none of them yet, or the text alone."""
        if self.crashing:
            return "down" if len(self.crashing) == len(self.pods) else "default"
        return "reload-fails" if self.errors else "content-only"

    @property
    def sentence(self) -> str:
        """What is wrong, and what it has led to."""
        faults = "; ".join(f"{problem.key}: {problem.what}" for problem in self.problems[:3])
        count = f"{len(self.crashing)} of {len(self.pods)} CoreDNS pods crash"
        if not self.crashing:
            count = "CoreDNS rejects its new configuration and keeps the old one"
            if not self.errors:
                count = "CoreDNS runs, and will not start with this content"
        return f"{faults or 'CoreDNS reports an error in its configuration'}. {count}."


def told(custom: Mapping[str, str], errors: tuple[Match, ...]) -> tuple[Problem, ...]:
    """What CoreDNS's log says of plugins and zones that stand in the customer's content."""
    found = []
    for plugin in _captured(errors, "plugin"):
        key = key_of_plugin(custom, plugin)
        if key is not None:
            text = f"plugin {plugin} may be used only once in a server block"
            found.append(Problem(key, text, plugin))
    for zone in _looping(errors):
        key = key_of_zone(custom, zone)
        if key is not None:
            found.append(Problem(key, f"zone {zone} is forwarded back to CoreDNS", zone))
    return tuple(found)


def told_without(errors: tuple[Match, ...], pods: tuple[Pod, ...]) -> Signs | None:
    """The signs by log alone, of pods that crash now; None where none names the customer's part.

    AKS's own part has one server block, for the root zone: a loop in another zone is the
    customer's.
    """
    crashing = tuple(pod for pod in pods if crashes(pod))
    names = {pod.name for pod in crashing}
    own = tuple(match for match in errors if match.pod in names)
    files = [file for match in own for file in match.captures.get("file", ()) if _custom(file)]
    named = [Problem(file.rpartition("/")[2], _what(own, file), file) for file in files]
    loops = [Problem(zone, "the zone is forwarded back to CoreDNS", zone) for zone in _looping(own)]
    found = tuple(dict.fromkeys((*named, *loops)))
    if not found:
        return None
    return Signs(found, tuple(m for m in own if names_custom(m) or _looping((m,))), crashing, pods)


def names_custom(match: Match) -> bool:
    """True where CoreDNS names a file of the customer's part."""
    texts = [sample.excerpt or "" for sample in match.samples]
    return any(_custom(text) for text in (*texts, *match.captures.get("file", ())))


def _custom(text: str) -> bool:
    return "/custom/" in text


def _what(errors: tuple[Match, ...], file: str) -> str:
    """The parser's complaint about a file, where it complains about one thing only."""
    said = {
        what
        for match in errors
        if file in match.captures.get("file", ())
        for what in match.captures.get("what", ())
    }
    return said.pop() if len(said) == 1 else "CoreDNS cannot parse it"


def _captured(errors: tuple[Match, ...], name: str) -> tuple[str, ...]:
    values = [value for match in errors for value in match.captures.get(name, ())]
    return tuple(dict.fromkeys(values))


def _looping(errors: tuple[Match, ...]) -> tuple[str, ...]:
    """The zones, but for the root, in which CoreDNS got its own questions back."""
    zones = _captured(tuple(match for match in errors if match.pattern == _LOOP), "zone")
    return tuple(zone.rstrip(".").lower() for zone in zones if zone.rstrip(".") and zone != _ROOT)
