"""The one engine: secrets masked, identities replaced, in one go over each piece of text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

from ahocorasick_rs import BytesAhoCorasick

from analyzer.redact.contexts import Trigger, triggers
from analyzer.redact.find import addresses, free_after, free_before
from analyzer.redact.identities import Identities, words
from analyzer.redact.secrets import mask_bytes
from analyzer.redact.stand_ins import StandIns

#: Names shorter than this are words of many texts.
_SHORT = 4
_PADDING = re.compile(rb" {2,}")
#: Places that say that a usual word is a namespace here.
_NAMESPACE_PLACES = ('"namespace":"{}"', '"namespace": "{}"', "/namespaces/{}/", '/namespaces/{}"',
                     'namespace="{}"', "/logs/{}/", ".{}.svc", "/{}.json")  # fmt: skip
_QUOTED_PLACES = ('"{}"',)

Edit = tuple[int, int, str]


class Redactor:
    """Redacts texts under one key; what it replaced by what is in ``names.originals``.

    ``learned`` are the names of this bundle. ``counts`` grows: secrets by kind (as in
    ``pattern_titles``), and under ``identities`` how many names and addresses were replaced.
    """

    def __init__(self, names: StandIns, learned: Identities) -> None:
        self.names = names
        self.masked: Counter[str] = Counter()
        self.replaced = 0
        #: Learned names as they are written, with the stand-ins that they got so far.
        self._given: dict[bytes, str] = {}
        texts: dict[bytes, tuple[int, int, Callable[[str], str]]] = {}
        for name, make in sorted(_wanted(learned, names), key=lambda pair: pair[0]):
            for text, before, after in _places(name, name in learned.namespaces):
                texts.setdefault(text.lower().encode(), (before, after, make))
        self._literals = list(texts.values())
        self._triggers: list[Trigger] = list(triggers().values())
        self._automaton = BytesAhoCorasick([*texts, *triggers()])

    def redact(self, data: bytes) -> bytes:
        """Return the text (in UTF-8) without secrets, with stand-ins for identities."""
        data, counts = mask_bytes(data)
        self.masked += counts
        edits = [*self._named(data), *addresses(data, self.names)]
        return self._edited(data, edits) if edits else data

    def redact_text(self, text: str) -> str:
        """The same for a text, such as a path."""
        data = text.encode("utf-8", "surrogatepass")
        return self.redact(data).decode("utf-8", "surrogatepass")

    def _named(self, data: bytes) -> Iterator[Edit]:
        count = len(self._literals)
        given = self._given
        found = self._automaton.find_matches_as_indexes(data.lower(), overlapping=True)
        for number, start, end in found:
            if number >= count:
                # The number of a pool that was learned is found as a name.
                if data[start - 8 : start] not in given:
                    edit = self._triggers[number - count](data, start, end, self.names)
                    if edit is not None:
                        yield edit
                continue
            before, after, make = self._literals[number]
            if before or (free_before(data, start) and free_after(data, end)):
                start, end = start + before, end - after
                text = data[start:end]
                made = given.get(text)
                if made is None:
                    made = given[text] = make(text.decode())
                yield start, end, made

    def _edited(self, data: bytes, edits: list[Edit]) -> bytes:
        """Make the edits; of two that overlap the one that begins first, or is longer, is made."""
        edits.sort(key=lambda edit: (edit[0], -edit[1]))
        pieces: list[bytes] = []
        done = 0
        for start, end, made in edits:
            if start < done:
                continue
            text = made.encode()
            pieces += (data[done:start], text)
            done = end
            self.replaced += 1
            if len(text) != end - start and data[end : end + 2] == b"  ":
                done = self._padded(data, end, len(text) - (end - start), pieces)
        pieces.append(data[done:])
        return b"".join(pieces)

    @staticmethod
    def _padded(data: bytes, end: int, wider: int, pieces: list[bytes]) -> int:
        """Keep the next column where it is, by as much padding as there is."""
        padding = _PADDING.match(data, end)
        assert padding is not None
        room = len(padding[0])
        pieces.append(b" " * max(1, room - wider))
        return end + room


def _wanted(learned: Identities, names: StandIns) -> Iterator[tuple[str, Callable[[str], str]]]:
    """Every learned name with the way to its stand-in."""
    for guid in learned.guids:
        yield guid, names.guid
    for group in learned.groups:
        yield group, names.group
    for digits in learned.digits:
        yield digits, names.digits
    for name in (learned.names | learned.hosts | learned.users) - learned.groups:
        if "." in name.strip("."):
            continue  # a domain, which is told by its ending
        yield name, names.name
    for name in learned.namespaces:
        yield name, names.name
    for image in learned.images:
        yield image, lambda text: "/".join(names.name(part) for part in text.split("/"))


def _places(name: str, is_namespace: bool) -> Iterator[tuple[str, int, int]]:
    """The texts to look for, with the bytes around the name in each."""
    if name.lower() not in words()["usual"] and len(name) >= _SHORT:
        yield name, 0, 0
        return
    for place in _NAMESPACE_PLACES if is_namespace else _QUOTED_PLACES:
        before, after = place.split("{}")
        yield place.format(name), len(before), len(after)
