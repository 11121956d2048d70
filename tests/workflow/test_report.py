"""The report of a finished workflow, opened in a real browser."""

import io
import json
import shutil
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from conftest import ROOT, Workflow
from PIL import Image
from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from tiny import ALL

from lazytraining.claims import words

pytestmark = [pytest.mark.workflow, pytest.mark.browser]

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--use-angle=swiftshader"]
FLAGS += ["--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]  # WebGL without a GPU
VIEWS = {
    "Figures 2 and 6: plane of α = 1/m": ["m = 4", "m = 6"],
    "Figures 2 and 6: plane of α = 1/√m": ["m = 4"],  # those of m = 6 diverge
    "Figure 5: loss over τ and α": [
        "as described, stopped early",
        "as published, best throughout",
        "trained to the end",
    ],
}
WAIT = 60
"""Seconds, on a busy machine; nothing waits longer than it has to."""
LAPTOP, PHONE = (1366, 768), (390, 844)


def report(workflow: Workflow, *targets: str) -> Path:
    """The report that a user makes, profile and all."""
    workflow("--report", "report.html", "--", *targets, profile=str(ROOT / "profiles/default"))
    return workflow.folder / "report.html"


@pytest.fixture(scope="module")
def page(workflow) -> str:
    return report(workflow, "everything").as_uri()


@pytest.fixture(scope="module")
def browser():
    if not (CHROMIUM and DRIVER):
        pytest.skip("no chromium and chromedriver here (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    driver.set_script_timeout(WAIT)
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser, page):
    """The report at its start, in a window as of a laptop; afterwards, no error and nothing asked of a network."""
    resize(browser, LAPTOP)
    browser.get(page)
    yield browser
    browser.switch_to.default_content()
    asked = browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert [name for name in asked if name.startswith("http")] == []
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def resize(browser, size: tuple[int, int]) -> None:
    width, height = size
    screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == PHONE}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)


def waited_for(browser, by: str, what: str):
    """An element, as soon as it is there."""
    return WebDriverWait(browser, WAIT).until(lambda browser: browser.find_element(by, what))


def follow(browser, text: str) -> None:
    """Click a link of the start page."""
    waited_for(browser, By.LINK_TEXT, text).click()


def menu(browser) -> list[str]:
    return [item.text for item in browser.find_elements(By.CSS_SELECTOR, "#app nav li a") if item.text]


def test_categories_are_in_the_notes_order(opened):
    assert menu(opened)[-6:] == [
        "1 Claims",
        "2 Figures of the note",
        "3 Single landscapes of Figure 2",
        "4 Theory",
        "5 Beyond the figures of the note",
        "6 Single experiments",
    ]
    follow(opened, "2 Figures of the note")
    cells = [cell.text for cell in opened.find_elements(By.CSS_SELECTOR, "#app nav tbody td:first-child")]
    figures = [*(f"Figure {number}" for number in range(1, 8)), "Figures 2, 5 and 6, to turn"]
    assert cells == [*figures, "Figures 3 and 4, both plateaus"]


def test_the_start_page_has_the_verdicts_and_what_was_run(opened, workflow):
    rows = pq.read_table(workflow.results / "claims.parquet").to_pylist()
    text = opened.find_element(By.CSS_SELECTOR, ".prose").text
    for verdict, count in words.counted(rows).items():
        assert (f"{count} {verdict}" in text) is (count > 0)
    shown = [line.text for line in opened.find_elements(By.CSS_SELECTOR, ".ledger tbody tr")]
    assert len(shown) == len(rows)
    assert all(row["claim"] in line and row["verdict"] in line for row, line in zip(rows, shown, strict=True))
    trained = {
        row.text.split()[0]: row.text.split()[1:]
        for row in opened.find_elements(By.CSS_SELECTOR, ".runs tbody tr")
    }
    assert trained.keys() == ALL["experiments"].keys()
    assert trained["plateau"][:2] == ["4", "2"]
    assert trained["neuron_paths"] == ["2", "1"]
    assert "results" in text and "torch" in text
    opened.find_element(By.CSS_SELECTOR, ".ledger summary").click()
    assert rows[0]["reason"] in opened.find_element(By.CSS_SELECTOR, ".ledger tbody tr").text


def test_every_figure_is_shown_with_its_caption(opened, workflow):
    """By the links of the start page, which show a figure and its caption at once."""
    links = len(opened.find_elements(By.CSS_SELECTOR, ".prose p a"))
    figures = {path.name for path in workflow.results.glob("figures/*.png")}
    assert links == len(figures) + 2, "and the claims, and what can be turned"
    seen = set()
    look = """const done = arguments[1];
    document.querySelectorAll('.prose p a')[arguments[0]].click();
    setTimeout(async () => {
      const image = document.querySelector('#app img:not(nav img)');
      if (image) await image.decode();
      const caption = document.querySelector('nav .prose');
      done([app.state.resultPath, image ? image.naturalWidth : 0, image ? image.width : 0, caption ? caption.textContent : ''])
    }, 30)"""
    for number in range(links):
        path, natural, width, caption = opened.execute_async_script(look, number)
        if path.endswith(".png"):
            assert natural > 500 and width > 300, path
            seen.add(Path(path).name)
        assert len(caption) > 100, path
        assert ("ledger of these runs: claim 3a " in caption) is path.endswith("figure_3.png")
        opened.execute_script("app.setView({navbarMode: 'menu', content: 'rulegraph'})")
    assert seen == figures
    assert "system-message" not in opened.page_source, "what docutils says of bad captions"


def test_surfaces_are_drawn_and_turn(opened):
    resize(opened, (700, 500))  # a GPU in software draws every pixel
    follow(opened, "Figures 2, 5 and 6, to turn")
    opened.switch_to.frame(opened.find_element(By.TAG_NAME, "iframe"))
    scene = "document.getElementById('plot')._fullLayout.scene._scene"
    WebDriverWait(opened, WAIT).until(
        lambda browser: browser.execute_script(f"try {{ return !!{scene}.getCamera() }} catch {{ }}")
    )
    pictures = opened.execute_script("return Object.keys(pictures)")
    assert pictures == list(VIEWS)
    for number, picture in enumerate(pictures):
        opened.execute_async_script(f"picture.selectedIndex = {number}; choose().then(arguments[0])")
        views = opened.execute_script("return Array.from(view.options, option => option.text)")
        assert views == VIEWS[picture]
        before = opened.execute_script(f"return {scene}.getCamera().eye")
        canvas = opened.find_element(By.CSS_SELECTOR, "#plot canvas")
        webdriver.ActionChains(opened, 50).drag_and_drop_by_offset(canvas, 120, 30).perform()
        WebDriverWait(opened, WAIT).until(
            lambda browser, before=before: browser.execute_script(f"return {scene}.getCamera().eye") != before
        )
        picture = Image.open(io.BytesIO(opened.find_element(By.ID, "plot").screenshot_as_png)).convert("RGB")
        assert len(picture.getcolors(picture.width * picture.height)) > 500, (
            "as a surface has, and axes alone have not"
        )
    assert "Loading" not in opened.find_element(By.ID, "hint").text


def test_the_statistics_have_every_job(opened):
    follow(opened, "Statistics")
    WebDriverWait(opened, WAIT).until(
        lambda browser: browser.find_elements(By.CSS_SELECTOR, "#timeline canvas, #timeline svg")
    )
    rules = opened.execute_script("return runtimes_spec.data.values.map(job => job.rule)")
    assert rules.count("train_students_keep_weights") == 2 * 2 * 2 + 2 * 2 * 3
    assert all(
        seconds > 0
        for seconds in opened.execute_script("return runtimes_spec.data.values.map(job => job.runtime)")
    )


def test_nothing_is_wider_than_a_phone(opened):
    """Once everything is drawn: graphs come after the rest, and are wider than a phone by themselves."""
    resize(opened, PHONE)
    wide = """return [...document.querySelectorAll('.prose, .ledger, .runs, #app nav, .vega-embed, form, #plot, p')]
      .filter(part => part.getBoundingClientRect().right > innerWidth + 1).map(part => part.outerHTML.slice(0, 200))"""
    overflow = "return document.documentElement.scrollWidth - innerWidth"
    for text, drawn in (
        ("", "#rulegraph canvas"),
        ("Statistics", "#timeline canvas"),
        ("Figure 5", "#app div > img"),
        ("Claims of the note", "iframe"),
        ("Figures 2, 5 and 6, to turn", "iframe"),
    ):
        if text:
            follow(opened, text)
        waited_for(opened, By.CSS_SELECTOR, drawn)
        with suppress(TimeoutException):  # the new width takes a moment on a busy machine
            WebDriverWait(opened, 10).until(lambda browser: browser.execute_script(wide) == [])
        assert opened.execute_script(overflow) <= 0, text
        assert opened.execute_script(wide) == [], text
        if frames := opened.find_elements(By.TAG_NAME, "iframe"):
            opened.switch_to.frame(frames[0])
            ready = (
                "return document.readyState === 'complete' && !document.body.innerText.includes('Loading')"
            )
            WebDriverWait(opened, WAIT).until(lambda browser, ready=ready: browser.execute_script(ready))
            assert opened.execute_script(overflow) <= 0, text
            assert opened.execute_script(wide) == [], text
            opened.switch_to.default_content()
        opened.execute_script("app.setView({navbarMode: 'menu', content: 'rulegraph'})")


def test_a_report_over_one_figure_says_that_it_has_no_verdicts(workflow):
    text = report(workflow, "figure_5").read_text()
    start = json.loads(text[text.index("var workflow_desc = ") :].split("\n", 1)[0][20:].rstrip(";"))
    assert "does not cover the ledger" in start
    assert "<td>tau_alpha_text</td><td>4</td><td>1</td>" in start
    assert "plateau" not in start and 'ledger"' not in start
