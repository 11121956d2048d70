"""The report of a finished workflow, opened in a real browser."""

import base64
import io
import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from browser import LAPTOP, OFFENDERS, OVERFLOW, PHONE, SMALL, WIDE, follow, resize, waited, waited_for
from conftest import ROOT, Workflow
from PIL import Image
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By
from tiny import ALL

from lazytraining.claims import words
from lazytraining.files import provenance

pytestmark = [pytest.mark.workflow, pytest.mark.browser]

TURNED = "Figures 2, 5 and 6, and phase diagrams, to turn"
VIEWS = {
    "Figures 2 and 6: plane of α = 1/m": ["m = 4", "m = 6 (3 of 6 runs diverged)"],
    "Figures 2 and 6: plane of α = 1/√m": ["m = 4", "m = 6 (3 of 6 runs diverged)"],
    "Figure 5: loss over τ and α": [
        "as described, stopped early (1 of 4 runs diverged)",
        "as published, best throughout (1 of 4 runs diverged)",
        "trained to the end (1 of 4 runs diverged)",
    ],
}


def report(workflow: Workflow, *targets: str) -> Path:
    """The report that a user makes, profile and all."""
    workflow("--report", "report.html", "--", *targets, profile=str(ROOT / "profiles/default"))
    return workflow.folder / "report.html"


@pytest.fixture(scope="module")
def page(workflow) -> str:
    return report(workflow, "everything").as_uri()


@pytest.fixture(scope="module")
def loaded(browser, page):
    """The report as another's link shows it: at an address of its own."""
    resize(browser, LAPTOP)
    browser.get(f"{page}#figure_3")
    waited(browser, "document.querySelector('.picture img').naturalWidth")
    return browser


@pytest.fixture
def opened(loaded):
    """The report at its start, in a window as of a laptop; afterwards, no error and nothing asked of a network."""
    resize(loaded, LAPTOP)
    go(loaded, "")
    yield loaded
    loaded.switch_to.default_content()
    asked = loaded.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert [name for name in asked if name.startswith("http")] == []
    assert [entry for entry in loaded.get_log("browser") if entry["level"] == "SEVERE"] == []


def go(browser, address: str) -> None:
    """To an address, as a link does; until the view has come."""
    browser.execute_script(
        """const [address] = arguments, there = location.hash.slice(1) === address;
        app.setState({content: 'text', contentText: 'elsewhere'});
        if (there) window.dispatchEvent(new PopStateEvent('popstate', {state: null}));
        else location.hash = address""",
        address,
    )
    waited(
        browser, "app.state.content !== 'text' && document.querySelector('#app [role=main]').children.length"
    )
    if not address:
        waited_for(browser, By.CSS_SELECTOR, ".prose h1")


def texts(browser, selector: str) -> list[str]:
    """Of each of these elements, folded or not."""
    look = "return [...document.querySelectorAll(arguments[0])].map(part => part.textContent.replace(/\\s+/g, ' ').trim())"
    return browser.execute_script(look, selector)


def test_an_address_shows_its_figure_at_once(loaded):
    assert loaded.execute_script("return [location.hash, document.title]") == [
        "#figure_3",
        "Figure 3 · Lazy training, reproduced",
    ]
    assert "least squares on the ReLU features" in loaded.find_element(By.CSS_SELECTOR, "nav .prose").text


def test_categories_are_in_the_notes_order(opened):
    assert texts(opened, "#app nav li a")[-7:] == [
        "1 Claims",
        "2 Figures of the note",
        "3 Single landscapes of Figure 2",
        "4 Theory",
        "5 Beyond the figures of the note",
        "6 Single experiments",
        "7 Any network",
    ]
    follow(opened, "2 Figures of the note")
    figures = [*(f"Figure {number}" for number in range(1, 8)), TURNED, "Figures 3 and 4, both plateaus"]
    waited(opened, lambda browser: texts(browser, "#app nav tbody td:first-child") == figures)


def test_the_start_page_begins_with_the_plateaus_and_has_the_verdicts_and_what_was_run(opened, workflow):
    first = opened.find_element(By.CSS_SELECTOR, ".prose h1 + a img")
    assert int(first.get_property("naturalWidth")) > 500 and "τ" in first.get_attribute("alt")
    assert first.location["y"] < LAPTOP[1] / 4
    rows = pq.read_table(workflow.results / "claims.parquet").to_pylist()
    text = opened.find_element(By.CSS_SELECTOR, ".prose").text
    assert re.search(r"By these runs: claim 19a [a-z ]+, claim 19b", text)
    for verdict, count in words.counted(rows).items():
        assert (f"{count} {verdict}" in text) is (count > 0)
    known = {
        (row["id"], row["claim"]): f"\\S {row['verdict']}"
        for row in pq.read_table(ROOT / "docs/reference/paper/claims.parquet").to_pylist()
    }
    shown = dict(
        zip(texts(opened, ".ledger tbody td:first-child"), texts(opened, ".ledger tbody tr"), strict=True)
    )
    assert len(shown) == len(rows)
    for row in rows:
        line = shown[row["id"] + row["section"]]
        assert row["claim"] in line and row["reason"] in line
        beside = known.get((row["id"], row["claim"]), "–")
        later = "criterion set later" if row["criterion_set"] else ""
        assert re.search(rf"{row['verdict']} ?{later} ?{beside} ?\w+( \w+)*$", line), line
    open_ones = [row for row in rows if row["verdict"] == "not decided"]
    assert len(texts(opened, ".undecided tbody tr")) == len(open_ones) > 0
    assert not opened.find_element(By.CSS_SELECTOR, ".undecided table").is_displayed()
    assert "results" in text and f"numpy {provenance.provenance()['numpy']}" in text
    cells = [cell.text for cell in opened.find_elements(By.CSS_SELECTOR, ".runs tbody td")]
    trained = {cells[at]: cells[at + 1 : at + 3] for at in range(0, len(cells), 4)}
    assert trained.keys() == {name for name, one in ALL["experiments"].items() if one}
    assert (trained["plateau"], trained["neuron_paths"]) == (["4", "2"], ["2", "1"])


FIGURES = """const [done] = arguments;
Promise.all(Object.entries(results).filter(([path]) => path.endsWith('.png')).map(async ([path, result]) => {
  const image = Object.assign(new Image(), {src: result.data_uri});
  await image.decode();
  return [path.split('/').pop(), image.naturalWidth, result.caption, atob(result.pdf.data_uri.split(',')[1]).length];
})).then(done)"""


def test_every_figure_is_there_with_its_caption_and_as_pdf(opened, workflow):
    found = {name: rest for name, *rest in opened.execute_async_script(FIGURES)}
    assert found.keys() == {path.name for path in workflow.results.glob("figures/*.png")}
    for name, (width, caption, pdf) in found.items():
        assert width > 500 and len(caption) > 100 and "system-message" not in caption, name
        assert ("ledger of these runs:</strong> claim 19a " in caption) is (
            name in ("figure_3.png", "plateaus.png")
        )
        assert pdf == (workflow.results / "figures" / name).with_suffix(".pdf").stat().st_size
    linked = opened.execute_script(
        "return [...document.querySelectorAll('.prose .links a')].map(link => link.hash.slice(1))"
    )
    assert sorted(linked) == sorted([*(Path(name).stem for name in found), "claims", "interactive"])


def test_a_figure_is_shown_beside_its_caption_with_its_files(opened):
    for text, address in (("Figure 4", "figure_4"), ("m = 6, α = 1/m", "figure_2_landscape_mean_field_m=6")):
        go(opened, "")
        follow(opened, text)
        waited(opened, f"location.hash === '#{address}'")
        image = waited_for(opened, By.CSS_SELECTOR, "[role=main] img")
        alt = image.get_attribute("alt")
        assert alt.startswith(text) and len(alt) > 40 and image.size["width"] > 300
        assert opened.find_element(By.CSS_SELECTOR, "nav .prose").text
        kept = opened.find_element(By.LINK_TEXT, f"{address}.pdf")
        assert kept.get_attribute("download") == f"{address}.pdf"


def test_claims_have_addresses_and_back_goes_back(opened):
    follow(opened, "Figure 3")
    waited(opened, "location.hash === '#figure_3'")
    opened.execute_script("document.querySelector('nav nav a').click()")  # the start page, by its icon
    waited(opened, "location.hash === '' && !!document.querySelector('.ledger')")
    opened.execute_script("location.hash = 'claim-4'")
    claim = waited_for(opened, By.ID, "claim-4")
    waited(opened, "document.querySelector('#claim-4 details').open")
    top = opened.execute_script("return arguments[0].getBoundingClientRect().top", claim)
    assert claim.is_displayed() and -1 <= top < LAPTOP[1]
    assert opened.execute_script("return document.activeElement.id") == "claim-4"
    follow(opened, "claim 19b")
    waited(opened, "document.activeElement.id === 'claim-19b'")
    for address in ("#claim-4", "", "#figure_3", ""):
        opened.back()
        waited(opened, f"location.hash === '{address}'")
    waited_for(opened, By.CSS_SELECTOR, ".ledger")
    opened.forward()
    waited(opened, "document.querySelector('.picture img').alt.startsWith('Figure 3')")


def test_the_search_reads_captions_and_claims_in_any_case(opened):
    for term, there, missing in (
        ("PLATEAU", {"Figure 3", "Figure 4", "Claims of the note"}, "Figure 2"),
        ("basin", {"Figure 2"}, "Figure 3"),
    ):
        field = opened.find_element(By.CSS_SELECTOR, "#app nav input")
        field.clear()
        field.send_keys(term, Keys.ENTER)
        waited(opened, f"app.state.searchTerm === '{term}'")
        found = texts(opened, "#app nav tbody td:first-child")
        assert there <= set(found) and missing not in found


def test_what_a_rule_read_and_ran_with(opened):
    everything = opened.execute_script("return rules")
    assert all("<function>" not in rule["input"] and all(rule["input"]) for rule in everything.values())
    opened.execute_script("app.setView({navbarMode: 'ruleinfo', ruleinfo: 'train_students'})")
    shown = waited_for(opened, By.CSS_SELECTOR, "#app nav ol:not(nav nav ol)").text
    ran = provenance.provenance()
    assert {f"{name} {ran[name]}" for name in ("python", *provenance.PACKAGES)} <= set(shown.splitlines())
    opened.execute_script("app.setView({navbarMode: 'ruleinfo', ruleinfo: 'plot_figure_3'})")
    waited(
        opened,
        lambda browser: (
            "results/tables/plateau.parquet" in browser.find_element(By.CSS_SELECTOR, "#app nav").text
        ),
    )


def test_text_can_be_read_and_everything_has_a_name_and_is_reached_by_keys(opened):
    opened.execute_script("document.querySelectorAll('details').forEach(part => { part.open = true })")
    assert opened.execute_script(OFFENDERS) == []
    for view in (
        "{navbarMode: 'subcategory', category: '3 Single landscapes of Figure 2', subcategory: 'Other'}",
        "{navbarMode: 'searchresults', searchTerm: 'plateau'}",
        "{navbarMode: 'ruleinfo', ruleinfo: 'plot_figure_3'}",
        "{navbarMode: 'reportinfo'}",
    ):
        opened.execute_script(f"app.setView({view})")
        waited(opened, f"app.state.navbarMode === {view}.navbarMode")
        assert opened.execute_script(OFFENDERS) == [], view
    for address in ("figure_3", "interactive"):
        go(opened, address)
        assert opened.execute_script(OFFENDERS) == [], address
    specs = opened.execute_script(
        "return [rulegraph_spec.config.text.fontSize, runtimes_spec.config.axis.labelFontSize]"
    )
    assert specs == [14, 12]


def test_a_picture_comes_at_full_size_by_tap_and_by_key(opened):
    resize(opened, PHONE)
    go(opened, "figure_5")
    picture = waited_for(opened, By.CSS_SELECTOR, ".picture")
    image = picture.find_element(By.TAG_NAME, "img")
    caption = opened.find_element(By.CSS_SELECTOR, "nav .prose")
    waited(
        opened,
        lambda browser: (
            image.size["width"] <= PHONE[0]
            and image.location["y"] + image.size["height"] < caption.location["y"]
        ),
    )
    picture.click()
    assert image.size["width"] == int(image.get_property("naturalWidth")) > PHONE[0]
    picture.send_keys(Keys.ESCAPE)
    assert image.size["width"] <= PHONE[0]
    picture.send_keys(Keys.ENTER)
    assert image.size["width"] > PHONE[0]
    picture.send_keys(Keys.ENTER)
    assert image.size["width"] <= PHONE[0]


CAMERA = "document.getElementById('plot')._fullLayout.scene._scene.getCamera().eye"
CORNERS = """const {bounds: [low, high], cameraParams: {model, view, projection}} = document.getElementById('plot')._fullLayout.scene._scene.glplot;
const times = (matrix, point) => [0, 1, 2, 3].map(row => point.reduce((sum, value, column) => sum + matrix[4 * column + row] * value, 0));
return [0, 1, 2, 3, 4, 5, 6, 7].map(corner => {
  const [x, y, , w] = [model, view, projection].reduce((point, matrix) => times(matrix, point), [...[0, 1, 2].map(axis => (corner >> axis & 1 ? high : low)[axis]), 1]);
  return [x / w, y / w];
}).flat()"""


def test_surfaces_turn_by_hand_by_keys_and_by_buttons_and_show_their_axes(opened):
    """On a small screen all corners of the box around them are there, and some room for numbers."""
    resize(opened, (420, 400))  # a GPU in software draws every pixel
    follow(opened, TURNED)
    frame = waited_for(opened, By.TAG_NAME, "iframe")
    assert frame.get_attribute("title") == TURNED
    opened.switch_to.frame(frame)
    eye = waited(opened, CAMERA)

    def turned(by) -> None:
        nonlocal eye
        before = eye
        by()
        eye = waited(
            opened, lambda browser: (now := browser.execute_script(f"return {CAMERA}")) != before and now
        )

    canvas = opened.find_element(By.CSS_SELECTOR, "#plot canvas")
    turned(ActionChains(opened, 20).drag_and_drop_by_offset(canvas, 60, 20).perform)
    for key in (Keys.ARROW_LEFT, "+"):
        turned(lambda key=key: opened.find_element(By.ID, "plot").send_keys(key))
    turned(opened.find_elements(By.CSS_SELECTOR, "#moves button")[2].click)
    plane = "phase_plane: phase diagram"  # the other has one cell, which is no surface
    assert opened.execute_script("return Object.keys(pictures)") == [*VIEWS, plane]
    for number, (picture, names) in enumerate(VIEWS.items()):
        opened.execute_async_script(f"picture.selectedIndex = {number}; choose().then(arguments[0])")
        assert opened.execute_script("return Array.from(view.options, option => option.text)") == names
        plot = opened.find_element(By.ID, "plot")
        assert picture in plot.get_attribute("aria-label")
        shot = Image.open(io.BytesIO(plot.screenshot_as_png)).convert("RGB")
        assert len(shot.getcolors(shot.width * shot.height)) > 500, (
            "as a surface has, and axes alone have not"
        )
    assert "Loading" not in opened.find_element(By.ID, "hint").text
    for size, (least, most) in {SMALL: (600, 700), PHONE: (390, 390)}.items():
        resize(opened, size)
        waited(opened, f"innerWidth >= {least} && innerWidth <= {most}")
        opened.execute_async_script("draw().then(() => move('Home')).then(arguments[0])")
        assert max(map(abs, opened.execute_script(CORNERS))) < 0.8, size
        assert opened.execute_script(WIDE) == [] and opened.execute_script(OVERFLOW) <= 0


def test_the_statistics_have_every_job(opened):
    follow(opened, "Statistics")
    waited_for(opened, By.CSS_SELECTOR, "#timeline canvas")
    jobs = opened.execute_script("return runtimes_spec.data.values")
    assert [job["rule"] for job in jobs].count("train_students_keep_weights") == 2 * 2 * 2 + 2 * 2 * 3
    assert all(job["runtime"] > 0 for job in jobs)


LIST = "#app > div > nav .p-3"


def fits(browser) -> bool:
    return browser.execute_script(WIDE) == [] and browser.execute_script(OVERFLOW) <= 0


def test_nothing_is_wider_than_a_phone(opened):
    """Once everything is drawn: graphs come after the rest, and are wider than a phone by themselves."""
    resize(opened, PHONE)
    for address, drawn in (
        ("", "#rulegraph canvas"),
        ("statistics", "#timeline canvas"),
        ("figure_5", ".picture img"),
        ("claims", ".ledger"),
    ):
        go(opened, address)
        waited_for(opened, By.CSS_SELECTOR, drawn)
        waited(opened, fits)


@pytest.mark.parametrize(
    ("view", "size"),
    [
        ("{navbarMode: 'searchresults', searchTerm: 'plateau'}", PHONE),
        ("{navbarMode: 'ruleinfo', ruleinfo: 'train_students'}", PHONE),
        ("{navbarMode: 'ruleinfo', ruleinfo: 'train_students'}", SMALL),
    ],
)
def test_a_list_that_is_asked_for_fits_beside_the_start_page_or_comes_before_it(opened, view, size):
    resize(opened, size)
    opened.execute_script(f"app.setView({view})")
    waited(opened, f"document.querySelector('#app > div').dataset.mode === {view}.navbarMode")
    waited(opened, fits)

    def apart(browser) -> bool:
        shown, asked = (browser.find_element(By.CSS_SELECTOR, part).rect for part in ("[role=main]", LIST))
        places = (("y", "height"), ("x", "width"))
        return max(shown[at] - asked[at] - asked[size] for at, size in places) > -1  # pixels are rounded

    waited(opened, apart)
    inner = "const main = document.querySelector('[role=main]'); return main.scrollWidth - main.clientWidth"
    assert opened.execute_script(inner) <= 0
    go(opened, "figure_3")
    assert "Search" not in opened.find_element(By.CSS_SELECTOR, "#app nav nav").text


@pytest.mark.parametrize(("address", "least", "most"), [("", 3, 8), ("figure_5", 1, 2)])
def test_it_prints_on_whole_pages(opened, address, least, most):
    go(opened, address)
    paper = {"paperWidth": 8.27, "paperHeight": 11.69}
    pdf = base64.b64decode(opened.execute_cdp_cmd("Page.printToPDF", paper)["data"])
    assert least <= len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) <= most
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    cut = """return [...document.querySelectorAll('#app, #app *')].filter(part => part.checkVisibility() && part.scrollHeight > part.clientHeight + 20
      && ['auto', 'scroll', 'hidden'].includes(getComputedStyle(part).overflowY)).map(part => part.outerHTML.slice(0, 100))"""
    shown = "return [...document.querySelectorAll(arguments[0])].map(part => part.checkVisibility())"
    try:
        assert opened.execute_script(cut) == []
        seen = opened.execute_script(shown, "nav .prose" if address else ".ledger tbody tr")
        assert all(seen) and seen
    finally:
        opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_a_report_over_one_figure_says_that_it_has_no_verdicts(workflow):
    text = report(workflow, "figure_5").read_text()
    start = json.loads(text[text.index("var workflow_desc = ") :].split("\n", 1)[0][20:].rstrip(";"))
    assert "does not cover the ledger" in start
    assert "<td>tau_alpha_text</td><td>4</td><td>1</td>" in start
    assert "plateau" not in start and 'ledger"' not in start
