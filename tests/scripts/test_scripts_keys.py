"""zuoxi keys."""

from __future__ import annotations

from pathlib import Path

from api.store import Store, keys
from tests.scripts.running import Run


def test_a_key_is_shown_once_works_and_ends(zuoxi: Run, tmp_path: Path) -> None:
    """A made key opens its scope, is listed without its secret, and is dead once revoked."""
    made = zuoxi(
        *("keys", "create", "--scope", "agent", "--actor", "A012", "--name", "小禾", "--role", "客服"),
        *("--days", "30", "--data", tmp_path, "--json"),
    ).json
    store = Store(f"sqlite:///{tmp_path / 'zuoxi.db'}")
    grant = store.read(lambda reader: keys.find(reader, made["key"]))
    assert grant is not None
    assert grant.scope == "agent"
    assert grant.actor["roles"] == ["客服"]
    listed = zuoxi("keys", "list", "--data", tmp_path, "--json")
    assert [one["id"] for one in listed.json["keys"]] == [made["id"]]
    assert made["key"] not in listed.out
    assert zuoxi("keys", "revoke", made["id"], "--data", tmp_path, "--json").json["revoked"] is True
    assert store.read(lambda reader: keys.find(reader, made["key"])) is None
    assert zuoxi("keys", "revoke", made["id"], "--data", tmp_path).code == 1
    store.close()


def test_only_the_key_stands_on_standard_output(zuoxi: Run, tmp_path: Path) -> None:
    """Without --json the secret alone is printed, so that a script can keep it."""
    done = zuoxi("keys", "create", "--scope", "bot", "--actor", "b1", "--data", tmp_path)
    assert done.out.strip().startswith("zx_")
    assert len(done.out.strip().splitlines()) == 1


def test_an_unknown_scope_is_bad_usage(zuoxi: Run, tmp_path: Path) -> None:
    """A scope that does not exist is refused with the ones that do."""
    done = zuoxi("keys", "create", "--scope", "root", "--actor", "x", "--data", tmp_path)
    assert done.code == 2
    assert "supervisor" in done.err
