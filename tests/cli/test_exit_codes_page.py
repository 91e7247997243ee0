"""The exit codes of the guides: those of the code, and of the help of each command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portone_async.cli.call import _epilog as call_help
from portone_async.cli.cancel import _epilog as cancel_help
from portone_async.cli.doctor.run import _EXIT_CODES as CODES_OF_CHECKS
from portone_async.cli.exit_codes import ExitCode
from portone_async.cli.find import _epilog as find_help

DOCS = Path(__file__).parents[2] / "docs"
HELPS = {"find": find_help, "call": call_help, "cancel": cancel_help}
LANGUAGES = ("en", "ko")


def _rows(page: Path, width: int) -> list[list[str]]:
    """Return the cells of the first table of a page with so many columns."""
    row = r"^\|" + r"([^|\n]*)\|" * width + r"\n"
    table = re.search(rf"(?:{row.replace('(', '(?:')})+", page.read_text("utf-8"), re.MULTILINE)
    assert table
    lines = [line.strip("|").split("|") for line in table[0].splitlines()]
    return [[cell.strip() for cell in line] for line in lines if "---" not in line[0]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_table_of_exit_codes_equals_the_help_of_each_command(language: str) -> None:
    (_, *commands), *rows = _rows(DOCS / language / "command_line.md", 4)

    assert [int(row[0]) for row in rows] == [*ExitCode]
    assert commands == [f"`{name}`" for name in HELPS]
    for column, help_of_command in enumerate(HELPS.values(), start=1):
        codes = [row[0] for row in rows if row[column]]
        assert codes == re.findall(r"^  (\d+) ", help_of_command(), re.MULTILINE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_table_of_results_has_the_exit_codes_of_checks(language: str) -> None:
    _, *rows = _rows(DOCS / language / "doctor.md", 3)

    assert [int(code) for _, code, _ in rows] == [*CODES_OF_CHECKS.values()]
