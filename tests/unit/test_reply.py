"""Test how the status and body of a reply become a record or an error."""

from __future__ import annotations

import enum
import gzip
from types import NoneType
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portone_async import (
    ApiError,
    AuthenticationError,
    Call,
    InvalidRequestError,
    MalformedResponseError,
    NotFoundError,
    Payment,
    PaymentNotFoundError,
    PortOneError,
    RateLimitedError,
    ServerError,
    Sorting,
    TransientError,
    UnauthorizedError,
    UnexpectedResponseError,
)
from portone_async._core.token import get_token
from portone_async._http.reply import Reply, parse, retry_after, validate_response_type
from portone_async._redact import excerpt, host, printable
from portone_async.call import Failure
from portone_async.resources._windows import Window
from portone_async.resources.payments._batch import Identifier, batch_call
from portone_async.resources.payments._calls import (
    find_all_call,
    list_call,
    listed_call,
    payment_error,
)
from tests.support import strategies
from tests.support.samples import CARD_PAID, GATEWAY_503, NOT_FOUND, UNAUTHORIZED, body, ok

FIND: Call[Payment] = Call(
    "GET",
    "/payments/find/{merchant_uid}",
    Payment,
    path={"merchant_uid": "order-1"},
    classify=payment_error,
)
ONE = Call("GET", "/payments/one", Payment)
ANY: Call[dict[str, Any]] = Call("GET", "/cards", dict)
DATE = "Mon, 23 Nov 2026 04:00:00 GMT"


def outcome(status: int, content: bytes, **headers: str) -> Payment | PortOneError:
    return parse(FIND, Reply(status, {k.replace("_", "-"): v for k, v in headers.items()}, content))


@given(strategies.statuses, strategies.headers, strategies.bodies)
@example(200, {}, b"[" * 100_000)
@example(200, {}, b"")
@example(404, {}, b"null")
@example(200, {"Retry-After": "9" * 400}, b'{"code":1e400}')
@example(301, {"Location": "http://[bad"}, b"")
def test_any_reply_is_parsed_or_a_portone_error(
    status: int, headers: dict[str, str], content: bytes
) -> None:
    calls: list[Call[Any]] = [FIND, ANY]
    for call in calls:
        result = parse(call, Reply(status, headers, content))

        assert isinstance(result, Payment | dict | PortOneError)
        if isinstance(result, PortOneError):
            assert str(result)
            assert result.status == status


@given(strategies.statuses, strategies.bodies)
def test_payment_is_missing_only_by_a_portone_envelope(status: int, content: bytes) -> None:
    result = outcome(status, content)

    if isinstance(result, PaymentNotFoundError):
        envelope = msgspec.json.decode(content)
        assert envelope["code"] != 0
        assert "존재하지 않는 결제정보" in envelope["message"]


def test_success_is_the_payment_with_raw() -> None:
    payment = outcome(200, ok(CARD_PAID | {"new_field": 1}))

    assert isinstance(payment, Payment)
    assert payment.raw["new_field"] == 1


def test_portones_404_is_a_missing_payment() -> None:
    error = outcome(404, body(NOT_FOUND))

    assert isinstance(error, PaymentNotFoundError)
    assert (error.status, error.code, error.message) == (404, -1, "존재하지 않는 결제정보입니다.")
    assert not error.is_transient


def test_not_found_message_with_status_200_is_a_missing_payment() -> None:
    assert isinstance(outcome(200, body(NOT_FOUND)), PaymentNotFoundError)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"404: Not Found",
        b"<html><title>404 Not Found</title></html>",
        b"null",
        b"[]",
        b'{"detail":"Not Found"}',
        b'{"kind":"Status","code":404,"message":"not found"}',
        b'{"code":0,"message":null,"response":null}',
        b'{"message":"no Route matched with those values"}',
    ],
)
def test_404_from_another_server_is_not_a_missing_payment(content: bytes) -> None:
    error = outcome(404, content)

    assert type(error) is UnexpectedResponseError
    assert not error.is_transient


@pytest.mark.parametrize(
    "content",
    [
        {"code": 404, "message": "Route not found", "response": None},
        {"code": "404", "message": "Not Found", "response": ""},
        {"code": -1, "message": "Tier 정보가 존재하지 않습니다.", "response": None},
        {"code": -1, "message": None, "response": None},
    ],
)
def test_404_with_another_message_is_not_a_missing_payment(content: dict[str, Any]) -> None:
    error = outcome(404, body(content))

    assert type(error) is ApiError
    assert not error.is_transient


@pytest.mark.parametrize("status", [101, 199, 300, 400, 401, 403, 409])
def test_not_found_message_with_other_status_is_not_missing(status: int) -> None:
    assert not isinstance(outcome(status, body(NOT_FOUND)), PaymentNotFoundError)


class Channel(enum.Enum):
    PC = "pc"


class Picky(msgspec.Struct):
    channel: Channel = Channel.PC
    number: int = 0

    def __post_init__(self) -> None:
        if self.number == 5:
            raise RuntimeError("홍길동")


@pytest.mark.parametrize("response", [{"channel": "홍길동"}, {"number": 5}])
def test_rejection_by_a_callers_struct_quotes_no_value(
    response: dict[str, Any],
) -> None:
    error = parse(Call("GET", "/x", Picky), Reply(200, {}, ok(response)))

    assert type(error) is UnexpectedResponseError
    assert "홍길동" not in str(error)
    assert "$.response.channel" in str(error) or "RuntimeError" in str(error)


def test_raising_check_is_an_unexpected_response() -> None:
    def broken(answer: dict[str, Any]) -> str | None:
        raise KeyError(answer["buyer_name"])

    call = Call("GET", "/x", dict[str, Any], check=broken)
    error = parse(call, Reply(200, {}, ok(CARD_PAID)))

    assert type(error) is UnexpectedResponseError
    assert "KeyError" in str(error)
    assert "홍길동" not in str(error)


@pytest.mark.parametrize("code", [1, -1, 7])
def test_nonzero_code_is_a_failure_even_with_status_200(code: int) -> None:
    message = "취소할 결제건이 존재하지 않습니다."
    error = outcome(200, body({"code": code, "message": message, "response": None}))

    assert type(error) is ApiError
    assert (error.status, error.code, error.message) == (200, code, message)
    assert message.rstrip(".") in str(error)


def test_failure_with_a_response_of_any_shape_is_a_failure() -> None:
    responses: list[Any] = [[], {}, {"imp_uid": 5}, "x"]
    for response in responses:
        error = outcome(200, body({"code": 1, "message": "no", "response": response}))
        assert type(error) is ApiError


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504])
@pytest.mark.parametrize("content", [GATEWAY_503, body(NOT_FOUND | {"message": "fail"}), b""])
def test_temporary_statuses_are_transient(status: int, content: bytes) -> None:
    error = outcome(status, content, Retry_After="7")

    assert type(error) is ServerError
    assert error.is_transient
    assert error.retry_after == 7


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_success_envelope_with_an_error_status_has_no_code(status: int) -> None:
    error = outcome(status, ok(CARD_PAID))

    assert isinstance(error, ApiError)
    assert (error.code, error.message) == (None, None)


@pytest.mark.parametrize(
    "content",
    [b'{"code":"x","message":', b'{"code":[1],"response":{"a":"', b'{"code":0,"response":5'],
)
def test_truncated_body_after_a_wrong_type_is_malformed(content: bytes) -> None:
    assert type(outcome(200, content)) is MalformedResponseError
    assert type(outcome(200, content.rstrip(b':"') + b"}")) is not Payment


def test_redirect_with_an_invalid_location_is_a_redirect() -> None:
    for location in ("", "//[bad", "/relative"):
        assert "a redirect; it was not followed" in str(outcome(302, b"", Location=location))


def test_excerpt_is_the_first_200_characters() -> None:
    assert excerpt(b"x" * 5000) == "x" * 200
    assert excerpt(b"\xef\xbb\xbf<html>") == "<html>"


@pytest.mark.parametrize("status", [400, 403, 405, 409, 410, 422, 501, 505, 511])
def test_other_error_statuses_are_final(status: int) -> None:
    for content, code in ((GATEWAY_503, None), (body(NOT_FOUND | {"message": "no"}), -1)):
        error = outcome(status, content)
        assert type(error) is ApiError
        assert not error.is_transient
        assert error.code == code


def test_429_is_rate_limited() -> None:
    error = outcome(429, b"Too Many Requests", Retry_After="3")

    assert type(error) is RateLimitedError
    assert error.is_transient
    assert error.retry_after == 3


def test_401_is_unauthorized() -> None:
    for content, code in ((body(UNAUTHORIZED), -1), (b"<html>", None)):
        error = outcome(401, content)
        assert type(error) is UnauthorizedError
        assert error.code == code


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_redirect_is_refused_and_only_its_host_is_quoted(status: int) -> None:
    error = outcome(status, b"", Location="https://evil.example/?_token=abc")

    assert type(error) is UnexpectedResponseError
    assert "evil.example" in str(error)
    assert "abc" not in str(error)
    assert not error.is_transient


def test_message_is_escaped_and_truncated_but_stored_unchanged() -> None:
    message = "\x1b[2J\n\u202e" + "가" * 10**6
    error = outcome(400, body({"code": -1, "message": message, "response": None}))

    assert isinstance(error, ApiError)
    assert r"\x1b[2J\n\u202e가가" in error.reason
    assert error.reason.isprintable()
    assert len(error.reason) < 500
    assert error.message == message


@pytest.mark.parametrize("start", ["x" * n for n in range(380, 401, 2)], ids=len)
def test_secret_is_redacted_before_the_message_is_truncated(start: str) -> None:
    def redact(text: str) -> str:
        return text.replace("PLANTED-SECRET", "***")

    content = body({"code": -1, "message": f"{start}PLANTED-SECRET", "response": None})
    errors = (
        parse(FIND, Reply(400, {}, content), redact),
        parse(FIND, Reply(302, {"Location": f"https://{start}PLANTED-SECRET/"}, b""), redact),
    )
    for error in errors:
        assert isinstance(error, PortOneError)
        assert "pla" not in error.reason.lower()


@pytest.mark.parametrize(
    "host",
    ["\x1b", "\x9b31m", "\u202egpj.exe", "\udcff", "h" * 10**6],
    ids=lambda host: ascii(host[:9]),
)
def test_host_of_a_redirect_is_escaped_and_truncated(host: str) -> None:
    error = outcome(302, b"", Location=f"https://evil{host}/")

    assert isinstance(error, UnexpectedResponseError)
    assert "evil" in error.reason
    assert error.reason.isprintable()
    assert len(error.reason) < 600


@pytest.mark.parametrize("status", [200, 201])
def test_success_that_may_hold_a_token_is_not_quoted(status: int) -> None:
    plain = Reply(status, {}, b"planted token and words")
    error = parse(get_token("key", "secret"), plain)

    assert isinstance(error, MalformedResponseError)
    assert "planted" not in str(error)
    # The body of a look-up may be quoted.
    assert "planted" in str(parse(FIND, plain))


@pytest.mark.parametrize("status", [100, 401, 404, 503])
@pytest.mark.parametrize(
    "form", ["{0}", "no healthy upstream {0}", "<p>no healthy upstream {0}</p>"]
)
def test_failed_token_fetch_quotes_words_but_no_token(status: int, form: str) -> None:
    token = "a1b2c3d4e5" * 4
    error = parse(get_token("key", "secret"), Reply(status, {}, form.format(token).encode()))

    assert isinstance(error, PortOneError)
    assert "a1b2" not in str(error)
    assert ("no healthy upstream" in str(error)) == ("upstream" in form)


def test_failed_token_fetch_redacts_short_secrets() -> None:
    error = parse(
        get_token("key", "secret"),
        Reply(503, {}, b"no user k3y here"),
        lambda text: text.replace("k3y", "***"),
    )

    assert isinstance(error, PortOneError)
    assert error.excerpt == "no user *** here"


def test_failure_without_a_message_reports_no_message() -> None:
    error = outcome(400, body({"code": -3, "message": None, "response": None}))

    assert isinstance(error, PortOneError)
    assert error.reason == "400, code -3: no message"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"<html>maintenance</html>",
        ok(CARD_PAID)[:-1],
        ok(CARD_PAID)[: len(ok(CARD_PAID)) // 2],
        ok(CARD_PAID | {"amount": [1]})[:-9],
        gzip.compress(ok(CARD_PAID)),
        b'{"code":0,"message":null,"response":NaN}',
        b"code=0",
        b"\xff\xfe{}",
    ],
)
def test_200_with_invalid_json_is_malformed_and_transient(content: bytes) -> None:
    error = outcome(200, content)

    assert type(error) is MalformedResponseError
    assert error.is_transient


def test_body_in_another_encoding_is_malformed() -> None:
    text = '{"code":0,"message":null,"response":{"imp_uid":"i","merchant_uid":"주문","status":"paid","amount":1}}'

    assert type(outcome(200, text.encode("cp949"))) is MalformedResponseError
    assert isinstance(outcome(200, text.encode()), Payment)


@pytest.mark.parametrize("odd", [b"\xff", "한".encode("cp949"), b"\xed\xa0\x80", b"\xc0\x80"])
def test_invalid_utf8_anywhere_in_the_body_is_rejected(odd: bytes) -> None:
    unmodelled = ok(CARD_PAID | {"new": "?"}).replace(b'"?"', b'"' + odd + b'"')
    missing = body(NOT_FOUND | {"response": "?"}).replace(b'"?"', b'"' + odd + b'"')

    assert type(outcome(200, unmodelled)) is MalformedResponseError
    assert type(outcome(404, missing)) is UnexpectedResponseError


@pytest.mark.parametrize(
    "content", [b"null", b"[]", b'"x"', b"1", b"{}", b'{"ok":true}', b"[" * 10**6]
)
def test_json_of_another_schema_is_unexpected_and_final(content: bytes) -> None:
    if content.startswith(b"[["):
        content += b"]" * 10**6
    error = outcome(200, content)

    assert type(error) is UnexpectedResponseError
    assert not error.is_transient


def test_success_without_a_response_is_unexpected() -> None:
    for content in (b'{"code":0,"message":null,"response":null}', b'{"code":0}'):
        assert type(outcome(200, content)) is UnexpectedResponseError


@pytest.mark.parametrize("name", ["imp_uid", "merchant_uid", "status", "amount"])
def test_missing_required_field_is_named_with_its_path(name: str) -> None:
    without = {key: value for key, value in CARD_PAID.items() if key != name}
    error = parse(ONE, Reply(200, {}, ok(without)))

    assert type(error) is UnexpectedResponseError
    assert f"at $.{name}: missing" in str(error)


@pytest.mark.parametrize(
    "name",
    ["imp_uid", "merchant_uid", "status", "amount", "cancel_amount", "currency", "sandbox"],
)
def test_field_of_the_wrong_type_is_named_without_its_value(name: str) -> None:
    for value in ({"id": ["홍길동"]}, [["홍길동"]]):
        error = parse(ONE, Reply(200, {}, ok(CARD_PAID | {name: value})))

        assert type(error) is UnexpectedResponseError
        assert f"at $.{name}: Expected" in str(error)
        assert "홍길동" not in str(error)


def test_byte_order_mark_is_ignored() -> None:
    assert isinstance(outcome(200, b"\xef\xbb\xbf" + ok(CARD_PAID)), Payment)
    assert isinstance(outcome(404, b"\xef\xbb\xbf" + body(NOT_FOUND)), PaymentNotFoundError)


def test_code_may_be_a_string_of_digits() -> None:
    assert isinstance(outcome(200, ok(CARD_PAID).replace(b'"code": 0', b'"code": "0"')), Payment)


@pytest.mark.parametrize("status", [200, 400, 404, 503])
@pytest.mark.parametrize("sign", ["", "-"])
def test_huge_integer_is_not_a_code(status: int, sign: str) -> None:
    content = f'{{"code": {sign}1{"0" * 4_000}, "message": "존재하지 않는 결제정보입니다.", "response": null}}'
    error = outcome(status, content.encode())

    assert isinstance(error, PortOneError)
    assert not isinstance(error, PaymentNotFoundError)
    assert len(str(error)) < 1_000


def test_last_of_two_duplicate_keys_counts_for_the_code() -> None:
    doubled = ok(CARD_PAID).replace(b'"code": 0', b'"code": 0, "code": 1')

    assert type(outcome(200, doubled)) is ApiError


def test_response_that_fails_its_check_is_refused() -> None:
    call = Call("GET", "/x", Payment, check=lambda payment: f"no {payment.status}")
    error = parse(call, Reply(200, {}, ok(CARD_PAID)))

    assert type(error) is UnexpectedResponseError
    assert "no paid" in str(error)


def test_message_of_a_check_is_escaped() -> None:
    call = Call("GET", "/x", Payment, check=lambda payment: f"it is {payment.name}")
    error = parse(call, Reply(200, {}, ok(CARD_PAID | {"name": "\x1b[2J\n"})))

    assert type(error) is UnexpectedResponseError
    assert (error.reason, error.args) == (r"it is \x1b[2J\n", (r"it is \x1b[2J\n",))


def test_errors_of_a_call_map_a_status_to_a_class() -> None:
    envelope = body({"code": -1, "message": "인증결과가 존재하지 않습니다.", "response": None})

    assert type(parse(ANY, Reply(404, {}, envelope))) is ApiError
    explained = Call("GET", "/certifications", dict[str, Any], errors={404: ServerError})
    assert type(parse(explained, Reply(404, {}, envelope))) is ServerError


def test_only_calls_of_payments_report_missing_payments() -> None:
    assert type(parse(ANY, Reply(404, {}, body(NOT_FOUND)))) is ApiError
    assert type(parse(FIND, Reply(404, {}, body(NOT_FOUND)))) is PaymentNotFoundError


class CardNotFoundError(NotFoundError):
    """The error of a call outside payments."""


def card_error(failure: Failure) -> type[ApiError] | None:
    return CardNotFoundError if failure.message == "no such card" else None


CARD: Call[dict[str, Any]] = Call("POST", "/x", dict, classify=card_error)


@pytest.mark.parametrize("status", [200, 404, 429, 500])
def test_classify_chooses_the_error_of_any_status(status: int) -> None:
    envelope = {"code": 1, "message": "no such card", "response": None}
    error = parse(CARD, Reply(status, {}, body(envelope)))

    assert type(error) is CardNotFoundError
    assert (error.status, error.code, error.message) == (status, 1, "no such card")
    assert type(parse(CARD, Reply(status, {}, body(envelope | {"message": "no"})))) is not type(
        error
    )


@pytest.mark.parametrize("content", [b"", b"<html>", b"no such card", ok({})])
def test_classify_is_called_only_for_portone_failures(content: bytes) -> None:
    def surprised(failure: Failure) -> type[ApiError]:
        pytest.fail(repr(failure))

    call = Call("GET", "/x", dict[str, Any], classify=surprised)

    assert type(parse(call, Reply(404, {}, content))) is UnexpectedResponseError


def test_classify_that_raises_is_an_unexpected_response() -> None:
    def broken(failure: Failure) -> None:
        raise KeyError(failure.message)

    call = Call("GET", "/x", dict[str, Any], classify=broken)
    error = parse(call, Reply(200, {}, body(NOT_FOUND | {"message": "홍길동"})))

    assert type(error) is UnexpectedResponseError
    assert "KeyError" in str(error)
    assert "홍길동" not in str(error)
    assert repr(Failure(200, 1, "홍길동")) == "Failure(200, 1)"


def test_207_is_a_success_only_if_the_call_allows_it() -> None:
    reply = Reply(207, {}, ok({"failed": 1}))
    error = parse(ANY, reply)

    assert type(error) is UnexpectedResponseError
    assert (error.status, error.reason) == (207, "HTTP 207 is not a whole success of this call")
    assert parse(Call("GET", "/x", dict[str, Any], success={200, 207}), reply) == {"failed": 1}
    assert type(parse(ANY, Reply(207, {}, body(NOT_FOUND)))) is ApiError


@pytest.mark.parametrize("code", [0, 1, -1])
def test_partial_success_is_returned_whatever_its_code(code: int) -> None:
    call = Call("POST", "/x", list[str], partial={207})
    content = body({"code": code, "message": "일부 실패", "response": ["order-1"]})

    assert parse(call, Reply(207, {}, content)) == ["order-1"]
    assert parse(call, Reply(200, {}, ok(["order-1"]))) == ["order-1"]
    assert (type(parse(call, Reply(200, {}, content))) is ApiError) == (code != 0)


def test_partial_success_is_not_checked() -> None:
    def check(done: list[str]) -> str | None:
        return None if len(done) == 2 else "it is not complete"

    call = Call("POST", "/x", list[str], partial={207}, check=check)

    assert parse(call, Reply(207, {}, ok(["order-1"]))) == ["order-1"]
    assert type(parse(call, Reply(200, {}, ok(["order-1"])))) is UnexpectedResponseError


def test_partial_success_without_a_list_is_an_error() -> None:
    call = Call("POST", "/x", list[str], partial={207})

    assert type(parse(call, Reply(207, {}, body(NOT_FOUND)))) is ApiError
    assert type(parse(call, Reply(207, {}, ok(None)))) is UnexpectedResponseError


@pytest.mark.parametrize("content", [b'{"code":0}', ok(None), ok([]), ok({"a": 1})])
def test_response_that_nothing_is_read_from_may_be_anything(content: bytes) -> None:
    call = Call("POST", "/x", NoneType)

    assert parse(call, Reply(200, {}, content)) is None
    assert type(parse(call, Reply(200, {}, body(NOT_FOUND)))) is ApiError
    assert type(parse(call, Reply(200, {}, b"[]"))) is UnexpectedResponseError


@pytest.mark.parametrize("code", [0, 1, -1])
@pytest.mark.parametrize("odd", [[], [CARD_PAID | {"amount": None}]], ids=["readable", "odd"])
def test_207_of_a_batch_returns_the_payments_found(code: int, odd: list[Any]) -> None:
    call = batch_call(
        [Identifier("merchant_uid", "order-1"), Identifier("merchant_uid", "order-2")]
    )
    content = {"code": code, "message": "일부 실패", "response": [CARD_PAID, *odd]}
    listing = parse(call, Reply(207, {}, body(content)))

    assert not isinstance(listing, PortOneError)
    assert (len(listing.list), len(listing.unreadable)) == (1, len(odd))
    assert type(parse(call, Reply(207, {}, body(content | {"response": []})))) is (
        UnexpectedResponseError
    )


def test_body_is_quoted_as_the_call_allows() -> None:
    plain = Reply(200, {}, b"planted words")
    quoted = parse(Call("POST", "/x", dict[str, Any], quotable=True), plain)
    hidden = parse(Call("GET", "/x", dict[str, Any], quotable=False), plain)

    assert "planted words" in str(quoted)
    assert "planted" not in str(hidden)


@pytest.mark.parametrize(
    ("status", "kind"), [(200, AuthenticationError), (202, ApiError), (404, ApiError)]
)
def test_token_fetch_never_reports_a_missing_payment(status: int, kind: type[PortOneError]) -> None:
    error = parse(get_token("key", "secret"), Reply(status, {}, body(NOT_FOUND)))

    assert type(error) is kind


LIST = list_call("paid", Window(0, 1), Sorting.PAID_ASC, 1, 100)
BEHIND = list_call("paid", Window(0, 1), Sorting.PAID_ASC, 2, 100)
PAGE: dict[str, Any] = {"total": 0, "previous": 0, "next": 0, "list": []}


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (batch_call([Identifier("merchant_uid", "a")]), []),
        (listed_call("a/b", None), []),
        (find_all_call("a", None, None, 1, 100), PAGE),
        (find_all_call("a", None, None, 1, 100), PAGE | {"total": 1}),
        (LIST, PAGE | {"total": 1}),
        (LIST, PAGE | {"next": 2}),
    ],
    ids=["batch", "listed", "find_all", "find_all of 1", "list of 1", "list with a next page"],
)
def test_empty_list_with_status_200_is_unexpected(call: Call[Any], answer: Any) -> None:
    assert type(parse(call, Reply(200, {}, ok(answer)))) is UnexpectedResponseError


def test_empty_page_of_a_period_is_accepted() -> None:
    for call, page in ((LIST, PAGE), (BEHIND, PAGE | {"total": 100})):
        answer = parse(call, Reply(200, {}, ok(page)))

        assert not isinstance(answer, PortOneError)
        assert answer.list == ()


@pytest.mark.parametrize("none", [0, "0", False, None], ids=repr)
@pytest.mark.parametrize("odd", [[], [CARD_PAID | {"amount": None}]], ids=["readable", "odd"])
def test_page_without_a_next_one_is_the_last(none: object, odd: list[Any]) -> None:
    content = {"total": 1 + len(odd), "previous": none, "next": none, "list": [CARD_PAID, *odd]}
    page = parse(LIST, Reply(200, {}, ok(content)))

    assert not isinstance(page, PortOneError)
    assert not page.next


def test_undecodable_response_type_is_rejected() -> None:
    class Odd:
        def __init__(self, x: int) -> None: ...

    validate_response_type(list[Payment])
    with pytest.raises(InvalidRequestError, match=r"response: Type unions"):
        validate_response_type(dict[Odd, int] | list[Odd] | Odd)


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("0", None, 0),
        ("3600", None, 3600),
        (" 7 ", None, 7),
        ("Mon, 23 Nov 2026 04:00:30 GMT", DATE, 30),
        ("Mon, 23 Nov 2026 03:00:00 GMT", DATE, 0),
        ("Tue, 24 Nov 1970 04:00:30 GMT", "Tue, 24 Nov 1970 04:00:00 GMT", 30),
        ("Mon, 23 Nov 2026 04:00:30 GMT", None, None),
        ("Mon, 23 Nov 2026 04:00:30 GMT", "yesterday", None),
        ("-1", None, None),
        ("1.5", None, None),
        ("1e3", None, None),
        ("", None, None),
        ("soon", DATE, None),
        ("٣", None, None),
        ("9" * 9, None, 999_999_999),
        ("9" * 10, None, None),
        ("Mon, 99 Nov 2026 04:00:30 GMT", DATE, None),
        ("Mon, 23 Nov 2026 04:00:30", DATE, None),
        ("Mon, 23 Nov 2026 04:00:30 +" + "9" * 20, DATE, None),
        (DATE, "Mon, 23 Nov " + "9" * 20 + " 04:00:30 GMT", None),
    ],
)
def test_retry_after_uses_the_servers_clock_and_ignores_nonsense(
    value: str, date: str | None, seconds: float | None
) -> None:
    headers = {"Retry-After": value} | ({} if date is None else {"Date": date})

    assert retry_after(headers) == seconds


@given(st.text(), st.text())
def test_any_retry_after_is_a_time_or_none(value: str, date: str) -> None:
    seconds = retry_after({"Retry-After": value, "Date": date})

    assert seconds is None or 0 <= seconds < float("inf")


@pytest.mark.parametrize(
    ("content", "quoted"),
    [
        (GATEWAY_503, "503 Service Unavailable"),
        ("<html><body>시스템 점검 중입니다</body></html>".encode(), "시스템 점검 중입니다"),
        (b"no healthy upstream (503), try again", "no healthy upstream (503), try again"),
        (b"Too Many Requests", "Too Many Requests"),
        (b"upstream connect error", "upstream connect error"),
    ],
)
def test_body_that_is_clearly_not_json_is_quoted(content: bytes, quoted: str) -> None:
    text = excerpt(content)

    assert text is not None
    assert quoted in text
    assert len(text) <= 200


@pytest.mark.parametrize(
    "content",
    [
        b"",
        ok(CARD_PAID),
        ok(CARD_PAID)[:100],
        b"\xef\xbb\xbf" + ok(CARD_PAID)[:100],
        b"  \n" + ok(CARD_PAID)[:100],
        b'"buyer',
        b"[1,",
        b"-12",
        b"15000",
        b"true",
        b"null",
        gzip.compress(ok(CARD_PAID)),
    ],
)
def test_body_that_may_be_json_is_not_quoted(content: bytes) -> None:
    assert excerpt(content) is None


@pytest.mark.parametrize(
    "content",
    [
        'callback({"buyer_name":"홍길동"})',
        'name":"홍길동","buyer_tel":"010"',
        '<pre>{"buyer_name":"홍길동"}</pre>',
        ')]}\',\n{"buyer_name":"홍길동"}',
        "Notice: undefined [buyer_name] => 홍길동",
        "<pre>&quot;buyer_name&quot;:&quot;홍길동</pre>",
        "<pre>&#34;buyer_name&#34;:&#34;홍길동</pre>",
        '홍길동","buyer_tel":"010"',
        "buyer_name=홍길동&buyer_tel=010",
    ],
)
def test_json_fragments_in_another_body_are_not_quoted(content: str) -> None:
    assert "홍길동" not in (excerpt(content.encode()) or "")


@given(st.binary(max_size=400))
def test_excerpt_is_short_and_printable(content: bytes) -> None:
    text = excerpt(content)

    assert text is None or (0 < len(text) <= 200)
    assert text is None or not text.startswith(("{", "[", '"'))


@pytest.mark.parametrize("status", [100, 199, 300, 399, 400])
def test_only_2xx_is_a_success(status: int) -> None:
    assert isinstance(outcome(status, ok(CARD_PAID)), ApiError | UnexpectedResponseError)


def test_299_is_a_success_and_399_is_a_redirect() -> None:
    assert type(outcome(299, ok(CARD_PAID))) is Payment
    assert type(outcome(299, body(NOT_FOUND))) is PaymentNotFoundError
    assert type(outcome(299, body(NOT_FOUND | {"message": "no"}))) is ApiError
    assert "a redirect" in str(outcome(399, body(NOT_FOUND)))


@pytest.mark.parametrize("status", [200, 400, 503])
@pytest.mark.parametrize("name", ["response", "unknown", "message"])
def test_deeply_nested_json_is_rejected_but_not_malformed(status: int, name: str) -> None:
    deep = b"[" * 10**5 + b"]" * 10**5
    error = outcome(status, b'{"code":0,"%s":%s}' % (name.encode(), deep))

    assert isinstance(error, UnexpectedResponseError if status == 200 else ApiError)
    assert not isinstance(error, MalformedResponseError)


def test_deep_nesting_is_named_in_the_error() -> None:
    deep = b"[" * 10**5

    assert "nested too deeply" in str(outcome(200, b'{"unknown":' + deep))


@pytest.mark.parametrize("status", [400, 404, 503])
def test_gateway_page_is_quoted_with_any_status(status: int) -> None:
    error = outcome(status, GATEWAY_503)

    assert isinstance(error, PortOneError)
    assert "503 Service Unavailable" in str(error)


def test_refused_response_reports_its_status() -> None:
    call = Call("GET", "/x", dict[str, Any], check=lambda _: "another")
    error = parse(call, Reply(201, {}, ok({})))

    assert isinstance(error, UnexpectedResponseError)
    assert error.status == 201


def test_records_of_a_list_have_their_own_raw() -> None:
    both = ok([CARD_PAID | {"new": 1}, CARD_PAID | {"new": 2}])
    payments = parse(Call("GET", "/payments", list[Payment]), Reply(200, {}, both))

    assert isinstance(payments, list)
    assert [payment.raw["new"] for payment in payments] == [1, 2]
    assert parse(Call("GET", "/x", list[int]), Reply(200, {}, ok([5]))) == [5]


def test_excerpt_does_not_end_with_a_blank() -> None:
    assert excerpt(b"<p>down {") == "<p>down"
    assert excerpt(b"try later {") == "try later"


def test_text_over_400_characters_is_truncated() -> None:
    assert printable("x" * 400) == "x" * 400
    assert printable("x" * 401) == "x" * 400 + "…"


def test_redaction_reads_a_bounded_part_of_a_huge_text() -> None:
    searched: list[int] = []

    def redact(text: str) -> str:
        searched.append(len(text))
        return text

    for quote in (printable, host):
        quote("x" * 10**6, redact)
    excerpt(b"x" * 10**6, redact)

    # Enough for the quoted part, without searching all of a hostile server's text.
    assert len(searched) == 3
    assert all(10_000 < length < 100_000 for length in searched)


def test_invalid_location_has_no_host() -> None:
    assert host("https://[bad") == host("/relative") == host("") == ""


def test_repr_of_a_reply_omits_the_body() -> None:
    reply = Reply(200, {"Location": "홍길동"}, "홍길동".encode())

    assert repr(reply) == "Reply(200)"
    assert reply.__rich_repr__() == [("status", 200)]


def test_malformed_response_is_unexpected_and_transient() -> None:
    assert issubclass(MalformedResponseError, UnexpectedResponseError)
    assert issubclass(MalformedResponseError, TransientError)
