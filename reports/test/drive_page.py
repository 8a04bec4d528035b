"""Opens a report in Chromium: what it says on its console, what it asks the network for, whether it fits a phone, whether its tables sort.

Usage: drive_page.py index.html; prints what is wrong, a line each. Exit status 3: there is no Chromium to drive.
"""
import json
import os
import shutil
import sys

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
except ImportError:
    sys.exit(3)
driver, browser = shutil.which("chromedriver"), shutil.which("chromium")
if not driver or not browser:
    sys.exit(3)

options = Options()
options.binary_location = browser
for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
    options.add_argument(argument)
options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
page = webdriver.Chrome(service=Service(driver), options=options)
faults = []


def look(width, scheme):
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500})
    page.get("file://" + os.path.abspath(sys.argv[1]))
    needed = page.execute_script("return document.documentElement.scrollWidth")
    if needed > width:
        faults.append("%d pixels wide: the page scrolls sideways (%d pixels)" % (width, needed))
    shown = page.execute_script(
        "return [...document.querySelectorAll('figure')].map(f => [...f.querySelectorAll('svg')].filter(s => s.getBoundingClientRect().width > 0).length)")
    if any(count != 1 for count in shown if count):
        faults.append("%d pixels wide: a figure shows %s pictures" % (width, shown))
    back, text = page.execute_script("const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]")
    bright = lambda colour: sum(int(part) for part in colour[4:-1].split(",")) / 3
    if (bright(back) > bright(text)) != (scheme == "light"):
        faults.append("%s: the background is %s, the text %s" % (scheme, back, text))


def sort_tables():
    count = page.execute_script("return document.querySelectorAll('table').length")
    for table in range(count):
        columns = page.execute_script("return document.querySelectorAll('table')[arguments[0]].querySelectorAll('thead th').length", table)
        for column in range(columns):
            for order in ("ascending", "descending"):
                said, values = page.execute_script(
                    """const table = document.querySelectorAll('table')[arguments[0]], head = table.querySelectorAll('thead th')[arguments[1]];
                    head.querySelector('button').click();
                    return [head.getAttribute('aria-sort'),
                            [...table.tBodies[0].rows].map(r => r.cells[arguments[1]].dataset.value).filter(v => v !== undefined).map(Number)];""",
                    table, column)
                if said != order or values != sorted(values, reverse=order == "descending"):
                    faults.append("table %d, column %d: %s, not %s: %s" % (table, column, said, order, values[:8]))


try:
    for width in (390, 1400):
        for scheme in ("light", "dark"):
            look(width, scheme)
    sort_tables()
    for button in page.find_elements("css selector", ".series button")[:2]:
        page.execute_script("arguments[0].click()", button)
    hidden = page.execute_script("return [...document.querySelectorAll('[data-series]')].filter(s => s.style.display === 'none').length")
    if page.find_elements("css selector", ".series button") and not hidden:
        faults.append("a series cannot be hidden")
    faults += ["console: " + entry["message"] for entry in page.get_log("browser")]
    for entry in page.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if not url.startswith(("file://", "data:")):
                faults.append("asked the network for " + url)
finally:
    page.quit()
print("\n".join(faults))
sys.exit(1 if faults else 0)
