"""The AKS change log, read into dated version lines of components and patch releases.

A release has a heading with its date; component updates stand in bullets, with the Kubernetes
minors (if any) on the same line. Sentences are not kept: only date, component, version, minors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

CHANGE_LOG = "CHANGELOG.md"
_RELEASE = re.compile(r"^##\s+Release(?:\s+Notes)?\s*(?:-\s*)?(\d{4}-\d{2}-\d{2})", re.IGNORECASE)
_SECTION = re.compile(r"^\s*(?:#+|\*)\s*\**component updates?\**:?\s*$", re.IGNORECASE)
_BULLET = re.compile(r"^(\s*)[*-]\s+(.*)$")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_VERSION = re.compile(
    r"(?<![\w./-])v?(\d+\.\d+\.\d+(?:-(?!Kubernetes)[A-Za-z0-9][\w.-]*\w|-\d+)?)(?![\w/-]|\.\d)"
)
_MINOR = re.compile(r"(>=\s*|<\s*|≥\s*)?\bv?(1\.\d{2})(?:\.0)?(\+)?(?![\w.]*\d)")
_FROM = re.compile(r"\bfrom\s+`?v?\d+\.\d+\.\d+\S*|`?v?\d+\.\d+\.\d+[^\s`]*`?\s+to\s+(?=`?v?\d)")
_PATCH = re.compile(r"(?<![\w.-])v?(1\.\d{2}\.\d{1,3}(?:-akslts)?)(?![\w.-]*\w)")
_AVAILABLE = re.compile(r"kubernetes.*\bversions?\b.*\bavailable\b", re.IGNORECASE)
#: Words between two versions of one component; anything else is another subject.
_GLUE = re.compile(
    r"\b(?:and|or|on|aks|for|kubernetes|k8s|clusters?|of|versions?|to|updated|in|the|with|images?"
    r"|respectively|agent|operator|from|v)\b|[0-9v.+<>=-]+",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z]{3,}")
#: What stands before a version of Kubernetes itself.
_BEFORE_OTHERS = (">=", "<", "≥", "kubernetes", "aks")
_TOOL = re.compile(r"\b(?:go|golang)(?: version)?$")
_ASIDE = re.compile(r"\([^()0-9]*\)")
#: Where minors no longer belong to the version before them.
_STOP = re.compile(r"\.\s|;|,\s+(?!and\b|v?1\.\d{2}\b|or\b)[A-Za-z]")
#: A sentence of advice or of security notes ends what a bullet says of versions.
_NOISE = re.compile(r"CVE-\d+-\d+|GHSA-[\w-]+|https?://\S+")


@dataclass(frozen=True, slots=True)
class Update:
    """A component's version in one release; ``minors`` as printed (``1.33``, ``>=1.34``)."""

    date: str
    component: str
    version: str
    minors: tuple[str, ...]

    def row(self) -> str:
        """One line of the table."""
        return " ".join((self.date, self.component, self.version, ",".join(self.minors) or "-"))


@dataclass(frozen=True, slots=True)
class _Mention:
    components: tuple[str, ...]
    version: str
    minors: tuple[str, ...]


def updates(
    text: str,
    names: Mapping[str, tuple[str, ...]],
    majors: Mapping[str, int] = MappingProxyType({}),
) -> tuple[Update, ...]:
    """All updates of components that ``names`` knows (id → words that name it), newest first.

    ``majors`` holds the major version of components that share their lines with another one; a
    version with another major is not theirs.
    """
    found: dict[tuple[str, str, str], Update] = {}
    for date, lines in _releases(text):
        for line in _component_lines(lines):
            for mention in _shared(list(_mentions(line, names))):
                for component in mention.components:
                    major = int(mention.version.partition(".")[0])
                    if majors.get(component, major) != major:
                        continue
                    update = Update(date, component, mention.version, mention.minors)
                    key = (date, component, mention.version)
                    if key not in found or (update.minors and not found[key].minors):
                        found[key] = update
    return tuple(
        sorted(found.values(), key=lambda u: (_descending(u.date), u.component, _numbers(u)))
    )


def patch_releases(text: str) -> dict[str, tuple[str, ...]]:
    """Kubernetes patch versions that became available, by the date of the release."""
    found: dict[str, tuple[str, ...]] = {}
    for date, lines in _releases(text):
        versions: set[str] = set()
        for line in lines:
            if match := _AVAILABLE.search(_plain(line)):
                versions.update(_PATCH.findall(match[0]))
        if versions:
            found[date] = tuple(sorted(versions, key=_key))
    return found


def _releases(text: str) -> Iterator[tuple[str, list[str]]]:
    date = ""
    lines: list[str] = []
    for line in text.splitlines():
        if match := _RELEASE.match(line):
            if date:
                yield date, lines
            date, lines = match[1], []
        elif line.startswith("## "):
            if date:
                yield date, lines
            date, lines = "", []
        else:
            lines.append(line)
    if date:
        yield date, lines


def _component_lines(lines: list[str]) -> Iterator[str]:
    """Bullets about components; one below another carries the words of the upper one."""
    inside = False
    above: list[tuple[int, str]] = []
    for line in lines:
        if _SECTION.match(line):
            inside, above = True, []
            continue
        if line.startswith(("#", "---", "===")):
            inside = False
        bullet = _BULLET.match(line) if inside else None
        if bullet is None:
            continue
        depth = len(bullet[1].expandtabs(4))
        above = [item for item in above if item[0] < depth]
        text = _plain(bullet[2])
        if text.rstrip().endswith(":") or "images" in text[:30].lower():
            above.append((depth, text))
        yield " » ".join([*(upper.partition(":")[0] for _, upper in above if upper != text), text])


def _plain(text: str) -> str:
    return _NOISE.sub("", _LINK.sub(r"\1", text)).replace("`", "").replace("‑", "-")


def _mentions(line: str, names: Mapping[str, tuple[str, ...]]) -> Iterator[_Mention]:
    """Versions of a line with the components that they are of, and the minors behind them.

    A version is of what is named before it; one with nothing but list words before it is of what
    the last one was of. What is named and not known (a library) takes its version away.
    """
    upper, _, said = line.rpartition(" » ")
    said = _FROM.sub(" ", said)
    matches = [m for m in _VERSION.finditer(said) if not _is_other(said, m)]
    subjects = [] if "dependenc" in upper.lower() else _named(upper, names)
    start = 0
    for index, match in enumerate(matches):
        gap = said[start : match.start()]
        named = _named(gap, names)
        if named or (start and _WORD.search(_GLUE.sub(" ", gap))):
            subjects = named
        end = matches[index + 1].start() if index + 1 < len(matches) else len(said)
        whole = len(matches) == 1
        region = (
            said[: match.start()] + " | " + said[match.end() :]
            if whole
            else said[match.end() : end]
        )
        minors = tuple(dict.fromkeys(_range(m) for m in _MINOR.finditer(_behind(region, whole))))
        yield _Mention(tuple(subjects), match[1], minors)
        start = match.end()


def _named(text: str, names: Mapping[str, tuple[str, ...]]) -> list[str]:
    lowered = text.lower()
    return [
        component
        for component, words in names.items()
        if any(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", lowered) for word in words)
    ]


def _behind(region: str, whole: bool) -> str:
    """The text that may hold minors: up to the end of the sentence or of the list."""
    before, bar, after = region.partition(" | ") if whole else ("", "", region)
    return before + bar + _STOP.split(_ASIDE.sub("", after), maxsplit=1)[0]


def _shared(mentions: list[_Mention]) -> list[_Mention]:
    """``v1, v2 and v3 for 1.33, 1.34 and 1.35``: the minors of the last belong to all, in order."""
    if len(mentions) < 2 or any(m.minors for m in mentions[:-1]):
        return mentions
    minors = mentions[-1].minors
    if len(minors) != len(mentions):
        return mentions
    return [
        _Mention(m.components, m.version, (minor,))
        for m, minor in zip(mentions, minors, strict=True)
    ]


def _is_other(text: str, match: re.Match[str]) -> bool:
    """True for the version of a cluster (``>= 1.34.0``) or of a build tool, not of an image."""
    before = text[: match.start()].rstrip().lower()
    return before.endswith(_BEFORE_OTHERS) or bool(_TOOL.search(before))


def _range(match: re.Match[str]) -> str:
    sign = (match[1] or "").strip()
    if sign in (">=", "≥") or match[3]:
        return f">={match[2]}"
    return f"<{match[2]}" if sign == "<" else match[2]


def _descending(date: str) -> tuple[int, ...]:
    return tuple(-int(part) for part in date.split("-"))


def _numbers(update: Update) -> tuple[tuple[int, ...], str]:
    return _key(update.version), update.version


def _key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
