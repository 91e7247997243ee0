"""The parameters of a request's body, validated as PortOne documents them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import wraps
from typing import Any

from .account import Account
from .reply import Reply, failure
from .request import RecordedRequest
from .route import Handler

__all__ = ("BadParameterError", "Parameters", "refusing")


class BadParameterError(Exception):
    """A parameter is missing or has another type. The text is that of the reply."""


def refusing(handler: Callable[[Account, RecordedRequest, Mapping[str, str]], Reply]) -> Handler:
    """Answer 400 where a handler raises :class:`BadParameterError`.

    The text for a missing parameter is known from the billing keys. The one for a wrong type, and
    the status of both, are invented.
    """

    @wraps(handler)
    def respond(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
        try:
            return handler(account, request, path)
        except BadParameterError as error:
            return failure(400, str(error))

    return respond


class Parameters:
    """The members of a JSON object, or the fields of a form, where every value is text.

    A member that is ``null``, or a field that is empty, counts as absent.
    """

    def __init__(self, fields: Mapping[str, Any], *, is_json: bool) -> None:
        absent = (None,) if is_json else (None, "")
        self._fields = {name: value for name, value in fields.items() if value not in absent}
        self._is_json = is_json

    @classmethod
    def of(cls, request: RecordedRequest) -> Parameters:
        """Return the parameters of a request.

        Raises:
            BadParameterError: Its body claims to be JSON, and is not a JSON object.
        """
        is_json = "json" in request.headers.get("content-type", "")
        if is_json and request.body and not request.body.lstrip().startswith(b"{"):
            raise BadParameterError("JSON 형식이 올바르지 않습니다.")
        return cls(request.fields, is_json=is_json)

    def require(self, *names: str) -> None:
        """Refuse the request if one of these is absent.

        Raises:
            BadParameterError: With the names of all that are absent.
        """
        absent = [name for name in names if self._fields.get(name, "") == ""]
        if absent:
            raise BadParameterError(f"{json.dumps(absent)} 파라메터는 필수입니다.")

    def text(self, name: str, *, words: Collection[str] | None = None) -> str | None:
        """Return a text, which must be one of ``words`` where they are documented."""
        value = self._fields.get(name)
        if value is not None and (
            not isinstance(value, str) or (words is not None and value not in words)
        ):
            raise _wrong_type(name)
        return value

    def money(self, name: str) -> Decimal | None:
        """Return a number; in JSON it must be one, in a form it is text."""
        value = self._fields.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or isinstance(value, str) is self._is_json:
            raise _wrong_type(name)
        try:
            amount = Decimal(value)
        except (InvalidOperation, TypeError, ValueError):
            raise _wrong_type(name) from None
        if not amount.is_finite():
            raise _wrong_type(name)
        return amount

    def integer(self, name: str) -> int | None:
        """Return a whole number."""
        amount = self.money(name)
        if amount is None:
            return None
        if amount != amount.to_integral_value():
            raise _wrong_type(name)
        return int(amount)

    def time(self, name: str) -> datetime | None:
        """Return a time, which is sent in whole Unix seconds."""
        seconds = self.integer(name)
        try:
            return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, ValueError, OSError):
            raise _wrong_type(name) from None

    def flag(self, name: str) -> bool | None:
        """Return a boolean; in a form it is the word."""
        value: Any = self._fields.get(name)
        if value in ("true", "false", "1", "0") and not self._is_json:
            return value in ("true", "1")
        if value is not None and not isinstance(value, bool):
            raise _wrong_type(name)
        return value

    def array(self, name: str) -> list[Any] | None:
        """Return an array."""
        value: Any = self._fields.get(name)
        if value is not None and not isinstance(value, list):
            raise _wrong_type(name)
        return value  # pyright: ignore[reportUnknownVariableType] (any JSON)

    def texts(self, name: str) -> list[str] | None:
        """Return an array of texts."""
        values = self.array(name)
        if values is not None and not all(isinstance(value, str) for value in values):
            raise _wrong_type(name)
        return values

    def objects(self, name: str) -> list[Parameters]:
        """Return the parameters in each object of an array; an absent one is empty."""
        values = self.array(name) or []
        if not all(isinstance(value, dict) for value in values):
            raise _wrong_type(name)
        return [Parameters(value, is_json=self._is_json) for value in values]

    def text_or_json(self, name: str) -> str | None:
        """Return a text; an object as the JSON text that PortOne stores for it."""
        if not isinstance(self._fields.get(name), dict):
            return self.text(name)
        return json.dumps(self.plain_object(name), ensure_ascii=False, default=str)

    def object(self, name: str) -> Parameters | None:
        """Return the parameters in a JSON object, which a body of two levels contains."""
        value = self.plain_object(name)
        return None if value is None else Parameters(value, is_json=self._is_json)

    def plain_object(self, name: str) -> dict[str, Any] | None:
        """Return a JSON object."""
        value: Any = self._fields.get(name)
        if value is not None and not isinstance(value, dict):
            raise _wrong_type(name)
        return value  # pyright: ignore[reportUnknownVariableType] (any JSON)


def _wrong_type(name: str) -> BadParameterError:
    return BadParameterError(f"{json.dumps([name])} 파라메터의 형식이 올바르지 않습니다.")
