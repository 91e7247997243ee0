"""Notes about a source of orders are printed once, to stderr."""

from __future__ import annotations

import pytest

from portone_async.cli.orders import Note
from portone_async.cli.reconcile.notes import Notes


def test_notes_are_printed_one_per_line_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    notes = Notes()
    notes.add(Note("orders.csv:4", "this is the header"))
    notes.add(Note("orders.csv:9", "a total row"))
    notes.print()

    assert capsys.readouterr() == (
        "",
        "note: orders.csv:4: this is the header\nnote: orders.csv:9: a total row\n",
    )


def test_only_twenty_notes_are_printed_and_others_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    notes = Notes()
    for number in range(1_000):
        notes.add(Note(f"orders.csv:{number}", "a total row"))
    notes.print()

    assert len(notes.notes) == 20
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) == 21
    assert printed[-1] == "note: and 980 more like these"
