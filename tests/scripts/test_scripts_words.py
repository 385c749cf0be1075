"""What `zuoxi route` and `zuoxi serve` say to people."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from api.settings import load_settings
from nlp.cues import EMOTIONS, POLARITIES
from nlp.routing import Automation
from scripts import route
from scripts.serve import tell_hosts
from tests.scripts.running import Run


def test_route_speaks_chinese_and_short_times(zuoxi: Run, tmp_path: Path) -> None:
    """Mood, handling and ladder are words, moments are month, day, hour and minute."""
    done = zuoxi("route", "空调装了三次都没装好，再不处理我就打12315", "--data", tmp_path)
    assert done.code == 0, done.err
    assert not re.search(r"negative|angry|manual|supervisor|\d{4}-\d\d-\d\dT", done.out)
    assert re.search(r"主管 \d\d-\d\d \d\d:\d\d", done.out)
    assert re.search(r"首次响应 +\d\d-\d\d \d\d:\d\d", done.out)


def test_every_code_of_a_route_has_a_word() -> None:
    """No polarity, emotion or way of handling is without its Chinese word."""
    assert set(route.POLARITIES) == set(POLARITIES)
    assert set(route.EMOTIONS) == set(EMOTIONS)
    assert set(route.AUTOMATION) == set(get_args(Automation))


@pytest.mark.parametrize(
    ("host", "told"),
    [("127.0.0.1", False), ("0.0.0.0", True), ("192.168.3.4", True), ("10.0.0.9", False)],
)
def test_serve_names_the_hosts_to_set(
    host: str, told: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Away from loopback the variable is named with a value to copy, unless the host is known already."""
    hosts = "localhost,10.0.0.9" if host == "10.0.0.9" else None
    tell_hosts(load_settings(data=tmp_path, allowed_hosts=hosts), host)
    assert ("ZUOXI_ALLOWED_HOSTS=127.0.0.1,localhost,[::1]," in capsys.readouterr().err) is told
