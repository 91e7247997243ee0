"""Any cell is quoted in messages briefly and safely."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.orders.cells.cell import quote
from tests.support.strategies import order_numbers


@given(st.text(st.characters()) | order_numbers)
def test_quoted_cell_is_short_and_has_no_control_characters(cell: str) -> None:
    text = quote(cell)

    assert text.isprintable()
    assert len(text) <= 63
    if len(repr(cell)) <= 62:
        assert text == repr(cell)
    else:
        assert text.endswith(("…'", '…"'))
