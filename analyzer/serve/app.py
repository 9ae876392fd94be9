"""The API over HTTP: the bearer token, and answers as bytes, streams or watches."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import AsyncIterator, Callable, Iterator
from urllib.parse import unquote

import orjson
from starlette.applications import Starlette
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from analyzer.bundle import BundleError
from analyzer.serve.api import Api
from analyzer.serve.exchange import JSON, Answer, Request
from analyzer.serve.status import ApiError
from analyzer.serve.watching import Watch

#: A review is a few hundred bytes; nothing else has a body that is read.
MAX_BODY = 64 * 1024
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
#: Seconds between two looks at whether the server is about to end.
_LOOK = 0.5
#: Names of this machine alone. A page of a browser that has its own name point to 127.0.0.1
#: (DNS rebinding) sends that name. Any port: an SSH tunnel may end at another one.
_HOSTS = ("127.0.0.1", "localhost", "[::1]")


def make_app(api: Api, token: str, ending: Callable[[], bool]) -> Starlette:
    """Return the application. ``ending`` turns True when open watches have to end."""

    async def every(http: HttpRequest) -> Response:
        host = http.headers.get("host", "")
        if _name_of(host) not in _HOSTS:
            refused = ApiError(403, f"this server answers for 127.0.0.1 alone, not for {host[:80]}")
            return _response(Answer(refused.status(), code=403), ending)
        given = http.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return _response(Answer(ApiError(401, "Unauthorized").status(), code=401), ending)
        try:
            answer = await run_in_threadpool(_answer, api, await _request(http))
        except ApiError as error:
            answer = Answer(error.status(), code=error.code)
        return _response(answer, ending)

    return Starlette(routes=[Route("/{path:path}", every, methods=_METHODS)])


def _answer(api: Api, request: Request) -> Answer:
    """Answer, with lists turned into bytes here: that takes time too, and belongs in a thread."""
    try:
        found = api.answer(request)
    except BundleError as error:
        found = Answer(ApiError(500, str(error)).status(), code=500)
    except Exception as error:  # whatever a bundle holds, a client gets an answer
        said = f"demarc cannot show this: {type(error).__name__}: {str(error)[:200]}"
        found = Answer(ApiError(500, said).status(), code=500)
    if isinstance(found.body, dict):
        data = orjson.dumps(found.body)
        return Answer(data, found.content_type, found.code, found.warnings)
    return found


def _name_of(host: str) -> str:
    """Return the name in a Host header without its port."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower()


async def _request(http: HttpRequest) -> Request:
    body = bytearray()
    if http.method == "POST":
        async for piece in http.stream():
            body += piece
            if len(body) > MAX_BODY:
                raise ApiError(405, "a bundle is read-only, and no review is this large")
    # as it came: a slash within a name is %2F
    raw = http.scope.get("raw_path") or http.scope["path"].encode()
    path = tuple(unquote(part) for part in raw.decode("latin-1").split("/") if part)
    return Request(
        http.method,
        path,
        dict(http.query_params),
        http.headers.get("accept", ""),
        http.headers.get("user-agent", ""),
        bytes(body),
        http.headers.get("kubectl-command", ""),
    )


def _response(answer: Answer, ending: Callable[[], bool]) -> Response:
    body = answer.body
    if isinstance(body, Watch):
        return StreamingResponse(_watched(body, ending), media_type=JSON)
    if isinstance(body, Iterator):
        lines = iterate_in_threadpool(_large(body))
        response: Response = StreamingResponse(lines, media_type=answer.content_type)
    else:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        response = Response(data, answer.code, media_type=answer.content_type)
    response.headers["cache-control"] = "no-cache, private"
    for text in answer.warnings:
        response.headers.append("warning", f'299 - "{_header(text)}"')
    return response


def _header(text: str) -> str:
    """Keep what a header may hold between quotes: names and notes are other people's."""
    safe = text.replace("\\", "/").replace('"', "'")
    return "".join(c if " " <= c <= "~" else "?" for c in safe)


def _large(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Join lines: a thread's hand-over for each of them would cost more than the reading."""
    held: list[bytes] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size > 64 * 1024:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


async def _watched(watch: Watch, ending: Callable[[], bool]) -> AsyncIterator[bytes]:
    end = time.monotonic() + watch.seconds
    async for line in iterate_in_threadpool(watch.lines):
        yield line
    while (left := end - time.monotonic()) > 0 and not ending():
        await asyncio.sleep(min(_LOOK, left))
