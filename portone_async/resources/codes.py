"""``client.codes``: names of card companies and banks by their standard code.

API: https://developers.portone.io/api/rest-v1/code
"""

from __future__ import annotations

from portone_async.call import Call, Caller, Failure
from portone_async.errors import NotFoundError
from portone_async.models.codes import StandardCode

__all__ = ("CodeNotFoundError", "Codes")


class CodeNotFoundError(NotFoundError):
    """PortOne reports that there is no card company or bank with this code."""

    advice = "Codes are text with leading zeros, as in '004'. List them with cards() or banks()."


class Codes:
    """The operations of ``/cards`` and ``/banks``. The answers change rarely: cache them.

    The codes are those of the Korea Financial Telecommunications & Clearings Institute, as in
    ``Payment.card_code``. A PG may expect other bank codes for refunds and virtual accounts.
    """

    def __init__(self, client: Caller) -> None:
        self._client = client

    async def cards(self) -> list[StandardCode]:
        """List all card companies.

        Raises:
            PortOneError: The call failed.

        Source: ``GET /cards``.
        """
        return await self._client.call(Call("GET", "/cards", list[StandardCode]))

    async def card(self, card_standard_code: str) -> StandardCode:
        """Return a card company.

        Args:
            card_standard_code: Its standard code, as in ``361``.

        Raises:
            CodeNotFoundError: PortOne reports no card company with this code.
            InvalidRequestError: The code cannot be part of a path; nothing was sent.
            PortOneError: The call failed; whether there is one is unknown.

        Source: ``GET /cards/{card_standard_code}``.
        """
        return await self._client.call(_call("/cards", "card_standard_code", card_standard_code))

    async def banks(self) -> list[StandardCode]:
        """List all banks.

        Raises:
            PortOneError: The call failed.

        Source: ``GET /banks``.
        """
        return await self._client.call(Call("GET", "/banks", list[StandardCode]))

    async def bank(self, bank_standard_code: str) -> StandardCode:
        """Return a bank.

        Args:
            bank_standard_code: Its standard code with leading zeros, as in ``004``.

        Raises:
            CodeNotFoundError: PortOne reports no bank with this code.
            InvalidRequestError: The code cannot be part of a path; nothing was sent.
            PortOneError: The call failed; whether there is one is unknown.

        Source: ``GET /banks/{bank_standard_code}``.
        """
        return await self._client.call(_call("/banks", "bank_standard_code", bank_standard_code))


def _call(collection: str, name: str, code: str) -> Call[StandardCode]:
    path = {name: code}

    def check(answer: StandardCode) -> str | None:
        return None if answer.code == code else "PortOne answered with another code"

    return Call(
        "GET",
        f"{collection}/{{{name}}}",
        StandardCode,
        path=path,
        identifiers=path,
        check=check,
        classify=_classify,
    )


def _classify(failure: Failure) -> type[CodeNotFoundError] | None:
    # The message of this 404 is not documented (`doctor`: `code-not-found`).
    return CodeNotFoundError if failure.status == 404 else None
