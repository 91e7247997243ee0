"""Test profiles: their file, what is refused of it, and the precedence of their values.

The folder and the missing modes of Windows are not tested.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import InvalidRequestError, PortOneClient
from portone_async._profiles import load_profile, parse_profile, profiles_path
from portone_async.client import ClientOptions
from tests.support.canaries import KEY, SECRET, assert_clean, package_frames, renderings

URL = "http://127.0.0.1:1"
PROFILES = f"""
[default]
imp_key = "{KEY}"
imp_secret = "{SECRET}"

["상점 B"]
imp_key = "key-b"
imp_secret = "secret-b"
tier = "A01"
base_url = "{URL}/b/"
proxy = "env"
"""
PROXY = f"http://user:{SECRET}@p.example:1"
VARIABLES = ("IMP_KEY", "IMP_SECRET", "BASE_URL", "TIER", "PROFILE", "PROFILES_FILE")

Write = Callable[..., Path]


@pytest.fixture(name="write")
def _write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write the file of profiles, and let the environment name it and nothing else."""
    path = tmp_path / "profiles.toml"
    for name in VARIABLES:
        monkeypatch.delenv(f"PORTONE_{name}", raising=False)
    monkeypatch.setenv("PORTONE_PROFILES_FILE", str(path))

    def write(content: str | bytes = PROFILES, mode: int = 0o600) -> Path:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)
        return path

    return write


def refused(name: str | None = None, **options: Unpack[ClientOptions]) -> str:
    """Return why a profile is refused, after a search for the canaries in all that is visible."""
    with pytest.raises(InvalidRequestError) as caught:
        PortOneClient.from_profile(name, **options)
    assert caught.value.__context__ is None
    assert_clean(error=package_frames(caught.value))
    return caught.value.reason


class Recorded(PortOneClient):
    """A client that stores the arguments that it is created with."""

    def __init__(self, imp_key: str, imp_secret: str, **options: Unpack[ClientOptions]) -> None:
        super().__init__(imp_key, imp_secret, **options)
        self.arguments = {"imp_key": imp_key, "imp_secret": imp_secret, **options}


A = {"imp_key": KEY, "imp_secret": SECRET}
B = {
    "imp_key": "key-b",
    "imp_secret": "secret-b",
    "tier": "A01",
    "base_url": f"{URL}/b/",
    "proxy": "env",
}


@pytest.mark.parametrize(
    ("name", "variable", "expected"),
    [
        (None, None, A),
        (None, "", A),
        (None, "상점 B", B),
        ("default", "상점 B", A),
        ("상점 B", "default", B),
        ("상점 B", None, B),
    ],
)
def test_profile_is_the_named_one_or_of_the_variable_or_default(
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    name: str | None,
    variable: str | None,
    expected: dict[str, object],
) -> None:
    write()
    if variable is not None:
        monkeypatch.setenv("PORTONE_PROFILE", variable)

    assert Recorded.from_profile(name).arguments == expected


def test_overrides_win_over_the_profile(write: Write) -> None:
    write()
    overrides: ClientOptions = {
        "base_url": "https://x.example",
        "tier": None,
        "proxy": None,
        "max_in_flight": 3,
    }

    assert Recorded.from_profile("상점 B", **overrides).arguments == B | overrides


def test_keys_and_tier_of_the_environment_are_ignored(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write()
    for name in ("IMP_KEY", "IMP_SECRET", "TIER"):
        monkeypatch.setenv(f"PORTONE_{name}", "other")

    assert Recorded.from_profile("default").arguments == A


def test_base_url_of_the_environment_must_be_that_of_the_profile(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write()
    monkeypatch.setenv("PORTONE_BASE_URL", f"{URL}/b")

    assert Recorded.from_profile("상점 B").arguments == B
    assert "PORTONE_BASE_URL" in refused("default")
    assert Recorded.from_profile("default", base_url=URL).arguments == A | {"base_url": URL}


def test_base_url_of_the_environment_can_be_the_usual_one(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write()
    usual = inspect.signature(PortOneClient).parameters["base_url"].default
    monkeypatch.setenv("PORTONE_BASE_URL", usual)

    assert Recorded.from_profile("default").arguments == A
    assert "PORTONE_BASE_URL" in refused("상점 B")


def test_from_env_uses_the_profile_of_the_variable(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write()
    monkeypatch.setenv("PORTONE_PROFILE", "상점 B")

    assert Recorded.from_env().arguments == B
    assert Recorded.from_env(tier="B02").arguments == B | {"tier": "B02"}


@pytest.mark.parametrize("other", ["PORTONE_IMP_KEY", "PORTONE_IMP_SECRET", "PORTONE_TIER"])
def test_from_env_refuses_a_profile_beside_variables_of_a_shop(
    write: Write, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    write()
    monkeypatch.setenv("PORTONE_PROFILE", "default")
    monkeypatch.setenv(other, SECRET)

    with pytest.raises(
        InvalidRequestError, match=f"PORTONE_PROFILE and {other} are both"
    ) as caught:
        PortOneClient.from_env(proxy=PROXY, base_url=PROXY)
    assert_clean(error=package_frames(caught.value))


def test_from_env_without_keys_uses_no_default_profile(write: Write) -> None:
    write()
    with pytest.raises(InvalidRequestError, match="PORTONE_IMP_KEY is not set"):
        PortOneClient.from_env()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o610, 0o666])
def test_file_that_is_open_to_others_is_refused(write: Write, mode: int) -> None:
    path = write(mode=mode)

    assert refused() == (
        f"the file of profiles {path} is open to other users (mode {mode:04o}): "
        f"run chmod 600 {path}"
    )


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_file_of_its_owner_alone_is_read(write: Write, mode: int) -> None:
    write(mode=mode)

    assert Recorded.from_profile().arguments == A


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_link_is_judged_by_the_file_that_it_names(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    target = write(mode=mode)
    link = tmp_path / "link.toml"
    link.symlink_to(target)  # A link itself has mode 777.
    monkeypatch.setenv("PORTONE_PROFILES_FILE", str(link))

    if mode == 0o600:
        assert Recorded.from_profile().arguments == A
    else:
        assert "0644" in refused()


def test_file_of_another_user_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write()
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)

    assert "belongs to another user" in refused()


def test_file_that_is_checked_is_the_file_that_is_read(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write()
    fstat = os.fstat

    def exchange(descriptor: int) -> os.stat_result:
        status = fstat(descriptor)
        path.unlink()
        path.write_text(PROFILES.replace(KEY, "key-of-a-thief"), encoding="utf-8")
        return status

    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", exchange)
        client = Recorded.from_profile()

    assert client.arguments == A


def test_missing_file_is_named(write: Write) -> None:
    path = write()
    path.unlink()

    assert refused() == (
        f"the file of profiles {path} does not exist; PORTONE_PROFILES_FILE can name another file"
    )


def test_folder_and_named_pipe_are_refused(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write()
    monkeypatch.setenv("PORTONE_PROFILES_FILE", str(tmp_path))
    assert "cannot be read" in refused()

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    monkeypatch.setenv("PORTONE_PROFILES_FILE", str(pipe))
    assert "is not a regular file" in refused()


def test_large_file_is_refused(write: Write) -> None:
    write(PROFILES + "#" * 2**20)

    assert "has more than 1048576 bytes" in refused()


BROKEN = {
    "no quotes": (f"[default]\nimp_key = {SECRET}", "is not TOML (at line 2)"),
    "no end": (f'[default]\nimp_key = "{SECRET}', "is not TOML (at end of document)"),
    "control character": (f'[default]\nimp_key = "{SECRET}\x01"', "is not TOML (at line 2)"),
    "a key twice": (f'[default]\n"{SECRET}" = 1\n"{SECRET}" = 2', "is not TOML"),
    "a table twice": (f"[{SECRET}]\n[{SECRET}]", "is not TOML (at line 2)"),
    "a word": (SECRET, "is not TOML"),
    "many digits": (f"imp_key = {'9' * 5000}", "is not TOML"),
    "deep": (f"imp_key = {'[' * 100_000}", "is not TOML"),
    "EUC-KR": (f'[default]\nimp_key = "{SECRET}가"'.encode("euc-kr"), "is not UTF-8"),
    "no table": (f'imp_key = "{SECRET}"', "outside of a profile: put them below a line such as"),
}


@pytest.mark.parametrize(("content", "problem"), BROKEN.values(), ids=BROKEN)
def test_broken_file_is_refused_without_a_quotation(
    write: Write, content: str | bytes, problem: str
) -> None:
    path = write(content)

    assert refused().startswith(f"the file of profiles {path} ")
    assert problem in refused()


INVALID = {
    "unknown": (f'imp_kee = "{SECRET}"', "has 'imp_kee', which is none of imp_key, imp_secret"),
    "a secret as a name": (f'{SECRET} = ""', "has a key, which is none of"),
    "a number": ("imp_key = 1234567890123456", "imp_key of profile"),
    "a list": (f'tier = ["{SECRET}"]', "tier of profile"),
    "a table": (f'proxy = {{ url = "{SECRET}" }}', "proxy of profile"),
    "a flag": ("base_url = true", "must be text, in quotes"),
    "no secret": (f'imp_key = "{KEY}"', "has no imp_secret"),
    "an empty key": (f'imp_key = ""\nimp_secret = "{SECRET}"', "has no imp_key"),
    "no keys": ("", "has no imp_key and no imp_secret"),
}


@pytest.mark.parametrize(("lines", "problem"), INVALID.values(), ids=INVALID)
def test_invalid_profile_is_refused_without_a_value(write: Write, lines: str, problem: str) -> None:
    path = write(f"[default]\n{lines}\n")

    reason = refused()
    assert f"profile 'default' in {path}" in reason
    assert problem in reason
    assert "1234567890123456" not in reason


@pytest.mark.parametrize("option", ["tier", "base_url", "proxy"])
def test_value_that_the_client_refuses_is_not_quoted(write: Write, option: str) -> None:
    write(f'[default]\nimp_key = "{KEY}"\nimp_secret = "k"\n{option} = "a b {SECRET}"')

    assert option in refused()


@given(
    at=st.integers(0, len(PROFILES)),
    cut=st.integers(0, 40),
    inserted=st.sampled_from(
        ['"', "\n", "=", "[", "]", "\\", "#", "1", "\x00", "가", "'", "{", "."]
    ),
)
def test_damaged_file_is_read_or_refused_without_a_value(at: int, cut: int, inserted: str) -> None:
    content = PROFILES[:at] + inserted + PROFILES[at + cut :]
    try:
        profile = parse_profile(content.encode(), "default", Path("profiles.toml"))
    except InvalidRequestError as error:
        # A part of the secret as well: the damage may be in the middle of it.
        assert not [text for text in (KEY[7:], SECRET[7:-11]) if text in str(error)]
    else:
        assert profile.imp_key
        assert profile.imp_secret


def test_profile_shows_no_value(write: Write) -> None:
    write()

    assert_clean(*renderings(load_profile("default")), *renderings(load_profile("상점 B")))


def test_missing_profile_lists_the_others(write: Write) -> None:
    path = write()

    assert refused("shop-c") == (
        f"there is no profile 'shop-c' in {path}: the file has 'default', '상점 B'"
    )
    assert "the file has none" in (write(""), refused())[1]


def test_urls_of_the_caller_are_not_shown(write: Write) -> None:
    write()

    assert "there is no profile" in refused("none", proxy=PROXY, base_url=PROXY)


def test_empty_name_is_not_the_default(write: Write) -> None:
    write()

    assert "there is no profile ''" in refused("")
    assert "name must be a str" in refused(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the point


def test_byte_order_mark_is_skipped(write: Write) -> None:
    write(b"\xef\xbb\xbf" + PROFILES.encode())

    assert Recorded.from_profile().arguments == A


@pytest.mark.skipif(os.name == "nt", reason="Windows has another folder")
@pytest.mark.parametrize(
    ("folder", "path"),
    [
        ("/etc/xdg", "/etc/xdg/portone-async/profiles.toml"),
        ("relative", "/home/shop/.config/portone-async/profiles.toml"),
        ("", "/home/shop/.config/portone-async/profiles.toml"),
        (None, "/home/shop/.config/portone-async/profiles.toml"),
    ],
)
def test_usual_path_is_in_the_folder_of_settings(
    write: Write, monkeypatch: pytest.MonkeyPatch, folder: str | None, path: str
) -> None:
    write()
    monkeypatch.setenv("PORTONE_PROFILES_FILE", "")
    monkeypatch.setenv("HOME", "/home/shop")
    if folder is None:
        monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    else:
        monkeypatch.setenv("XDG_CONFIG_HOME", folder)

    assert profiles_path() == Path(path)


def test_client_without_profiles_does_not_load_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORTONE_PROFILE", raising=False)
    monkeypatch.setenv("PORTONE_IMP_KEY", "k")
    monkeypatch.setenv("PORTONE_IMP_SECRET", "s")
    monkeypatch.delitem(sys.modules, "portone_async._profiles", raising=False)
    PortOneClient.from_env()

    assert "portone_async._profiles" not in sys.modules
