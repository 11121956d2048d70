"""What tests ask of a real browser."""

import shutil

from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--use-angle=swiftshader"]
FLAGS += ["--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]  # WebGL without a GPU
WAIT = 60
"""Seconds, on a busy machine; nothing waits longer than it has to."""
LAPTOP, SMALL, PHONE = (1366, 768), (1024, 700), (390, 844)
WIDE = """const width = Math.min(innerWidth, screen.width);  // a phone shrinks a page that is wider than it
return [...document.querySelectorAll('body *')]
  .filter(part => part.getBoundingClientRect().right > width + 1 && part.offsetParent)
  .filter(part => !part.parentElement.closest('.vega-embed, pre, table, :has(> .sourcetable)')).map(part => part.outerHTML.slice(0, 200))"""
OVERFLOW = "return document.documentElement.scrollWidth - Math.min(innerWidth, screen.width)"

OFFENDERS = """
const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const shade = (...colours) => {
  canvas.fillStyle = 'white';
  for (const colour of ['white', ...colours]) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
};
const light = ([red, green, blue]) => 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05;
const found = [];
for (const part of document.querySelectorAll('#app *')) {
  const own = [...part.childNodes].some(node => node.nodeType === 3 && node.data.trim()), icon = part.tagName === 'svg';
  if (!(own || icon || part.tagName === 'INPUT') || !part.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
  const style = getComputedStyle(part), behind = [];
  for (let outer = part; outer; outer = outer.parentElement) behind.unshift(getComputedStyle(outer).backgroundColor);
  const [one, other] = [light(shade(...behind)), light(shade(...behind, style.color))];
  const contrast = Math.max(one, other) / Math.min(one, other), size = parseFloat(style.fontSize);
  if (contrast < (icon ? 3 : 4.5)) found.push(`contrast ${contrast.toFixed(2)}: ${part.outerHTML.slice(0, 150)}`);
  if (own && size < (part.closest('p, td, li, summary') && !part.closest('small, code, pre, .text-xs') ? 14 : 12)) found.push(`${size} px: ${part.outerHTML.slice(0, 150)}`);
}
for (const part of document.querySelectorAll('#app :is(a, button, input, select, iframe, img)')) {
  const name = part.ariaLabel || part.title || part.alt || part.textContent.trim() || (part.querySelector('img') || {}).alt || (part.labels || [{}])[0]?.textContent;
  if (!name && part.checkVisibility() && !(part.matches('img') && part.hasAttribute('alt'))) found.push(`no name: ${part.outerHTML.slice(0, 150)}`);
  if (part.matches('a, button, input') && (part.tabIndex < 0 || part.matches('.hidden') && getComputedStyle(part).display === 'none')) found.push(`no key reaches it: ${part.outerHTML.slice(0, 150)}`);
}
return [...new Set(found)]"""
"""Text too pale or too small, and what has no name or no key to it."""


def start():
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    driver.set_script_timeout(WAIT)
    return driver


def resize(browser, size: tuple[int, int]) -> None:
    width, height = size
    screen = {"width": width, "height": height, "screenWidth": width, "screenHeight": height}
    screen |= {"deviceScaleFactor": 1, "mobile": size == PHONE}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)


def waited(browser, question):
    """What a script or a function of the browser gives, as soon as it is true."""
    ask = (
        (lambda browser: browser.execute_script(f"return {question}"))
        if isinstance(question, str)
        else question
    )
    return WebDriverWait(browser, WAIT, 0.05, ignored_exceptions=[Exception]).until(ask)


def waited_for(browser, by: str, what: str):
    """An element, as soon as it is there."""
    return waited(browser, lambda browser: browser.find_element(by, what))


CLICK = """
const link = [...document.querySelectorAll('a')].find(part => part.innerText.trim() === arguments[0] && part.checkVisibility());
if (!link) return false;
link.scrollIntoView({block: 'nearest', behavior: 'instant'});
const line = link.getClientRects()[0];
const front = document.elementFromPoint(line.left + line.width / 2, line.top + line.height / 2);
if (!link.contains(front)) return false;
link.click();
return true"""


def follow(browser, text: str) -> None:
    """Click a link, as soon as it is in front: looked for and clicked in one step, so that nothing moves in between."""
    waited(browser, lambda browser: browser.execute_script(CLICK, text))
