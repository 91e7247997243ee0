"""Measure the decoding of one payment: the typed ``Payment`` and its alternatives.

``python benchmarks/decode.py [BODY]`` prints a table. All variants run in this process,
once per round and in random order. A ratio is the median of the ratios of the rounds, so that a
slower phase of the machine affects both sides. CPU time with garbage collection on; each result is
dropped before the next is made, as in a service.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import gc
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any, Generic, TypeVar

import aiohttp
import msgspec
from msgspec import Struct

from portone_async import Call, Payment, PaymentStatus, PortOneError
from portone_async._http.reply import Reply, parse
from portone_async.testing import FakePortOne

T = TypeVar("T")

Decode = Callable[[bytes], object]

_PLAIN = "msgspec, plain Struct"
ORDER = "ORD-20260202-0001"
# A card payment with the fields that a PG fills in.
_FIELDS: dict[str, Any] = {
    "merchant_uid": ORDER,
    "amount": 15000,
    "apply_num": "30012345",
    "buyer_addr": "서울특별시 강남구 테헤란로 1",
    "buyer_email": "buyer@example.com",
    "buyer_name": "홍길동",
    "buyer_postcode": "06234",
    "buyer_tel": "010-0000-0000",
    "card_code": "366",
    "card_name": "신한카드",
    "card_number": "123456******7890",
    "card_type": 0,
    "custom_data": '{"cart_id":"c-1","note":"문 앞"}',
    "name": "테스트 상품 외 1건",
    "pg_id": "INIpayTest",
    "pg_provider": "html5_inicis",
    "pg_tid": "StdpayCARDINIpayTest20260202114102000001",
    "receipt_url": "https://iniweb.inicis.com/receipt/iniReceipt.jsp?noTid=1",
    "started_at": 1770000000,
    "paid_at": 1770000062,
    "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
}


class _Envelope(Struct, Generic[T]):
    code: int
    response: T
    message: str | None = None


async def body_of_a_card_payment() -> bytes:
    """Return the response body of the fake PortOne, byte for byte as sent."""
    async with FakePortOne(now=1770000100) as server, aiohttp.ClientSession() as session:
        server.add(**_FIELDS)
        headers = {"Authorization": server.issue_token()}
        async with session.get(f"{server.url}/payments/find/{ORDER}", headers=headers) as reply:
            return await reply.read()


def as_the_client(order: str) -> Decode:
    """Decode as the client does: envelope, conversions, checks, order identity and ``raw``."""

    def problem(payment: Payment) -> str | None:
        return None if payment.merchant_uid == order else "another order"

    call = Call("GET", "/payments/find/{merchant_uid}", Payment, check=problem)

    def decode(body: bytes) -> Payment:
        outcome = parse(call, Reply(200, {}, body))
        if isinstance(outcome, PortOneError):
            raise outcome
        return outcome

    return decode


def as_payment_alone() -> Decode:
    """Decode the same model in an envelope with msgspec only, without the client."""
    return msgspec.json.Decoder(_Envelope[Payment], strict=False).decode


def as_plain_struct() -> Decode:
    """Decode the same fields to types without conversion: numbers, strings, lists of Structs."""
    return msgspec.json.Decoder(_Envelope[plain(Payment)]).decode  # type: ignore[misc]  # a type made at run time


def plain(record: type[Struct]) -> type[Struct]:
    """Return a Struct with the fields of ``record``, without hooks, dates, decimals and enums."""
    fields: list[tuple[str, Any, Any]] = []
    for field in msgspec.structs.fields(record):
        annotation: Any = _plain_type(msgspec.inspect.type_info(field.type))
        fields.append((field.name, annotation, None))
    # An absent field is null in both.
    return msgspec.defstruct(f"Plain{record.__name__}", fields)


_SCALARS: dict[type[msgspec.inspect.Type], Any] = {
    msgspec.inspect.BoolType: bool,
    msgspec.inspect.DateTimeType: int,
    msgspec.inspect.DecimalType: int | float,
    msgspec.inspect.DictType: dict[str, Any],
    msgspec.inspect.EnumType: str,
    msgspec.inspect.IntType: int,
    msgspec.inspect.StrType: str,
}


def _plain_type(info: msgspec.inspect.Type) -> Any:
    match info:
        case msgspec.inspect.UnionType(types=types):
            return _plain_type(types[0]) | None
        case msgspec.inspect.VarTupleType(item_type=item):
            return list[_plain_type(item)]  # type: ignore[misc]  # a type made at run time
        case msgspec.inspect.StructType(cls=cls):
            return plain(cls)
        case _:
            return _SCALARS[type(info)]


def as_dataclass() -> Decode:
    """Decode to a dataclass, the common first attempt: no conversion, no validation."""
    names = [field.name for field in msgspec.structs.fields(Payment)]
    record = dataclasses.make_dataclass(
        "Record", [(name, Any, dataclasses.field(default=None)) for name in names]
    )
    return lambda body: record(**json.loads(body)["response"])


def as_pydantic() -> Decode:
    """Decode the same fields with pydantic, with the same conversions of times and money."""
    try:
        import pydantic
    except ModuleNotFoundError:
        sys.exit("this benchmark compares with pydantic: pip install 'pydantic>=2'")

    def model(record: type[Struct]) -> Any:
        fields: dict[str, Any] = {}
        for field in msgspec.structs.fields(record):
            annotation: Any = convertible(msgspec.inspect.type_info(field.type))
            fields[field.name] = annotation if field.required else (annotation, None)
        return pydantic.create_model(record.__name__, **fields)

    converted: dict[type[msgspec.inspect.Type], Any] = {
        msgspec.inspect.DateTimeType: datetime,
        msgspec.inspect.DecimalType: Decimal,
        msgspec.inspect.EnumType: PaymentStatus,
    }

    def convertible(info: msgspec.inspect.Type) -> Any:
        match info:
            case msgspec.inspect.UnionType(types=types):
                return convertible(types[0]) | None
            case msgspec.inspect.VarTupleType(item_type=item):
                return tuple[convertible(item), ...]  # type: ignore[misc]  # made at run time
            case msgspec.inspect.StructType(cls=cls):
                return model(cls)
            case _:
                return converted.get(type(info)) or _plain_type(info)

    envelope: Any = pydantic.create_model(
        "Envelope", code=(int, ...), message=(str | None, None), response=(model(Payment), ...)
    )
    validate: Decode = envelope.model_validate_json
    return validate


def variants(order: str) -> dict[str, Decode]:
    return {
        "**`Payment`, as the client reads it**": as_the_client(order),
        "`Payment` by msgspec alone": as_payment_alone(),
        _PLAIN: as_plain_struct(),
        "msgspec to `dict`": msgspec.json.Decoder().decode,
        "`json.loads` to `dict`": json.loads,
        "`json.loads`, dataclass": as_dataclass(),
        "pydantic v2": as_pydantic(),
    }


def seconds_each(decode: Decode, body: bytes, number: int) -> float:
    """Return the CPU seconds per decode over a number of decodes."""
    began_at = time.process_time()
    for _ in range(number):
        decode(body)
    return (time.process_time() - began_at) / number


def measured(body: bytes, rounds: int, number: int) -> dict[str, list[float]]:
    """Return the CPU seconds per decode of each variant in each round."""
    decoders = variants(json.loads(body)["response"]["merchant_uid"])
    turns = list(decoders)
    times: dict[str, list[float]] = {name: [] for name in decoders}
    for decode in decoders.values():
        seconds_each(decode, body, number // 10 + 1)
    for _ in range(rounds):
        random.shuffle(turns)
        for name in turns:
            gc.collect()
            times[name].append(seconds_each(decoders[name], body, number))
    return times


def table(times: dict[str, list[float]]) -> str:
    lines = [
        "| Variant | µs | Payments/s | to plain Struct | lowest … highest |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, seconds in times.items():
        ratios = [own / plain for own, plain in zip(seconds, times[_PLAIN], strict=True)]
        lines.append(
            f"| {name} | {median(seconds) * 1e6:.2f} | {1 / median(seconds):,.0f}"
            f" | {median(ratios):.2f} | {min(ratios):.2f} … {max(ratios):.2f} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "body", nargs="?", type=Path, help="a file with a response body of one payment"
    )
    parser.add_argument("--rounds", type=int, default=31, metavar="N")
    parser.add_argument("--decodes", type=int, default=5_000, metavar="N", help="in each round")
    options = parser.parse_args(arguments)
    if options.body is None:
        body = asyncio.run(body_of_a_card_payment())
    else:
        body = options.body.read_bytes()
    print(table(measured(body, options.rounds, options.decodes)))
    print(
        f"\nA body of {len(body):,} bytes; {options.rounds} rounds of {options.decodes:,} decodes; "
        f"Python {sys.version.split()[0]}, msgspec {msgspec.__version__}."
    )


if __name__ == "__main__":
    main()
