"""The API server's way to say no: a Status object, raised as an exception and sent as JSON.

Forms as a real API server sends them
(https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/).
"""

from __future__ import annotations

from typing import Any

_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    410: "Expired",
    415: "UnsupportedMediaType",
    500: "InternalError",
    503: "ServiceUnavailable",
}

#: What Go reads as true in a query; Python clients write ``True``.
TRUE = ("1", "t", "T", "true", "TRUE", "True")
READ_ONLY = "a bundle is read-only: it shows the cluster as it was when the bundle was collected"


class ApiError(Exception):
    """An answer that is an error. ``code`` is the HTTP status; ``details`` name the object."""

    def __init__(self, code: int, message: str, **details: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = {key: value for key, value in details.items() if value}

    def status(self) -> dict[str, Any]:
        """Return the Status object."""
        found: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": _REASONS.get(self.code, "Unknown"),
        }
        if self.details:
            found["details"] = self.details
        return found | {"code": self.code}


def not_found(resource: str, group: str, name: str) -> ApiError:
    """Return the answer for an object that the bundle would hold, were it there."""
    qualified = f"{resource}.{group}" if group else resource
    return ApiError(404, f'{qualified} "{name}" not found', name=name, group=group, kind=resource)


def not_collected(what: str, why: str, **details: str) -> ApiError:
    """Return the answer for what the bundle does not hold: its absence says nothing.

    ``what`` ends in a verb: ``pods are``.
    """
    tail = f": {why}" if why else ""
    return ApiError(404, f"{what} not in the bundle{tail}", **details)
