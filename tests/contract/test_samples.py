"""Each sample body through the method that receives it: the result, or the class of the error."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterable, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, TypeVar

import msgspec
import pytest

from portone_async import PortOneError
from portone_async._http.reply import Reply, parse
from portone_async._sections import Sections
from portone_async.call import Call
from portone_async.models import Record, ResponseRecord
from tests.contract.cases import CASES, ENDPOINTS, PAGES, TOKENS, Case
from tests.contract.recorder import (
    Recorder,
    method,
    record,
    required_arguments,
    split,
)
from tests.support.sample_bodies import SAMPLES, Sample
from tests.support.samples import ok

T = TypeVar("T")


class Scripted(Sections):
    """A client that answers one operation with a sample, and look-ups as a case tells."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._start = ENDPOINTS[case.method].removesuffix("/{payment_status}")

    async def call(self, call: Call[T], /) -> T:
        outcome = parse(call, self._reply(call))
        if isinstance(outcome, PortOneError):
            raise outcome
        return outcome

    def exclusive(self, name: str, /) -> AbstractAsyncContextManager[None]:
        del name
        return nullcontext()

    def _reply(self, call: Call[Any]) -> Reply:
        if call.endpoint in self._case.before:
            return Reply(200, {}, ok(self._case.before[call.endpoint]))
        if call.endpoint.startswith(self._start):
            return reply_of(SAMPLES[self._case.sample])
        return reply_of(SAMPLES["not_found_404"])


def reply_of(sample: Sample) -> Reply:
    return Reply(sample.status, {}, sample.content)


async def outcome_of(case: Case) -> Any:
    function = method(Scripted(case), case.method)
    assert function is not None
    arguments = required_arguments(function, case.method) | case.arguments
    known = inspect.signature(function).parameters
    positional, keywords = split(
        function, {name: value for name, value in arguments.items() if name in known}
    )
    try:
        return await _result(function(*positional, **keywords))
    except PortOneError as error:
        return error


async def _result(returned: Any) -> Any:
    if inspect.isawaitable(returned):
        return await returned
    if hasattr(returned, "__aenter__"):
        async with returned as stream:
            return await _all(stream)
    return await _all(returned)


async def _all(results: AsyncIterable[Any]) -> list[Any]:
    return [result async for result in results]


def described(outcome: Any) -> str:
    # Not narrowed by its type: to pyright a list of any records is one of unknown types.
    items: Any = outcome
    if isinstance(outcome, list | tuple):
        return f"{len(items)} {type(items[0]).__name__}"
    return type(outcome).__name__


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.sample}-{case.method}")
def test_sample_becomes_a_record_or_an_error(case: Case) -> None:
    outcome = asyncio.run(outcome_of(case))

    if isinstance(outcome, PortOneError):
        assert case.outcome in [kind.__name__ for kind in type(outcome).__mro__], outcome
        assert getattr(outcome, "code", None) in (SAMPLES[case.sample].body["code"], None)
    else:
        assert described(outcome) == case.outcome
        for record in records_in(outcome):
            assert_whole(record)


def records_in(outcome: Any) -> Iterator[Record]:
    if isinstance(outcome, Record):
        yield outcome
    items: Any = outcome
    if isinstance(outcome, list | tuple):
        for item in items:
            yield from records_in(item)


def assert_whole(record: Record) -> None:
    """Assert that each member of a sample is in a field that has its name."""
    assert not (isinstance(record, ResponseRecord) and record.unreadable)
    fields = {field.encode_name: field.name for field in msgspec.structs.fields(record)}
    for name, value in record.raw.items():
        if value and name not in UNKNOWN:
            assert getattr(record, fields[name]) not in (None, (), {}), name


@pytest.mark.parametrize("sample", PAGES)
def test_first_page_is_decoded(sample: str) -> None:
    name = PAGES[sample]
    function = method(Recorder(""), name)
    assert function is not None
    arguments = required_arguments(function, name)
    arguments |= {"status": "all"} if "status" in arguments else {}
    page: Any = parse(record(ENDPOINTS[name], name, arguments), reply_of(SAMPLES[sample]))

    response = SAMPLES[sample].body["response"]
    assert (page.total, page.next, page.unreadable) == (response["total"], response["next"], ())
    assert [payment.merchant_uid for payment in page.list] == [
        each["merchant_uid"] for each in response["list"]
    ]


UNKNOWN = {"birth"}
"""Members that the document does not have."""


def test_each_sample_is_in_a_case() -> None:
    assert {case.sample for case in CASES} | PAGES.keys() | TOKENS == SAMPLES.keys()
