"""What tests ask of a real browser."""

import shutil

from selenium import webdriver
from selenium.webdriver.common.by import By
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


def follow(browser, text: str) -> None:
    """Click a link, as soon as nothing moves in front of it."""
    waited(browser, lambda browser: browser.find_element(By.LINK_TEXT, text).click() or True)
