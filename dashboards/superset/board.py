"""Looks at the dashboard in a headless Chromium: tabs, charts, errors, requests."""

from __future__ import annotations

import json
import shutil
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from server import Server

WIDTH = 1500
SECONDS = 180
# Enough for the highest tab, and what stays free below the lowest chart of a picture.
TALL, MARGIN = 2400, 24
DRAWN = """
const [expected] = arguments;
const charts = [...document.querySelectorAll('.dashboard-component-chart-holder')]
    .filter(chart => chart.offsetParent !== null);
const waiting = [...document.querySelectorAll('.loading, [data-test="loading-indicator"]')]
    .filter(mark => mark.offsetParent !== null);
// A chart that failed shows an error in its place, and is done as well.
const empty = charts.filter(
    chart => chart.querySelector('.slice_container, [role="alert"], .ant-alert-error') === null
);
return charts.length === expected && waiting.length === 0 && empty.length === 0;
"""
ERRORS = """
return [...document.querySelectorAll('[role="alert"], .ant-alert-error, .error-container')]
    .filter(mark => mark.offsetParent !== null).map(mark => mark.innerText.trim());
"""
# Down to the lowest chart of the open tab.
HEIGHT = """
return Math.max(...[...document.querySelectorAll('.dashboard-component-chart-holder')]
    .filter(chart => chart.offsetParent !== null)
    .map(chart => chart.getBoundingClientRect().bottom));
"""


class BoardError(Exception):
    """The dashboard does not show what it should; the message says what."""


@dataclass
class Seen:
    """The outcome of looking at the dashboard.

    Attributes:
        answers: what each chart was answered, by the id of the chart.
        outside: addresses past the loopback address that something was asked of.
        held_back: such addresses to which the server's own policy let no request go.
        console: errors in the browser's console, but for the news of requests held back.
        alerts: errors that the page shows, by tab.
    """

    answers: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    outside: set[str] = field(default_factory=set)
    held_back: set[str] = field(default_factory=set)
    console: list[str] = field(default_factory=list)
    alerts: dict[str, list[str]] = field(default_factory=dict)


@contextmanager
def browser(folder: Path) -> Iterator[Chrome]:
    """A headless Chromium for which no name resolves.

    Raises:
        BoardError: Chromium or its driver is not installed.
    """
    programme, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if programme is None or driver is None:
        raise BoardError("Install the packages chromium and chromium-driver.")
    options = ChromeOptions()
    options.binary_location = programme
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--no-proxy-server",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-extensions",
        "--hide-scrollbars",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        f"--user-data-dir={folder / 'profile'}",
        f"--window-size={WIDTH},{TALL}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    chrome = Chrome(options=options, service=Service(executable_path=driver))
    try:
        yield chrome
    finally:
        chrome.quit()


def enter(chrome: Chrome, server: Server) -> None:
    """Log in as a person does."""
    chrome.get(f"{server.address}/login/")
    WebDriverWait(chrome, SECONDS).until(
        lambda page: page.find_elements(By.CSS_SELECTOR, "input[type=password]")
    )
    chrome.find_element(By.CSS_SELECTOR, "#username, input[name=username]").send_keys(server.user)
    password = chrome.find_element(By.CSS_SELECTOR, "input[type=password]")
    password.send_keys(server.password)
    password.submit()
    WebDriverWait(chrome, SECONDS).until(lambda page: "/login" not in page.current_url)


def look(chrome: Chrome, server: Server, tabs: dict[str, int], pictures: Path) -> Seen:
    """Open each tab, wait until it is drawn, take its picture.

    Parameters
    ----------
    chrome
        A browser that is logged in.
    server
        Where the dashboard lies.
    tabs
        How many charts each tab holds, by its name, in order.
    pictures
        Folder for one picture a tab.
    """
    seen = Seen()
    open_dashboard(chrome, server)
    for number, (name, charts) in enumerate(tabs.items(), start=1):
        print(f"  tab {name}: {charts} charts ...", flush=True)
        open_tab(chrome, name, charts)
        _resize(chrome, int(chrome.execute_script(HEIGHT)) + MARGIN)
        _wait_until_drawn(chrome, name, charts)
        seen.alerts[name] = chrome.execute_script(ERRORS)
        picture = pictures / f"{number}_{name.lower().replace(' ', '_')}.png"
        picture.write_bytes(_still_picture(chrome, name))
        _resize(chrome, TALL)
        _listen(chrome, seen)
    seen.console = [
        entry["message"]
        for entry in chrome.get_log("browser")  # type: ignore[no-untyped-call]
        if entry["level"] == "SEVERE" and not any(one in entry["message"] for one in seen.held_back)
    ]
    return seen


def text_of(chrome: Chrome, chart: int) -> str:
    """What a chart of the open tab shows, as text."""
    selector = f"[data-test-chart-id='{chart}'], #chart-id-{chart}"
    return str(chrome.find_element(By.CSS_SELECTOR, selector).text)


def open_dashboard(chrome: Chrome, server: Server) -> None:
    """Load the dashboard, again if it was open."""
    chrome.get(f"{server.address}/superset/dashboard/footfall/")


def open_tab(chrome: Chrome, name: str, charts: int) -> None:
    """Open a tab and wait until all its charts are drawn."""

    def found(page: Chrome) -> Any:
        tabs = page.find_elements(By.CSS_SELECTOR, "[role=tab]")
        return next((tab for tab in tabs if tab.text.strip() == name), None)

    WebDriverWait(chrome, SECONDS).until(found).click()
    _wait_until_drawn(chrome, name, charts)


def _wait_until_drawn(chrome: Chrome, name: str, charts: int) -> None:
    WebDriverWait(chrome, SECONDS).until(
        lambda page: page.execute_script(DRAWN, charts),
        message=f"Tab {name} was not drawn within {SECONDS} seconds.",
    )


def _resize(chrome: Chrome, height: int) -> None:
    size = {"width": WIDTH, "height": height, "deviceScaleFactor": 1, "mobile": False}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def _still_picture(chrome: Chrome, name: str) -> bytes:
    """A picture that no longer changes: charts move while they are drawn."""
    pictures = [chrome.get_screenshot_as_png()]

    def stands_still(page: Chrome) -> bool:
        pictures[:] = [*pictures[-1:], page.get_screenshot_as_png()]
        return pictures[0] == pictures[1]

    WebDriverWait(chrome, SECONDS, poll_frequency=0.5).until(
        stands_still, message=f"Tab {name} still moved after {SECONDS} seconds."
    )
    return pictures[-1]


def _listen(chrome: Chrome, seen: Seen) -> None:
    """Take the entries of the network log since the last time."""
    asked: dict[str, str] = {}
    for line in chrome.get_log("performance"):  # type: ignore[no-untyped-call]
        event = json.loads(line["message"])["message"]
        if event["method"] == "Network.requestWillBeSent":
            address = event["params"]["request"]["url"]
            parts = urllib.parse.urlsplit(address)
            if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
                asked[event["params"]["requestId"]] = address
        elif event["method"] == "Network.loadingFailed":
            if event["params"].get("blockedReason") == "csp":
                seen.held_back.add(asked.pop(event["params"]["requestId"]))
        elif event["method"] == "Network.responseReceived":
            _keep_answer(chrome, event["params"], seen)
    seen.outside |= set(asked.values())


def _keep_answer(chrome: Chrome, received: dict[str, Any], seen: Seen) -> None:
    parts = urllib.parse.urlsplit(received["response"]["url"])
    if parts.path != "/api/v1/chart/data":
        return
    form = urllib.parse.parse_qs(parts.query).get("form_data", ["{}"])[0]
    chart = json.loads(form).get("slice_id")
    if chart is None:
        return
    body = chrome.execute_cdp_cmd("Network.getResponseBody", {"requestId": received["requestId"]})
    seen.answers.setdefault(int(chart), []).append(json.loads(body["body"]))
