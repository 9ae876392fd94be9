"""The one engine: secrets masked, identities replaced, in one go over each piece of text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache

from ahocorasick_rs import BytesAhoCorasick

from analyzer.redact.contexts import triggers
from analyzer.redact.edits import Edit, Trigger
from analyzer.redact.find import addresses, free_after, free_before
from analyzer.redact.identities import Identities, words
from analyzer.redact.secrets import mask_bytes
from analyzer.redact.stand_ins import StandIns

#: Names shorter than this are words of many texts.
_SHORT = 4
#: Names of users and resources that are shorter, and letters alone, may be words.
_WORD = 8
_PADDING = re.compile(rb" {2,}")
#: Places that say that a usual word is a namespace here.
_NAMESPACE_PLACES = ('"namespace":"{}"', '"namespace": "{}"', "/namespaces/{}/", '/namespaces/{}"',
                     'namespace="{}"', "logs/{}/", ".{}.svc", "/{}.json")  # fmt: skip
#: A name that may be a word is one where it is a value, or a part of an ARM id.
_WEAK_PLACES = ('"{}"', "/{}/", '/{}"')

#: Texts up to so many bytes are remembered, and how many of them.
_OFTEN = 32 * 1024
_REMEMBERED = 1024

#: A text, the secrets that were masked in it by kind, and how many names were replaced.
_Done = tuple[bytes, Counter[str], int]


class Redactor:
    """Redacts texts under one key; what it replaced by what is in ``names.originals``.

    ``learned`` are the names of this bundle. ``masked`` (secrets by kind, as in ``pattern_titles``)
    and ``replaced`` (how many names and addresses) grow with each text.
    """

    def __init__(self, names: StandIns, learned: Identities) -> None:
        self.names = names
        self.masked: Counter[str] = Counter()
        self.replaced = 0
        #: Learned names as they are written, with the stand-ins that they got so far.
        self._given: dict[bytes, str] = {}
        texts: dict[bytes, tuple[int, int, Callable[[str], str]]] = {}
        for name, make in sorted(_wanted(learned, names), key=lambda pair: pair[0]):
            self._given[name.encode("utf-8", "surrogatepass")] = make(name)
            for text, before, after in _places(name, learned):
                key = text.encode("utf-8", "surrogatepass").lower()
                texts.setdefault(key, (before, after, make))
        self._literals = list(texts.values())
        #: Kubernetes writes these in lower case alone: in another they are words.
        self._exact = {
            name.encode("utf-8", "surrogatepass") for name in learned.namespaces | learned.images
        }
        #: Most small files are the same on every node.
        self._again = lru_cache(maxsize=_REMEMBERED)(self._once)
        self._triggers: list[Trigger] = list(triggers().values())
        self._automaton = BytesAhoCorasick([*texts, *triggers()])

    def redact(self, data: bytes) -> bytes:
        """Return the text (in UTF-8) without secrets, with stand-ins for identities."""
        done, counts, replaced = self._once(data) if len(data) > _OFTEN else self._again(data)
        self.masked += counts
        self.replaced += replaced
        return done

    def _once(self, data: bytes) -> _Done:
        data, counts = mask_bytes(data)
        edits = [*self._named(data), *addresses(data, self.names)]
        if not edits:
            return data, counts, 0
        return self._edited(data, edits, counts)

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
                    if text.lower() in self._exact:
                        continue
                    made = given[text] = make(text.decode())
                yield start, end, made

    def _edited(self, data: bytes, edits: list[Edit], counts: Counter[str]) -> _Done:
        """Make the edits; of two that overlap the one that begins first, or is longer, is made."""
        edits.sort(key=lambda edit: (edit[0], -edit[1]))
        pieces: list[bytes] = []
        done = replaced = 0
        for start, end, made in edits:
            if start < done:
                continue
            text = made.encode()
            pieces += (data[done:start], text)
            done = end
            replaced += 1
            if len(text) != end - start and data[end : end + 2] == b"  ":
                done = self._padded(data, end, len(text) - (end - start), pieces)
        pieces.append(data[done:])
        return b"".join(pieces), counts, replaced

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


def _places(name: str, learned: Identities) -> Iterator[tuple[str, int, int]]:
    """The texts to look for, with the bytes around the name in each."""
    if not _is_weak(name, learned):
        yield name, 0, 0
        return
    is_namespace = name in learned.namespaces
    if name.lower() in words()["fixed"] and not is_namespace:
        return
    for place in _NAMESPACE_PLACES if is_namespace else _WEAK_PLACES:
        before, after = place.split("{}")
        yield place.format(name), len(before), len(after)


def _is_weak(name: str, learned: Identities) -> bool:
    """True for names that may be words of others' texts too."""
    if name.lower() in words()["usual"] or len(name) < _SHORT:
        return True
    is_word = name.isalpha() and len(name) < _WORD
    return is_word and name in learned.names | learned.users and name not in learned.hosts
