"""The page in a real browser: wide and narrow, light and dark, sorted by click and by key, without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as one:
        yield one


def column(browser: Browser, table: str, number: int) -> list[Any]:
    cells = f"[...document.querySelectorAll('#table-{table} tbody tr')].map(row => row.cells[{number}]"
    found: list[Any] = browser.run(f"{cells}.dataset.key ?? row.cells[{number}].textContent)")
    return found


def head(browser: Browser, table: str, text: str) -> int:
    heads: list[str] = browser.run(
        f"[...document.querySelectorAll('#table-{table} th[scope=col]')].map(one => one.textContent)"
    )
    return next(n for n, one in enumerate(heads) if one.startswith(text))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1600, 400])
def test_it_fits_and_nothing_goes_wrong(
    width: int, scheme: str, browser: Browser, real_report: Path, tmp_path: Path
) -> None:
    browser.events.clear()
    browser.open(real_report / "index.html", width=width, scheme=scheme)
    assert browser.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    ground, ink = browser.run("(style => [style.backgroundColor, style.color])(getComputedStyle(document.body))")
    brightness = [sum(map(int, colour[4:-1].split(","))) for colour in (ground, ink)]
    assert abs(brightness[0] - brightness[1]) > 500
    assert (brightness[0] > brightness[1]) == (scheme == "light")
    # Letters of the figures are those of the page.
    assert browser.run("getComputedStyle(document.querySelector('.plot svg text')).fill") != "rgb(0, 0, 0)"
    assert browser.run("[...document.images].every(one => one.naturalWidth > 0)")
    methods = [one["method"] for one in browser.events if "method" in one]
    assert "Runtime.exceptionThrown" not in methods
    assert "Log.entryAdded" not in methods
    asked = [
        one["params"]["request"]["url"] for one in browser.events if one.get("method") == "Network.requestWillBeSent"
    ]
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}
    assert sum(url.startswith("file:") for url in asked) == 1
    browser.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 50_000


def test_a_click_sorts_and_a_second_one_turns_it_round(browser: Browser, real_report: Path) -> None:
    browser.open(real_report / "index.html")
    place = head(browser, "drop", "drop")
    button = f"document.querySelectorAll('#table-drop th[scope=col] button')[{place}]"
    before = column(browser, "drop", place)
    browser.run(f"{button}.click()")
    down = [float(one) for one in column(browser, "drop", place)]
    assert down == sorted(map(float, before), reverse=True)
    assert browser.run(f"{button}.parentElement.getAttribute('aria-sort')") == "descending"
    browser.run(f"{button}.click()")
    assert [float(one) for one in column(browser, "drop", place)] == down[::-1]
    assert browser.run("document.querySelectorAll('#table-drop [aria-sort]').length") == 1


def test_what_does_not_exist_comes_last_both_ways(browser: Browser, real_report: Path) -> None:
    browser.open(real_report / "index.html")
    place = head(browser, "overview", "predicted")
    button = f"document.querySelectorAll('#table-overview th[scope=col] button')[{place}]"
    for _ in range(2):
        browser.run(f"{button}.click()")
        keys = column(browser, "overview", place)
        assert keys[-1] == ""  # S1 has no choice of its own
        assert "" not in keys[:-1]


def test_the_keyboard_sorts_too(browser: Browser, real_report: Path) -> None:
    browser.open(real_report / "index.html")
    place = head(browser, "overview", "strategy")
    browser.run(f"document.querySelectorAll('#table-overview th[scope=col] button')[{place}].focus()")
    for _ in range(2):
        for kind in ("keyDown", "keyUp"):
            browser.send(
                "Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13
            )
    assert column(browser, "overview", place) == ["S5", "S2", "S1"]


def test_without_javascript_everything_is_there(browser: Browser, real_report: Path) -> None:
    browser.open(real_report / "index.html")
    words = browser.run("document.body.innerText.replaceAll(/\\s+/g, ' ')")
    browser.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.send("Page.reload")
        browser.open(real_report / "index.html")
        assert browser.run("document.querySelectorAll('th button').length") == 0
        assert browser.run("document.body.innerText.replaceAll(/\\s+/g, ' ')") == words
    finally:
        browser.send("Emulation.setScriptExecutionDisabled", value=False)
