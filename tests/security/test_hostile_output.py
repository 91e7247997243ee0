"""Hostile text stays text in terminals, errors, spreadsheets and the report."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from portone_async import PaymentMismatchError, PortOneClient, PortOneError
from portone_async.cli import main
from portone_async.cli.orders import BadRow, OrdersError, read_orders
from portone_async.testing import Body, FakePortOne, Json
from tests.support.environment import set_environment
from tests.support.samples import CARD_PAID, ok
from tests.support.scripted import reply, scripted_client
from tests.support.virtual_time import run as run_virtually
from tests.support.ways import both_ways, one_way

pytestmark = both_ways

NOON = int(datetime(2026, 11, 1, 3, tzinfo=UTC).timestamp())
PERIOD = ("--since", "2026-11-01", "--until", "2026-11-02")

# What people see

CONTROLS = (
    "\x1b[2J\x1b[31m",
    "\x1b]0;owned\x07",
    "\x1b]8;;https://evil.example\x1b\\here\x1b]8;;\x1b\\",
    "\x1b]52;c;b3duZWQ=\x07",
    "\x9b2J",
    "\x9d0;owned\x9c",
    "\x07\x08\x7f",
    "line\rover",
    "line\nforged: all is well",
)
# These may be part of an order number.
MARKS = (
    "\u202egpj.exe",
    "\u2066\u2067\u2068\u2069",
    "\u200e\u200f\u061c",
    "a\u2028b\u2029c",
    "\ufeff\u200b\u2060",
    "\U000e0001\U000e0041",
)
TERMINAL = CONTROLS + MARKS
ALL_AT_ONCE = [
    pytest.param("".join(CONTROLS), id="controls"),
    pytest.param("".join(MARKS), id="marks"),
]


def is_harmless(text: str) -> bool:
    """Nothing in it moves, colours, turns or forges what a terminal shows."""
    is_forged = "\nforged" in text
    return not is_forged and all(each == "\n" or each.isprintable() for each in text)


class Ran(Struct):
    code: int
    out: str
    err: str


Command = Callable[..., Awaitable[Ran]]


@pytest.fixture(name="command")
def _command(
    server: FakePortOne,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Command:
    set_environment(monkeypatch, server)
    monkeypatch.chdir(tmp_path)

    async def command(*arguments: str) -> Ran:
        try:
            code = await asyncio.to_thread(main, arguments)
        except SystemExit as wrong_usage:
            code = int(str(wrong_usage.code))
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return command


def orders_file(rows: str = "a,1000\n", name: str = "orders.csv") -> str:
    Path(name).write_text(f"order_id,total\n{rows}", encoding="utf-8", newline="")
    return name


def quoted(cell: str) -> str:
    """Return a cell of a CSV."""
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'


def paid(server: FakePortOne, uid: str, **fields: Any) -> None:
    server.add(merchant_uid=uid, **({"amount": 1000, "paid_at": NOON, "started_at": NOON} | fields))


@one_way
@pytest.mark.parametrize("text", ALL_AT_ONCE)
async def test_arguments_are_escaped_for_the_terminal(
    server: FakePortOne, command: Command, text: str
) -> None:
    paid(server, "a")
    orders_file()
    for arguments in (
        ("find", text),
        ("find", "a", "--status", text),
        ("find", "a", "--sorting", text),
        (text,),
        ("reconcile", text),
        ("reconcile", f"{text}.csv"),
        ("reconcile", f"{text}://evil"),
        ("reconcile", "orders.csv", "--format", text),
        ("reconcile", "orders.csv", "--query", text),
        ("reconcile", "orders.csv", "--columns", text),
        ("reconcile", "orders.csv", "--columns", f"amount={text}"),
        ("reconcile", "orders.csv", "--since", text, "--until", text),
        ("reconcile", "orders.csv", "--tz", text),
        ("reconcile", "orders.csv", "--rate", text),
        ("reconcile", "orders.csv", *PERIOD, "--statuses", text),
        ("reconcile", "orders.csv", "--out", text),
        ("reconcile", "orders.csv", "--out", f"no/{text}/a.csv"),
        ("reconcile", "orders.csv", "--report", f"no/{text}/a.html"),
        ("reconcile", "orders.csv", "--store", f"no/{text}/a.db"),
        ("reconcile", "orders.csv", "--store", "orders.csv", "--language", text),
    ):
        ran = await command(*arguments)

        assert is_harmless(ran.out + ran.err), arguments
        assert ran.code in (1, 2, 3), arguments


@pytest.mark.parametrize("text", ALL_AT_ONCE)
async def test_payment_fields_are_escaped_for_the_terminal(
    server: FakePortOne, command: Command, text: str
) -> None:
    fields = ("imp_uid", "status", "pay_method", "name", "buyer_name", "buyer_email", "pg_tid")
    server.add(merchant_uid="a", **dict.fromkeys(fields, text), currency=text, custom_data=text)

    for arguments in (("find", "a"), ("find", "a", "--json", "--personal-data")):
        ran = await command(*arguments)

        assert is_harmless(ran.out + ran.err)
        assert ran.code == 0


@pytest.mark.parametrize("text", ALL_AT_ONCE)
async def test_summary_escapes_payments_without_an_order(
    server: FakePortOne, command: Command, text: str
) -> None:
    paid(server, f"b{text}", imp_uid=f"imp{text}", currency=text)

    ran = await command("reconcile", orders_file(), *PERIOD)

    assert ran.code == 1
    assert is_harmless(ran.out + ran.err)


@pytest.mark.parametrize("text", ALL_AT_ONCE)
@pytest.mark.parametrize("on", ["/users/getToken", "/payments"])
async def test_api_messages_are_escaped_for_the_terminal(
    server: FakePortOne, command: Command, text: str, on: str
) -> None:
    for status in (400, 401, 404):
        # Another test covers the message that makes a 404 a missing payment.
        message = f"{text} 존재하지 않는 결제정보" if status == 404 else text
        refused = Json({"code": -1, "message": message, "response": None}, status)
        for arguments in (
            ("find", "a", "no/slash"),
            ("find", "a", "--json"),
            ("reconcile", orders_file()),
        ):
            server.clear_faults()
            server.fail(refused, on=on, times=None)
            ran = await command(*arguments)

            assert is_harmless(ran.out + ran.err)
            assert ran.code in (1, 2, 3)


@one_way
@pytest.mark.parametrize("text", TERMINAL, ids=ascii)
def test_file_names_columns_and_cells_are_escaped_in_errors(tmp_path: Path, text: str) -> None:
    cell = quoted(text)
    path = tmp_path / f"{text.replace('/', '')}.csv"
    for content in (
        f"{cell},b\n1,2\n",
        f"order_id,total\n{cell},no\nA,{cell}\n",
        f"order_id,total,currency,status\nA,1,{cell},paid\nA,1,KRW,{cell}\n",
        f'order_id,total\n"A"{text},1\n',
        f'order_id,"total"{text}\nA,1\n',
    ):
        path.write_text(content, encoding="utf-8", newline="")
        try:
            found = list(read_orders(str(path)))
        except OrdersError as error:
            assert str(error).isprintable()
            continue
        reasons = [each.where + each.reason for each in found if isinstance(each, BadRow)]
        assert reasons
        assert all(each.isprintable() for each in reasons)


@one_way
@pytest.mark.parametrize("rows", ['"order_id"x\ttotal\n', 'order_id\ttotal\n"a"x\t1\n'])
def test_tab_between_two_cells_is_escaped(tmp_path: Path, rows: str) -> None:
    path = tmp_path / "orders.tsv"
    path.write_text(rows, encoding="utf-8")
    try:
        (row,) = read_orders(str(path))
    except OrdersError as error:
        reason = str(error)
    else:
        assert isinstance(row, BadRow)
        reason = row.reason

    assert "'\\t' expected" in reason
    assert reason.isprintable()


async def test_deeply_nested_payment_is_never_reported_as_missing(
    server: FakePortOne, command: Command
) -> None:
    deep = b"[" * 700 + b"]" * 700
    whole = ok(CARD_PAID | {"merchant_uid": "a", "new": "?"})
    server.fail(Body(whole.replace(b'"?"', deep)), on="/payments/find/")

    ran = await command("find", "a", "--json")

    # The depth that Python can print depends on its version.
    assert ran.code == (2 if "RecursionError" in ran.err else 0)
    assert is_harmless(ran.out + ran.err)


@pytest.mark.parametrize("text", TERMINAL, ids=ascii)
async def test_mismatch_is_one_line_of_plain_text(
    server: FakePortOne, client: PortOneClient, text: str
) -> None:
    server.add(merchant_uid=text, imp_uid="imp_1", currency=text * 1000)

    with pytest.raises(PaymentMismatchError) as caught:
        await client.payments.verify("order-1", amount=1000, imp_uid="imp_1")

    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 2000
    assert caught.value.differences[0].actual == text


@one_way
@pytest.mark.parametrize("text", TERMINAL, ids=ascii)
def test_error_is_one_line_for_any_message_of_portone(text: str) -> None:
    async def main() -> PortOneError:
        refused = reply(400, msgspec.json.encode({"code": -1, "message": text, "response": None}))
        client, _ = scripted_client(lambda _: refused)
        with pytest.raises(PortOneError) as caught:
            await client.payments.find("order-1")
        return caught.value

    assert str(run_virtually(main())).isprintable()


@one_way
@pytest.mark.parametrize("text", TERMINAL, ids=ascii)
def test_error_quotes_a_gateway_page_without_control_characters(text: str) -> None:
    async def main() -> PortOneError:
        client, _ = scripted_client(lambda _: reply(400, f"<html>{text}</html>".encode()))
        with pytest.raises(PortOneError) as caught:
            await client.payments.find("order-1")
        return caught.value

    assert str(run_virtually(main())).isprintable()


# Spreadsheets

# https://owasp.org/www-community/attacks/CSV_Injection
FORMULAS = (
    '=HYPERLINK("http://evil.example")',
    "+1+cmd|' /C calc'!A0",
    "-1+cmd|' /C calc'!A0",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    *(f"{sign}1+1" for sign in "＝＋－＠"),  # noqa: RUF001 (full-width)
    "'=1+1",
    '"=1+1',
    '",=1+1,"',
    '"\r\n=1+1,"',
    "a\r\n=1+1",
)
_STARTS = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 (as above)


def cells(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines, strict=True))


@pytest.mark.parametrize("text", FORMULAS, ids=ascii)
async def test_payment_fields_become_no_formula_or_row_in_csv(
    server: FakePortOne, command: Command, text: str
) -> None:
    paid(server, text, imp_uid=text, currency=text)
    paid(server, "a", imp_uid=f"imp_{text}", status="cancelled", currency=text)

    await command("reconcile", orders_file(), *PERIOD, "--out", "findings.csv")

    lines = cells("findings.csv")
    assert len(lines) == 2
    assert not [cell for line in lines for cell in line.values() if cell.startswith(_STARTS)]
    (stranger,) = [line for line in lines if line["merchant_uid"] != "a"]
    for name in ("merchant_uid", "imp_uid", "currency"):
        assert stranger[name].removeprefix("'" if stranger[name].startswith("'") else "") == text


@one_way
@pytest.mark.parametrize("text", [text for text in FORMULAS if "/" not in text], ids=ascii)
async def test_order_rows_and_file_names_become_no_formula(command: Command, text: str) -> None:
    name = orders_file(f"{quoted(text)},no\n{quoted(text)},1000\n", f"{text}.csv")

    ran = await command("reconcile", name, "--out", "findings.csv")

    assert ran.code in (1, 3)
    lines = cells("findings.csv")
    assert len(lines) == 2
    assert not [cell for line in lines for cell in line.values() if cell.startswith(_STARTS)]


# The page

MARKUP = (
    "<script>document.title='owned'</script>",
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    '" onmouseover="document.title=\'owned\'" x="',
    "' onfocus='document.title=1' autofocus x='",
    "<!--",
    "-->",
    "]]><svg onload=owned()>",
    "</title><base href=//evil.example>",
    "</style><link rel=stylesheet href=//evil.example>",
    "javascript:owned()",
    "&lt;img src=x&gt;&#60;",
    "{{ 7*7 }}{% include 'x' %}",
    "<\u2028/script>",
)


class Elements(HTMLParser):
    """The elements of a page, each with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


async def test_orders_and_payments_add_no_markup_to_the_page(
    server: FakePortOne, command: Command
) -> None:
    pages: list[str] = []
    for texts in ([f"tame {number}" for number in range(len(MARKUP))], MARKUP):
        for number, text in enumerate(texts):
            if pages:
                server.remove(f"imp_{number}")
            paid(server, f"{text} {number}", imp_uid=f"imp_{number}", currency=text)
        rows = "".join(f"{quoted(text)},{quoted(text)}\n{quoted(text)},1000\n" for text in texts)
        # The name of the file is in the reason why a row of it could not be read.
        name = orders_file(rows, f"of {texts[2]}.csv")
        await command("reconcile", name, *PERIOD, "--report", "report.html", "--language", "en")
        pages.append(Path("report.html").read_text(encoding="utf-8"))
        Path("report.html").unlink()

    tame, hostile = (Elements(page).found for page in pages)
    assert hostile == tame
    assert not [text for text in MARKUP if "<" in text and text in pages[1]]
    # They are there, or it would be no wonder.
    assert all(f"onerror={mark}" in pages[1] for mark in ("&#34;", '\\"'))
