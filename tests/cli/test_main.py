"""The main parser, shell completion, escaping, and tables."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from argparse import ArgumentTypeError
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

import portone_async
from portone_async.cli import main
from portone_async.cli.completion import SHELLS
from portone_async.cli.console import make_console
from portone_async.cli.escape import escape, escape_json
from portone_async.cli.find.outcome import Outcome
from portone_async.cli.find.table import print_table
from portone_async.cli.zone import format_minute, parse_zone
from portone_async.models import Payment, PaymentStatus

ROOT = Path(portone_async.__file__).parents[1]


def test_python_m_prints_the_help() -> None:
    ran = subprocess.run(
        [sys.executable, "-X", "dev", "-m", "portone_async", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.startswith("usage: portone-async ")
    assert "find" in ran.stdout
    assert "demo" in ran.stdout
    assert not ran.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_knows_commands_and_options(
    capsys: pytest.CaptureFixture[str], shell: str
) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["--completion", shell])
    assert exited.value.code == 0
    out = capsys.readouterr().out
    assert not [text for text in ("reconcile", "statuses", "personal-data") if text not in out]


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is what completes here")
@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["rec"], ["reconcile"]),
        (["find", "--so"], ["--sorting"]),
        (["reconcile", "--out", "find"], ["findings.csv"]),
    ],
)
def test_bash_completes_commands_options_and_files(
    tmp_path: Path, words: list[str], completed: list[str]
) -> None:
    (tmp_path / "findings.csv").touch()
    script = (
        f'eval "$({sys.executable} -m portone_async --completion bash)"\n'
        f"COMP_WORDS=(portone-async {' '.join(words)}); COMP_CWORD={len(words)}\n"
        "$(complete -p portone-async | sed 's/.*-F \\([^ ]*\\) .*/\\1/') portone-async\n"
        'echo "${COMPREPLY[@]}"'
    )
    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.split() == completed, ran.stderr


def test_version_option_prints_program_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["--version"])
    assert exited.value.code == 0
    assert capsys.readouterr().out == f"portone-async {portone_async.__version__}\n"


@pytest.mark.parametrize("command", [[], ["find"], ["reconcile"], ["cancel"], ["call"], ["demo"]])
def test_help_contains_no_python_values(
    capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    out = capsys.readouterr().out
    assert not [text for text in ("['", "<", "None", "%(") if text in out]


def test_package_import_does_not_load_the_cli() -> None:
    program = (
        "import sys, portone_async\n"
        "names = ('portone_async.cli', 'portone_async.testing', 'rich', 'argparse')\n"
        "sys.exit(', '.join(name for name in names if name in sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.stderr.strip() == ""


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            "find",
            ["  0  ", "  1  ", "  2  ", "  3  ", "PORTONE_IMP_KEY", "--personal-data", "buyer_*"],
        ),
        ("reconcile", ["  0  ", "  1  ", "  2  ", "  3  ", "keys or proxy refused"]),
        (
            "cancel",
            ["  0  ", "  1  ", "  2  ", "  3  ", "  4  ", "PORTONE_IMP_KEY", "--personal-data"],
        ),
        ("call", ["  0  ", "  1  ", "  2  ", "  3  ", "PORTONE_IMP_KEY", "--body @FILE"]),
        ("demo", ["  0  ", "  1  ", "No account is needed"]),
    ],
)
def test_help_explains_the_exit_codes(
    capsys: pytest.CaptureFixture[str], command: str, expected: list[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        main([command, "--help"])
    assert exited.value.code == 0
    out = capsys.readouterr().out
    assert not [text for text in expected if text not in out]


def test_usage_error_escapes_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["find", "a", "--x\x1b[31m"])
    assert exited.value.code == 2
    err = capsys.readouterr().err
    assert r"\x1b[31m" in err
    assert "\x1b" not in err


def test_escaped_text_is_printable_and_keeps_korean() -> None:
    text = "주문 [b]1[/b] \x00\x07\x1b\x7f\x9b\u202e\u200b\xa0\ud800😀"
    assert escape(text) == r"주문 [b]1[/b] \x00\x07\x1b\x7f\x9b\u202e\u200b\xa0\ud800😀"
    assert escape_json('"\x9b\U000e0001가"') == r'"\u009b\udb40\udc01가"'


@given(st.text(), st.sampled_from(["utf-8", "cp949", "cp1252", "ascii", "utf-16"]))
def test_json_is_unchanged_in_every_encoding(text: str, encoding: str) -> None:
    line = escape_json(json.dumps(text, ensure_ascii=False), encoding)
    assert line.isprintable()
    assert json.loads(line.encode(encoding).decode(encoding)) == text


def test_json_escapes_only_what_the_encoding_lacks() -> None:
    assert escape_json('"라떼 é😀"', "cp949") == r'"라떼 \u00e9\ud83d\ude00"'


def test_console_prints_markup_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    make_console().print("[b]x[/b] :smile:")
    assert capsys.readouterr().out == "[b]x[/b] :smile:\n"


@pytest.mark.parametrize("columns", ["0", "1", "-3", "x", "999999999999"])
@pytest.mark.parametrize("terminal", ["", "1"])
def test_invalid_columns_variable_keeps_the_output(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    columns: str,
    terminal: str,
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("FORCE_COLOR", terminal)
    console = make_console()
    console.print("matched", soft_wrap=False)
    assert 20 <= console.width <= 10_000
    assert "matched" in capsys.readouterr().out


CANCELLED = Payment(
    imp_uid="imp_770000000001",
    merchant_uid="ORD-1",
    status=PaymentStatus.CANCELLED,
    amount=Decimal(1234567),
    cancel_amount=Decimal(234567),
    currency="KRW",
    paid_at=datetime(2026, 2, 2, tzinfo=UTC),
)


def set_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    terminal = {"FORCE_COLOR": "1", "TERM": "dumb", "COLUMNS": str(width), "LINES": "40"}
    for name, value in terminal.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(("width", "lines_a_row"), [(80, 2), (120, 1)])
def test_table_fits_the_terminal(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    lines_a_row: int,
) -> None:
    set_terminal(monkeypatch, width)
    print_table([Outcome("ORD-1", payment=CANCELLED)] * 3)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 3 * lines_a_row
    assert max(map(len, lines)) <= width
    printed = " ".join(lines)
    for expected in ("ORD-1", "imp_770000000001", "1,234,567 KRW", "234,567 KRW", "1,000,000 KRW"):
        assert printed.count(expected) >= 3


@pytest.mark.parametrize("width", [20, 40, 60])
def test_values_are_whole_on_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    set_terminal(monkeypatch, width)
    print_table([Outcome("ORD-20261101-000001", payment=CANCELLED)])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    for whole in ("ORD-20261101-000001", "imp_770000000001", "1,234,567 KRW", "1,000,000"):
        assert any(whole in line for line in lines)


def test_time_at_the_end_of_the_calendar_is_printed_in_utc(
    capsys: pytest.CaptureFixture[str],
) -> None:
    payment = Payment(
        imp_uid="imp_1",
        merchant_uid="a",
        status=PaymentStatus.PAID,
        amount=Decimal(1),
        paid_at=datetime(9999, 12, 31, 23, 59, tzinfo=UTC),
    )
    print_table([Outcome("a", payment=payment)])
    assert "9999-12-31 23:59+00:00" in capsys.readouterr().out


def test_seoul_needs_no_time_zone_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portone_async.cli.zone.ZoneInfo", raise_not_found)
    noon = datetime(2026, 11, 1, 3, tzinfo=UTC)
    assert format_minute(noon, parse_zone("Asia/Seoul")) == "2026-11-01 12:00+09:00"
    with pytest.raises(ArgumentTypeError, match="there is no time zone 'Asia/Tokyo'"):
        parse_zone("Asia/Tokyo")


def raise_not_found(name: str) -> None:
    raise ZoneInfoNotFoundError(name)
