"""Equal parts of objects are kept once: what 100,000 pods repeat takes the memory of a few.

The memos live until :func:`forget_shared` is called, which the loader does when all is read. What
is shared is never changed: facts are frozen, and nobody writes into their mappings.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import intern
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import AfterValidator, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

T = TypeVar("T")

#: Entries of one memo; what is different in each object (a volume with a random name) must not
#: fill the memory that the memo is there to save.
_MOST = 4096
#: Bytes of a key; what is larger is seldom seen twice.
_LONGEST = 64 * 1024
_AS_THEY_ARE = (
    orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
_MEMOS: list[dict[Any, Any]] = []


def new_memo() -> dict[Any, Any]:
    """A memo that :func:`forget_shared` empties."""
    memo: dict[Any, Any] = {}
    _MEMOS.append(memo)
    return memo


def remember(memo: dict[Any, Any], key: Any, value: T) -> T:
    """Keep a value under a key, the whole memo being given up when it is full."""
    if len(memo) >= _MOST:
        memo.clear()
    memo[key] = value
    return value


def forget_shared() -> None:
    """Let go of everything that no fact holds."""
    for memo in _MEMOS:
        memo.clear()


class _Once:
    """Validates a value once and gives the same object for the same JSON ever after."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        memo = new_memo()

        def once(value: Any, validate: Callable[[Any], Any]) -> Any:
            try:
                key = orjson.dumps(value, option=_AS_THEY_ARE)
            except TypeError:  # not from JSON: objects that tests build
                return validate(value)
            if len(key) > _LONGEST:
                return validate(value)
            found = memo.get(key, _NOTHING)
            return remember(memo, key, validate(value)) if found is _NOTHING else found

        return core_schema.no_info_wrap_validator_function(once, handler(source))


class _NullIs:
    """Lets ``null`` stand for an empty value, without a detour through Python objects."""

    def __init__(self, empty: Any, then: Callable[[Any], Any] | None = None) -> None:
        self._empty = empty
        self._then = then

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        empty, then = self._empty, self._then

        def filled(value: Any) -> Any:
            if value is None:
                return empty
            return value if then is None else then(value)

        inner = core_schema.nullable_schema(handler(source))
        return core_schema.no_info_after_validator_function(filled, inner)


def _shared_map(value: dict[str, str]) -> dict[str, str]:
    key = tuple(value.items())
    found: dict[str, str] | None = _MAPS.get(key)
    return remember(_MAPS, key, value) if found is None else found


def empty_map() -> dict[str, Any]:
    """The one empty mapping that stands wherever an object shows none."""
    return _EMPTY


_NOTHING = object()
_EMPTY: dict[str, Any] = {}
_MAPS = new_memo()

#: A part that many objects have in common, as a whole.
Shared = Annotated[T, _Once()]
#: A list that may be null or left out; an empty tuple then.
Many = Annotated[tuple[T, ...], _NullIs(())]
#: A list of text by name, such as labels; empty where it is null or left out.
StrMap = Annotated[dict[str, str], _NullIs(_EMPTY, _shared_map)]
#: Text that few different values are seen of: kept once for all objects.
Word = Annotated[str, AfterValidator(intern)]
