"""Order numbers that a spreadsheet seems to have rounded are noted."""

from __future__ import annotations

import pytest

from tests.support.order_files import notes, order_numbers_of, read


def notes_on(*numbers: str) -> list[str]:
    """Read orders with these numbers; return the notes."""
    items = read("주문번호,금액\n" + "".join(f"{number},1000\n" for number in numbers))
    assert order_numbers_of(items) == list(numbers)
    return notes(items)


def test_zeros_after_the_15th_digit_of_all_numbers_are_noted() -> None:
    assert notes_on("20261101000012300000", "2026110100001240", "A-20261101000012345") == [
        (
            "all 2 order numbers of more than 15 digits end in zeros from the 16th on, as if "
            "rounded by a spreadsheet: if these orders are missing, export order numbers as text"
        )
    ]


@pytest.mark.parametrize(
    "numbers",
    [
        ("2026110100001230", "2026110100001231"),
        ("2026110100001230",),
        ("202611010000120", "202611010000130"),
        ("2026110100001230-A", "2026110100001240-A"),
    ],
)
def test_numbers_that_do_not_look_rounded_are_not_noted(numbers: tuple[str, ...]) -> None:
    assert notes_on(*numbers) == []
