"""How many decimals an amount has in a currency. Pure.

Source: ISO 4217, table A.1 (https://www.six-group.com/en/products-services/financial-information/market-reference-data/data-standards.html).
"""

from __future__ import annotations

from decimal import Decimal

from portone_async._worded import Worded
from portone_async.errors import InvalidRequestError
from portone_async.models._record import EXACT

__all__ = ("fits", "minor_units", "require_fit")

_BY_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN "
        "BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP "
        "GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT "
        "LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN "
        "NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE "
        "SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES "
        "WST XCD YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DIGITS = {code: digits for digits, codes in _BY_DIGITS.items() for code in codes.split()}


def minor_units(currency: str | None) -> int | None:
    """Return how many decimals amounts of a currency have; ``None`` for an unknown currency."""
    return None if currency is None else _DIGITS.get(currency.upper())


def fits(amount: Decimal, currency: str | None) -> bool:
    """Return whether an amount has no more decimals than its currency; unknown ones allow any."""
    units = minor_units(currency)
    if units is None:
        return True
    exponent = amount.normalize(EXACT).as_tuple().exponent
    return isinstance(exponent, int) and -exponent <= units


def require_fit(amount: Decimal, currency: str | None) -> None:
    """Reject an amount with more decimals than its currency has.

    Raises:
        InvalidRequestError: It has more.
    """
    if not fits(amount, currency):
        raise InvalidRequestError(
            Worded(
                "amount {amount:f} has too many decimals: {currency} has {n}",
                amount=amount,
                currency=currency,
                n=minor_units(currency) or Worded("none"),
            )
        )
