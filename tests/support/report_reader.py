"""Open reports in Chromium."""

from __future__ import annotations

import codecs
import csv
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from portone_async.cli.report import write_report
from portone_async.reconcile.finding import Finding, Verdict
from tests.conftest import missing_program

from .report_run import PERIOD, finding, order, summary_of

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--lang=en-US",
    # Names of other machines are not resolved.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


def program(*names: str) -> str:
    for name in names:
        if (path := shutil.which(name)) is not None:
            return path
    return missing_program(
        f"{names[0]} is not installed, and the tests of the report need a browser: "
        "apt-get install chromium chromium-driver fonts-noto-cjk"
    )


@contextmanager
def launched(folder: Path) -> Generator[Chrome]:
    """Run a browser with its profile in a folder."""
    options = Options()
    options.binary_location = program("chromium", "chromium-browser", "google-chrome")
    for flag in (*_FLAGS, f"--user-data-dir={folder}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # Without a driver selenium would download one.
    browser = Chrome(options=options, service=Service(program("chromedriver")))
    try:
        yield browser
    finally:
        browser.quit()


class Report:
    """A report that is open in a browser."""

    def __init__(self, browser: Chrome, folder: Path) -> None:
        self.browser: Any = browser
        self._path = folder / "report.html"

    def open(self, findings: list[Finding], *, address: str = "", **options: Any) -> None:
        defaults: dict[str, Any] = {
            "summary": summary_of(findings),
            "period": PERIOD,
            "language": "en",
        }
        write_report(self._path, findings=findings, **defaults | options)
        # The same page with another fragment would not be loaded again.
        self.browser.get("about:blank")
        self.browser.get(f"{self._path.as_uri()}{address}")

    def element(self, selector: str) -> WebElement:
        element: WebElement = self.browser.find_element(By.CSS_SELECTOR, selector)
        return element

    def texts(self, selector: str) -> list[str]:
        script = "return [...document.querySelectorAll(arguments[0])].map(element => element.textContent)"
        texts: list[str] = self.browser.execute_script(script, selector)
        return texts

    def column(self, number: int) -> list[str]:
        return self.texts(f"#rows tbody tr td:nth-child({number})")

    def uids(self) -> list[str]:
        return self.column(2)

    def search(self, text: str) -> None:
        self.element("#search").clear()
        self.element("#search").send_keys(text)

    def sort(self, column: str) -> str | None:
        button = self.element(f"[data-column={column}]")
        button.click()
        return button.find_element(By.XPATH, "..").get_attribute("aria-sort")

    def show(self, *, width: int = 1400, scheme: str = "light", media: str = "") -> None:
        feature = {"name": "prefers-color-scheme", "value": scheme}
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [feature], "media": media}
        )

    @contextmanager
    def on_paper(self, width: int = 718) -> Generator[None]:
        """Show the report as printed; an A4 page is 718 pixels wide within the margins."""
        self.browser.execute_script("dispatchEvent(new Event('beforeprint'))")
        self.show(width=width, media="print")
        yield
        self.show()
        self.browser.execute_script("dispatchEvent(new Event('afterprint'))")

    def fragment(self) -> str:
        fragment: str = self.browser.execute_script("return location.hash")
        return fragment

    def downloaded(self, folder: Path) -> list[dict[str, str]]:
        """Download the CSV, and return its lines."""
        path = folder / "differences.csv"
        behavior = {"behavior": "allow", "downloadPath": str(folder)}
        self.browser.execute_cdp_cmd("Browser.setDownloadBehavior", behavior)
        self.element("#csv").click()
        # Chromium creates an empty file of that name, and replaces it when the download ends.
        WebDriverWait(self.browser, 30).until(lambda _: path.exists() and path.stat().st_size)
        assert path.read_bytes().startswith(codecs.BOM_UTF8)
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file, strict=True))

    def console_messages(self) -> list[str]:
        return [entry["message"] for entry in self.browser.get_log("browser")]


def many(count: int = 120) -> list[Finding]:
    """Return findings of missing orders: ``o-0``, ``o-1`` and so on."""
    return [finding(f"o-{n}", Verdict.MISSING, order(f"o-{n}", f"{n}00")) for n in range(count)]
