"""The Korean command line: complete translations, and the locale that selects them."""

from __future__ import annotations

import asyncio
import gettext
import json
import re
import sys
from collections.abc import Callable
from functools import partial
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po
from rich.cells import cell_len

from portone_async import errors
from portone_async._core.validate import SET_KEYS
from portone_async.cli import _parser
from portone_async.cli.completion import all_actions
from portone_async.cli.labels import verdict_label
from portone_async.cli.language import DOMAIN, FOLDER, set_language
from portone_async.cli.report.messages import messages
from portone_async.reconcile import StoreError, Verdict
from portone_async.reconcile.ledgers import LedgerError
from portone_async.resources.payments._refund_errors import COMPARE_CONSOLES
from portone_async.testing import FakePortOne, Status
from tests.support.command import run_main

KOREAN = FOLDER / "ko" / "LC_MESSAGES"
COMMANDS = ((), ("find",), ("reconcile",), ("cancel",), ("call",), ("doctor",), ("demo",))

Key = tuple[str | None, str]


def catalogue() -> dict[Key, str]:
    with (KOREAN / f"{DOMAIN}.po").open("rb") as file:
        read: Catalog = read_po(file, locale="ko")
    assert not [message.id for message in read if message.fuzzy and message.id]
    return {
        (message.context, str(message.id)): str(message.string) for message in read if message.id
    }


def texts() -> set[Key]:
    """All texts that the package marks: those of ``Worded`` also outside of the command line."""
    keywords = {**DEFAULT_KEYWORDS, "Worded": None}
    marked = extract_from_dir(FOLDER.parents[1], keywords=keywords, directory_filter=lambda _: True)
    return (
        {(None, error.advice) for error in all_errors() if error.advice}
        | {(None, COMPARE_CONSOLES), (None, SET_KEYS)}
        | {(context, message) for _, _, message, _, context in marked if isinstance(message, str)}
    )


def all_errors() -> list[type[errors.PortOneError]]:
    public = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    return [StoreError, LedgerError, *(k for k in public if issubclass(k, errors.PortOneError))]


def has_words(key: Key) -> bool:
    """Whether a text has words of its own, beside those of its parameters."""
    return re.search("[A-Za-z]", re.sub(r"\{[^}]*\}", "", key[1])) is not None


def of_argparse() -> set[Key]:
    blocks = (KOREAN / f"{DOMAIN}.po").read_text(encoding="utf-8").split("\n\n")
    catalogues = [
        read_po(StringIO(block)) for block in blocks if block.startswith("#. Of argparse.")
    ]
    return {(None, str(message.id)) for part in catalogues for message in part if message.id}


def test_no_translated_text_is_inside_an_f_string() -> None:
    # Before Python 3.12 nothing finds it there.
    hidden = re.compile(r"""f["'][^"\n]*\{[^}"\n]*\b_\(""")
    files = FOLDER.parent.rglob("*.py")
    assert [path.name for path in files if hidden.search(path.read_text(encoding="utf-8"))] == []


def test_korean_terms_are_consistent() -> None:
    texts = "\n".join([*catalogue().values(), *messages("ko").values()])
    assert "포트원" in texts
    assert re.findall(
        r"PortOne\b|아임포트|결제완료|이중 ?결제|부분 취소|전액 취소|에러", texts
    ) == ["아임포트"]


def placeholders(text: str) -> list[str]:
    text = re.sub(r"\{:[^}]+\}", "{}", text)  # Its width may differ.
    return sorted(re.findall(r"\{\w*\}|%\(\w+\)[a-z]|%[a-z]\b", text))


def test_every_text_has_a_korean_translation() -> None:
    known = catalogue()
    assert {key for key in texts() if has_words(key) and not known.get(key)} == set()


def test_catalogue_has_no_unused_text() -> None:
    assert catalogue().keys() - texts() == of_argparse()


def test_translations_keep_the_placeholders() -> None:
    different = [
        key for key, korean in catalogue().items() if placeholders(key[1]) != placeholders(korean)
    ]
    assert different == []


def test_every_translation_contains_hangul() -> None:
    assert [key for key, korean in catalogue().items() if not re.search("[가-힣]", korean)] == []


def test_compiled_catalogue_is_up_to_date() -> None:
    compiled = gettext.translation(DOMAIN, FOLDER, languages=["ko"])
    for (context, text), korean in catalogue().items():
        translation = compiled.pgettext(context, text) if context else compiled.gettext(text)
        assert translation == korean


# Which language


def set_locale(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"LANG": "ko_KR.UTF-8"}, "일치"),
        ({"LANG": "ko_KR.eucKR"}, "일치"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "ko"}, "일치"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ko_KR"}, "일치"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C"}, "matched"),
        ({"LANG": "ko_KR.UTF-8", "LANGUAGE": "en"}, "matched"),
        ({"LANG": "ja_JP.UTF-8"}, "matched"),
        ({}, "matched"),
    ],
)
def test_locale_sets_the_language(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str
) -> None:
    set_locale(monkeypatch, **variables)
    set_language()
    assert gettext.gettext("matched") == expected


def test_korean_windows_without_variables_is_korean(monkeypatch: pytest.MonkeyPatch) -> None:
    set_locale(monkeypatch)
    monkeypatch.setenv("LANGUAGE", "")
    monkeypatch.setattr("locale.getlocale", lambda: ("Korean_Korea", "949"))
    set_language()
    assert gettext.gettext("matched") == "일치"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_encoding_without_hangul_gets_english(monkeypatch: pytest.MonkeyPatch, stream: str) -> None:
    set_locale(monkeypatch, LANG="ko_KR.UTF-8")
    monkeypatch.setattr(sys, stream, TextIOWrapper(BytesIO(), encoding="ascii"))
    set_language()
    assert gettext.gettext("matched") == "matched"


# Output

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(name="run")
def _run(
    environment: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Run:
    set_locale(monkeypatch, LANG="ko_KR.UTF-8", COLUMNS="80")
    monkeypatch.chdir(tmp_path)

    return partial(run_main, capsys)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_korean_and_fits_eighty_cells(run: Run, command: tuple[str, ...]) -> None:
    code, out, _ = run(*command, "--help")
    assert code == 0
    assert out.startswith("사용법: portone-async")
    for text in ("usage", "options", "show this help", "arguments", "exit codes"):
        assert text not in out
    # argparse breaks the usage by letters.
    _, _, explained = out.partition("\n\n")
    assert [line for line in explained.splitlines() if cell_len(line) > 80] == []


def test_every_help_is_korean(monkeypatch: pytest.MonkeyPatch) -> None:
    set_locale(monkeypatch, LANG="ko_KR.UTF-8")
    set_language()
    helps = [action.help for action in all_actions(_parser()) if action.metavar != "COMMAND"]
    assert [text for text in helps if not re.search("[가-힣]", text or "")] == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("find",), "portone-async find: 오류: 다음 인자가 필요합니다: ORDER"),
        (("find", "a", "--status"), "인자 --status: 값이 하나 필요합니다"),
        (("reconcile", "a", "--columns"), "인자 --columns: 값이 하나 이상 필요합니다"),
        (("find", "a", "--nope"), "알 수 없는 인자: --nope"),
        (("find", "a", "--tz", "Nope"), "없는 시간대입니다: 'Nope'"),
        (("reconcile", "a", "--format", "hwp"), "다음 중 하나여야 합니다: csv, "),
        (("reconcile", "a", "--since", "2026-11-01"), "--since와 --until이 모두 필요합니다"),
        (("demo", "--orders", "x"), "올바른 "),
        (("demo", "--orders", "0"), "1 이상이어야 합니다: 0"),
    ],
)
def test_wrong_usage_is_explained_in_korean(
    run: Run, arguments: tuple[str, ...], expected: str
) -> None:
    code, _, err = run(*arguments)
    assert code == 2
    assert expected in err


async def test_table_is_korean_but_json_is_english(server: FakePortOne, run: Run) -> None:
    server.add(merchant_uid="a", amount=1000)
    server.add(merchant_uid="part", amount=1000, cancel_amount=400, status="cancelled")
    server.add(merchant_uid="all", amount=1000, cancel_amount=1000, status="cancelled")

    code, out, err = await asyncio.to_thread(run, "find", "a", "part", "all", "none")

    assert code == 1
    assert out.split()[:4] == ["주문번호", "상태", "금액", "취소"]
    words = [re.split(" {2,}", line)[1] for line in out.splitlines()[2:]]
    assert words == ["결제 완료", "부분취소", "전액취소", "결제 없음"]
    assert err.startswith("none: 결제 없음 (404, ")
    assert "\n힌트: " in err

    _, out, _ = await asyncio.to_thread(run, "find", "none", "--json")
    assert json.loads(out)["error"] == "PaymentNotFoundError"


async def test_advice_about_an_error_is_korean(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTONE_BASE_URL", "http://127.0.0.1:1")
    code, _, err = await asyncio.to_thread(run, "find", "a")
    assert code == 3
    assert "\n힌트: 네트워크와 프록시" in err


def test_missing_key_is_explained_in_korean(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORTONE_IMP_SECRET")
    _, _, err = run("find", "a")
    assert "PORTONE_IMP_KEY와 PORTONE_IMP_SECRET에 " in err


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (None, "파일이나 폴더가 없습니다."),
        ("", "파일이 비어 있어"),
        (
            "오더,값",
            "주문번호(merchant_uid) 열을 찾지 못했습니다. '--columns merchant_uid=열이름'으로",
        ),
        (
            "주문번호,금액,결제금액",
            "금액(amount) 열일 수 있는 열이 여럿입니다('금액', '결제금액').",
        ),
    ],
)
def test_unreadable_order_file_is_explained_in_korean(
    run: Run, header: str | None, reason: str
) -> None:
    if header is not None:
        Path("orders.csv").write_text(header)
    code, _, err = run("reconcile", "orders.csv")
    assert code == 2
    assert err.startswith(f"portone-async: orders.csv: {reason}")


async def test_summary_is_korean_and_aligned(server: FakePortOne, run: Run) -> None:
    server.add(merchant_uid="a", amount=1000)
    Path("orders.csv").write_text("order_id,amount\na,1000\ngone,500\n")

    code, out, _ = await asyncio.to_thread(run, "reconcile", "orders.csv", "--out", "o.csv")

    assert code == 1
    heading, matched, missing, *_ = out.splitlines()
    assert heading.split(maxsplit=2) == ["판정", "건수", "주문 금액(주문 없는 결제는 결제 금액)"]
    assert matched.startswith("일치 ")
    assert missing.startswith("결제 없음 ")
    assert cell_len(matched.split("1,000")[0]) == cell_len(missing.split("500")[0])
    assert "저장했습니다: o.csv" in out
    assert "힌트: " not in out


async def test_summary_without_files_names_the_options_that_list_the_orders(
    server: FakePortOne, run: Run
) -> None:
    server.add(merchant_uid="a", amount=1000)
    Path("orders.csv").write_text("order_id,amount\na,1000\n")
    Path("more.csv").write_text("order_id,amount\na,1000\nb,만원\n")

    _, matched, _ = await asyncio.to_thread(run, "reconcile", "orders.csv")
    _, unreadable, _ = await asyncio.to_thread(run, "reconcile", "more.csv")

    assert "힌트: " not in matched
    assert unreadable.splitlines()[-1].startswith("힌트: --out FILE이나 --report FILE을 ")


async def test_cancellation_is_korean_and_aligned_but_its_json_is_english(
    server: FakePortOne, run: Run
) -> None:
    payment = server.add(merchant_uid="a", amount=1000)
    refund = ("cancel", payment.imp_uid, "--reason", "반품", "--yes")

    code, out, err = await asyncio.to_thread(run, *refund, "--amount", "400")
    assert code == 0
    assert out == "a: 400 KRW 취소했습니다. 취소 합계 400 KRW, 잔액 600 KRW\n"
    labels = [re.split(" {2,}", line)[0] for line in err.splitlines()]
    assert labels[0] == "주문번호"
    assert labels[-1] == "취소 후 잔액"
    assert len({cell_len(re.sub(r"\S+( KRW)?$", "", line)) for line in err.splitlines()[3:]}) == 1

    code, out, _ = await asyncio.to_thread(run, *refund, "--all", "--json")
    assert json.loads(out)["outcome"] == "done"
    code, _, err = await asyncio.to_thread(run, *refund, "--all")
    assert code == 1
    assert f"{payment.imp_uid}: 거부됨(" in err


async def test_advice_about_an_uncertain_refund_names_the_options_in_korean(
    server: FakePortOne, run: Run
) -> None:
    payment = server.add(merchant_uid="a", amount=1000)
    refund = ("cancel", payment.imp_uid, "--all", "--reason", "r", "--yes", "--settle", "0")
    server.fail(Status(503), times=2, on="/payments/cancel")

    _, _, err = await asyncio.to_thread(run, *refund)
    assert "힌트: 다시 시도하려면 반드시 --checksum 1000(으)로 실행하세요." in err
    _, _, err = await asyncio.to_thread(run, *refund, "--key", "R-1")
    assert "반드시 같은 --key 또는 --checksum 1000(으)로" in err


async def test_notes_about_the_orders_are_korean(server: FakePortOne, run: Run) -> None:
    server.add(merchant_uid="a", amount=1000)
    Path("orders.csv").write_text("안내\norder_id,amount\n a,1000\n합계,1000\n", encoding="utf-8")

    code, _, err = await asyncio.to_thread(run, "reconcile", "orders.csv")

    assert code == 0
    notes = [line for line in err.splitlines() if line.startswith("참고: ")]
    assert len(notes) == 3
    assert not re.search("[a-z]{3}", err.replace("orders.csv", ""))


def test_verdict_labels_are_distinct_in_both_languages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for language in ("ko", "en"):
        set_locale(monkeypatch, LANGUAGE=language)
        set_language()
        assert len({verdict_label(verdict) for verdict in Verdict}) == len(Verdict)
