"""Settings from the environment and from the folder's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.settings import SettingsError, load_settings


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("客服.example.com, b.example.com", ("客服.example.com", "b.example.com")),
        ('["a.example.com","b.example.com"]', ("a.example.com", "b.example.com")),
        ("[::1]，localhost", ("[::1]", "localhost")),
        ("", ()),
    ],
)
def test_a_list_is_read_from_text_and_from_json(
    given: str, read: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text parted at commas and a JSON list say the same, in the environment and in the file."""
    (tmp_path / "zuoxi.toml").write_text(f"frame_ancestors = '{given}'\n", encoding="utf-8")
    monkeypatch.setenv("ZUOXI_ALLOWED_HOSTS", given)
    settings = load_settings(data=tmp_path)
    assert settings.allowed_hosts == read
    assert settings.frame_ancestors == read


def test_a_list_in_the_file_stays_a_list(tmp_path: Path) -> None:
    """A TOML list needs no commas in text."""
    (tmp_path / "zuoxi.toml").write_text('allowed_hosts = ["a.example.com"]\n', encoding="utf-8")
    assert load_settings(data=tmp_path).allowed_hosts == ("a.example.com",)


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("ZUOXI_ALLOWED_HOSTS", '["a.example.com"', "逗号分隔"),
        ("ZUOXI_TIMEZONE", "Asia/Nowhere", "Asia/Shanghai"),
        ("ZUOXI_TIMEZONE", "Asia", "Asia/Shanghai"),
    ],
)
def test_a_bad_value_is_told_in_one_line(
    name: str, value: str, accepted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable, its value and the accepted form stand in one line."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as told:
        load_settings(data=tmp_path)
    assert name in str(told.value)
    assert accepted in str(told.value)
    assert "\n" not in str(told.value)


def test_a_host_in_chinese_is_known_as_browsers_send_it(tmp_path: Path) -> None:
    """A browser sends a name that is not ASCII in its encoded form."""
    known = load_settings(data=tmp_path, allowed_hosts="客服.Example.com").known_hosts
    assert known == {"客服.example.com", "xn--ubtq9x.example.com"}
