"""Without ``--personal-data``, ``--json`` omits the fields that the records omit."""

from __future__ import annotations

import pytest

from portone_async import Payment
from portone_async.cli import main
from portone_async.cli.personal import without_personal_data
from portone_async.models._personal import personal_names
from tests.support.full_records import UNKNOWN, full_json, full_record, texts_in


def test_sent_payment_keeps_what_its_dict_has_and_unknown_fields() -> None:
    texts = {*texts_in(without_personal_data(full_json(Payment)))}

    assert {text for text in texts if UNKNOWN not in text} == {
        *texts_in(full_record(Payment).to_dict())
    }
    assert any(UNKNOWN in text for text in texts)


def test_unknown_field_of_the_buyer_is_omitted_at_every_level() -> None:
    sent = {"a": [{"buyer_mood": "planted", "custom_data": "planted", "b": 1}]}

    assert without_personal_data(sent) == {"a": [{"b": 1}]}


def test_help_names_every_omitted_field(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["find", "--help"])
    text = capsys.readouterr().out
    summarized = ("buyer_", "reason", "cancel_reason", "fail_reason")

    names = {name for name in personal_names(Payment) if not name.startswith(summarized)}
    assert names
    assert {name for name in names if name not in text} == set()
