"""Any JSON value in any field of any record: decoded exactly, named unreadable, or an error."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portone_async import PortOneError
from portone_async._http.reply import Reply, parse
from tests.contract.cases import CASES, Case
from tests.fuzz.response import call_for, check_reply
from tests.support.sample_bodies import SAMPLES
from tests.support.samples import body
from tests.unit.test_odd_fields import values

RECORDS = [
    case
    for case in CASES
    if not case.before
    and SAMPLES[case.sample].body["code"] == 0
    and SAMPLES[case.sample].body["response"]
]
each_sample = pytest.mark.parametrize("case", RECORDS, ids=lambda case: case.sample)


def objects(response: Any) -> Iterator[dict[str, Any]]:
    """Yield the records of a response, at any depth; ``extension`` is a dict of any form."""
    # Not narrowed by its type: to pyright a dict of any JSON is one of unknown types.
    parts: Any = response
    if isinstance(response, dict):
        yield parts
        parts = [value for name, value in parts.items() if name != "extension"]
    if isinstance(parts, list):
        for part in parts:  # pyright: ignore[reportUnknownVariableType]  # JSON
            yield from objects(part)


def reply_with(case: Case, response: Any) -> Reply:
    sample = SAMPLES[case.sample]
    return Reply(sample.status, {}, body(sample.body | {"response": response}))


@each_sample
@given(data=st.data())
@settings(max_examples=30)
def test_odd_value_of_any_field_is_exact_or_reported(case: Case, data: st.DataObject) -> None:
    response = copy.deepcopy(SAMPLES[case.sample].body["response"])
    record = data.draw(st.sampled_from([*objects(response)]))
    name = data.draw(st.sampled_from([*record, "new_field"]))
    record[name] = data.draw(values)

    check_reply(call_for(case), reply_with(case, response))


@each_sample
def test_new_fields_change_nothing(case: Case) -> None:
    response = copy.deepcopy(SAMPLES[case.sample].body["response"])
    before = parse(call_for(case), reply_with(case, response))
    for record in [*objects(response)]:
        record["new_field"] = {"any": [1, None]}
    after = parse(call_for(case), reply_with(case, response))

    assert not isinstance(after, PortOneError)
    assert after == before
