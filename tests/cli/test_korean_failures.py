"""A failing command prints sentences in Korean, and English only behind them."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import re
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from python_calamine import CalamineWorkbook

from portone_async import InvalidRequestError
from portone_async._worded import Worded, redacted
from portone_async.cli.orders import BadRow
from portone_async.cli.orders.steps.temporary import temporary_database
from portone_async.cli.orders.where import row_of
from portone_async.cli.reconcile.row_reasons import RowReasons
from portone_async.cli.report.reasons import reason_of, row_problem
from portone_async.cli.wording import localized
from portone_async.reconcile import Finding, Verdict
from portone_async.testing import FakePortOne, HtmlPage, Status
from tests.support.command import run_main
from tests.support.custom_faults import LostForGood
from tests.support.workbooks import Cell, write_xlsx

Run = Callable[..., tuple[int, str, str]]

# English between parentheses is the detail behind a Korean sentence; a quotation is input.
DETAIL = re.compile(r"\([^()]*\)|'[^']*'")
SENTENCE = re.compile(r"[A-Za-z]+ [a-z]+ [a-z]+")
ROWS = """\
order_id,amount,status
A,1000,paid
B,abc,paid
C,,paid
2.02E+16,5,paid
D,100,shipped
E,10
F,-5,paid
"""


@pytest.fixture(name="run")
def _run(
    environment: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Run:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "ko_KR.UTF-8")
    monkeypatch.chdir(tmp_path)
    for name, content in {
        "orders.csv": ROWS,
        "unknown.csv": "foo,bar\n1,2\n",
        "empty.csv": "",
        "page.csv": "<html>",
        "many.csv": "order_id,amount,total\nA,1,2\n",
        "fields.jsonl": '{"order_id": "A"}\n',
        "tiers.txt": "A 1\n",
        "broken.db": "no database" * 99,
    }.items():
        Path(name).write_text(content, encoding="utf-8")

    return partial(run_main, capsys)


def english(text: str) -> list[str]:
    """Return the lines that a Korean reader would find in English."""
    usage, _, rest = text.partition(": 오류: ")
    lines = (rest if text.startswith("사용법") else usage + rest).splitlines()
    return [line for line in lines if SENTENCE.search(DETAIL.sub("", DETAIL.sub("", line)))]


DAY = "--since 2026-11-01 --until 2026-11-02"
FAILURES = [
    "find A --sorting up",
    "find A --status PAID!",
    "find A --profile none",
    "find A --proxy http://proxy.example:1",
    "find . ..",
    "call GET http://portone.io/banks",
    "call GET /banks --body {",
    "call GET /payments/find/..",
    "cancel imp_0 --all --reason r",
    "cancel imp_0 --amount 5 --reason r --key ! --yes",
    "reconcile none.csv",
    "reconcile orders.csv --strict",
    "reconcile unknown.csv",
    "reconcile empty.csv",
    "reconcile page.csv",
    "reconcile many.csv",
    "reconcile fields.jsonl",
    "reconcile orders.hwp",
    "reconcile broken.db --query SELECT",
    "reconcile orders.csv --columns amount=none",
    "reconcile orders.csv --columns none",
    "reconcile orders.csv --query SELECT",
    "reconcile orders.csv --delimiter ab",
    "reconcile orders.csv --sheet 1",
    "reconcile orders.csv --rate 0",
    "reconcile orders.csv --out findings.zip",
    "reconcile orders.csv --out none/findings.csv",
    "reconcile orders.csv --store broken.db",
    "reconcile orders.csv --since 2026-11-02 --until 2026-11-01",
    f"reconcile orders.csv {DAY} --tiers tiers.txt",
    f"reconcile orders.csv {DAY} --every 0d",
    "doctor --rate 0",
]


def test_failure_is_explained_in_korean(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTONE_PROFILES_FILE", "none.toml")
    found: dict[str, list[str]] = {}
    for failure in FAILURES:
        monkeypatch.setenv("PORTONE_IMP_KEY", "" if "profile" in failure else "key")
        code, _, err = run(*failure.split())
        assert code in (2, 3), failure
        assert re.search("[가-힣]", err), failure
        found[failure] = english(err)

    assert {failure: lines for failure, lines in found.items() if lines} == {}


async def test_failures_of_portone_are_explained_in_korean(server: FakePortOne, run: Run) -> None:
    imp_uid = server.add(merchant_uid="A", amount=1000).imp_uid
    server.fail(HtmlPage(), on="/payments/find", times=9)
    server.fail(Status(503), on="/banks", times=9)
    server.fail(Status(503), on="/payments/cancel", times=9)
    server.fail(Status(503), on="/payments", times=9)
    for failure in (
        "find A",
        "call GET /banks",
        f"cancel {imp_uid} --amount 5 --reason r --settle 0 --yes",
        f"cancel {imp_uid} --amount 5000 --reason r --yes",
    ):
        code, _, err = await asyncio.to_thread(run, *failure.split())
        assert code, failure
        assert english(err) == [], failure


async def test_details_in_parentheses_are_korean(server: FakePortOne, run: Run) -> None:
    imp_uid = server.add(merchant_uid="A", amount=1000).imp_uid
    server.fail(HtmlPage(), on="/payments/find", times=4)
    refund = ("cancel", imp_uid, "--all", "--reason", "r", "--settle", "0", "--yes")

    _, _, body = await asyncio.to_thread(run, "find", "A")
    for name, rows in (("first.csv", "A,1000\n"), ("orders.csv", "A,1000\nB,1\n")):
        Path(name).write_text(f"order_id,amount\n{rows}", encoding="utf-8")
    await asyncio.to_thread(run, "reconcile", "first.csv", "--store", "run.db")
    _, _, store = await asyncio.to_thread(run, "reconcile", "orders.csv", "--store", "run.db")
    server.fail(LostForGood(server), on="/payments/cancel")
    _, _, evidence = await asyncio.to_thread(run, *refund)
    _, _, listing = await asyncio.to_thread(run, "reconcile", "orders.csv", *DAY.split())

    assert "(HTTP 200, 본문이 JSON이 아니거나 중간에 끊겼습니다)" in body
    assert "저장 파일 'run.db'을(를) 쓸 수 없습니다. 다른 실행의 파일입니다: 주문이 1건" in store
    assert "알 수 없음(환불되었는지 알 수 없습니다. 응답을 받지 못했고, 마지막 조회도" in evidence
    assert re.search(
        r"  [\d.]+초 뒤 보냄: ConnectionFailedError: 연결이 끊어졌습니다\(\w+\)\n"
        r"  [\d.]+초 뒤 조회 실패: ServerError: HTTP 503, 포트원의 응답 형식이 아닙니다\n",
        evidence,
    )
    assert re.search(r"HTTP 503, .*초 동안 \d+회 시도\(503, ", listing)
    for text in (body, store, evidence, re.sub("본문의 시작: '.*?'", "", listing)):
        assert [line for line in text.splitlines() if SENTENCE.search(line)] == []


async def test_refused_keys_are_explained_in_korean(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTONE_IMP_SECRET", "another-secret-of-nobody")
    for failure in ("find A", "reconcile orders.csv"):
        code, _, err = await asyncio.to_thread(run, *failure.split())
        assert code == 2
        assert english(err) == []
        assert "포트원이 키를 거부했습니다" in err


def report_rows() -> list[list[Any]]:
    page = Path("report.html").read_text("utf-8")
    (data,) = re.findall('id="data">(.*?)</script>', page, re.DOTALL)
    return msgspec.json.decode(data, type=list[list[Any]])


async def test_files_have_the_reason_of_a_row_in_their_language(
    server: FakePortOne, run: Run
) -> None:
    server.add(merchant_uid="A", amount=1000)
    files = ("--report", "report.html", "--store", "run.db")
    for name in ("findings.xlsx", "findings.csv", "findings.jsonl", "findings.parquet"):
        code, _, err = await asyncio.to_thread(
            run, "reconcile", "orders.csv", *files, "--out", name
        )
        assert (code, english(err)) == (3, [])

    book = CalamineWorkbook.from_filelike(BytesIO(Path("findings.xlsx").read_bytes()))
    header, *rows = book.get_sheet_by_name("확인 불가").to_python()
    reasons = [str(row[header.index("사유")]) for row in rows]
    assert len(reasons) == 6
    assert (
        "주문 파일에서 읽지 못한 행입니다: orders.csv:3. "
        "금액(amount) 칸의 값을 금액으로 읽을 수 없습니다: 'abc'"
    ) in reasons
    assert [reason for reason in reasons if english(reason)] == []
    assert "금액(amount) 칸이 비어 있습니다" in {row[-2] for row in report_rows()}
    # Machines get the English of the library.
    assert "orders.csv:4: amount is empty" in Path("findings.csv").read_text("utf-8")
    lines = Path("findings.jsonl").read_text("utf-8").splitlines()
    assert "orders.csv:4: amount is empty" in {json.loads(line)["error"] for line in lines}


async def test_row_of_a_workbook_is_named_in_the_language_of_the_reader(
    server: FakePortOne, run: Run
) -> None:
    server.add(merchant_uid="A", amount=1000)
    rows: list[list[Cell]] = [["일별 주문"], ["주문번호", "금액"], ["A", 1000], ["B", "abc"]]
    write_xlsx("orders.xlsx", {"주문": rows})
    reconcile = ("reconcile", "orders.xlsx", "--report", "report.html", "--out")

    _, _, err = await asyncio.to_thread(run, *reconcile, "findings.xlsx")
    await asyncio.to_thread(run, *reconcile, "findings.jsonl")
    _, _, strict = await asyncio.to_thread(run, *reconcile, "none.csv", "--strict")

    assert "참고: orders.xlsx 2행: " in err
    assert strict.startswith("portone-async: orders.xlsx 4행: 금액(amount) ")
    book = CalamineWorkbook.from_filelike(BytesIO(Path("findings.xlsx").read_bytes()))
    header, row = book.get_sheet_by_name("확인 불가").to_python()
    assert ": orders.xlsx 4행. 금액(amount) " in str(row[header.index("사유")])
    (line,) = report_rows()
    assert line[8:10] == ["orders.xlsx row 4", "orders.xlsx 4행"]
    assert '"error":"orders.xlsx row 4: amount is not' in Path("findings.jsonl").read_text("utf-8")


def test_reasons_of_any_number_of_rows_are_stored() -> None:
    with temporary_database() as database:
        reasons = RowReasons(database)
        errors = [
            f"{item.where}: {item.reason}"
            for n in range(20_000)
            for item in [reasons.unreadable(BadRow(row_of("a.xlsx", n), Worded("is not UTF-8")))]
        ]
        findings = [
            Finding(merchant_uid="", verdict=Verdict.NOT_CHECKED, error=error) for error in errors
        ]
        restored = list(reasons.restore(iter(findings)))

    assert restored == findings
    assert [row_problem(finding, "ko") for finding in restored] == ["UTF-8이 아닙니다"] * 20_000
    assert localized(reason_of(restored[-1])[1], "ko") == "a.xlsx 19999행"


def test_sentence_remembers_its_parts() -> None:
    sentence = Worded("{field} is empty", field=Worded("amount"))

    for copied in (sentence, copy.deepcopy(sentence), pickle.loads(pickle.dumps(sentence, 0))):
        assert copied == "amount is empty"
        assert localized(copied, "ko") == "금액(amount) 칸이 비어 있습니다"
        assert localized(copied, "en") == "amount is empty"


@pytest.mark.parametrize(("secret", "keeps_parts"), [("s3cret", True), ("is s3cret", False)])
def test_redacted_sentence_has_no_secret_in_its_parts(secret: str, keeps_parts: bool) -> None:
    sentence = Worded("{field} is {value}", field="key", value="s3cret")

    text = redacted(sentence, lambda part: part.replace(secret, "***"))

    assert str(text) == "key is s3cret".replace(secret, "***")
    assert isinstance(text, Worded) is keeps_parts
    assert "s3cret" not in repr(getattr(text, "parameters", ""))


def test_error_of_the_library_is_plain_english() -> None:
    error = InvalidRequestError(Worded("{name} is not UTF-8", name="a"))

    assert type(error.reason) is str
    assert error.reason == str(error) == "a is not UTF-8"
