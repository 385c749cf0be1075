"""README's picture of the supervisor's week, taken from the demo: `python -m scripts.picture`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

from scripts.readme import ROOT, demo_site

PICTURE = ROOT / "scripts" / "deploy" / "supervisor.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> int:
    """Write the picture; 1 where no browser is."""
    program = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if program is None:
        print("没有浏览器：请先 make browser", file=sys.stderr)
        return 1
    from playwright.sync_api import sync_playwright

    week = date.today() - timedelta(days=7)
    with (
        tempfile.TemporaryDirectory() as name,
        demo_site(Path(name) / "data") as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="zh-CN")
        page.goto(f"{site['ZX']}/supervisor#/quality/report/weekly?date={week}")
        page.wait_for_selector("#violations tr")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=str(PICTURE))
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
