#!/usr/bin/env python3
"""The report in a real browser: it renders, it asks for nothing, and its pictures are there. Untimed; part of `make test`.

    check.py TOOL [--keep DIR]

The results are invented (synthetic.py), one folder with everything in it. The page is loaded from its file with the network off, in light and
in dark, on a wide screen and on a phone, and as print. With --keep the page and a screenshot of each stay in DIR.
"""
import argparse
import base64
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import browser
import synthetic

WAITS = ("block", "spin")
PICTURES = (["bars-stream", "bars-burst", "percentiles-rate", "size", "fanin", "cpu", "load-one-way-block", "load-round-trip-block"]
            + [f"{name}-{wait}" for name in ("bars-round-trip", "percentiles-round-trip", "depth", "burst") for wait in WAITS])
VIEWS = {"light": (1280, 900, "light", "screen"), "dark": (1280, 900, "dark", "screen"), "phone-light": (375, 800, "light", "screen"),
         "phone-dark": (375, 800, "dark", "screen"), "print": (794, 1123, "dark", "print")}

# Everything that is asked of a view, in one look.
LOOK = """(() => {
    const visible = figure => [...figure.querySelectorAll('svg')].map(svg => svg.getBoundingClientRect()).filter(box => box.width > 0);
    const color = name => getComputedStyle(document.body)[name];
    const used = [...document.querySelectorAll('svg')].map(svg => svg.outerHTML).join('');
    const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
    return {
        boxes: Object.fromEntries([...document.querySelectorAll('figure')].map(figure =>
            [figure.id, visible(figure).map(box => [box.width, box.height])])),
        outside: [...document.querySelectorAll('svg')].filter(svg => svg.getBoundingClientRect().width > 0).flatMap(svg => {
            const frame = svg.getBoundingClientRect();
            return [...svg.querySelectorAll('text')].filter(text => {
                const box = text.getBoundingClientRect();
                return box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
            }).map(text => svg.closest('figure').id + ': ' + text.textContent);
        }),
        smallest: Math.min(99, ...[...document.querySelectorAll('svg text')].map(text => text.getBoundingClientRect().height).filter(h => h > 0)),
        unnamed: document.querySelectorAll('svg:not([role=img][aria-label])').length,
        repeated: ids.filter((id, place) => ids.indexOf(id) !== place),
        standIns: (used.match(/rgb\\(254, *1,/g) || []).length,
        overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        surface: color('backgroundColor'), text: color('color'),
        captions: [...document.querySelectorAll('figure')].every(figure => figure.querySelector('figcaption').textContent.length > 80
            && figure.querySelector('details tbody tr')),
        mode: document.compatMode,
    };
})()"""


class Count:
    passed = failed = skipped = 0

    def check(self, what, is_right, found=""):
        if is_right:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {what}: {found}")

    def close(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        return 1 if self.failed else 0


def brightness(color):
    return sum(int(part) for part in color.strip("rgba()").split(",")[:3]) / 3


def check_view(count, name, look, events, url):
    width, _, scheme, media = VIEWS[name]
    is_light = scheme == "light" or media == "print"
    for picture in PICTURES:
        boxes = look["boxes"].get(picture, [])
        is_there = len(boxes) == 1 and boxes[0][0] > min(width, 640) * 0.8 and boxes[0][1] > 100
        count.check(f"{name}: picture {picture} is there once, with a size", is_there, boxes)
    count.check(f"{name}: no text runs out of its picture", not look["outside"], look["outside"])
    count.check(f"{name}: letters of the pictures can be read", look["smallest"] >= 9, look["smallest"])
    count.check(f"{name}: every picture has a name for who does not see it", look["unnamed"] == 0, look["unnamed"])
    count.check(f"{name}: every name is given once", not look["repeated"], look["repeated"][:5])
    count.check(f"{name}: every colour comes from the style sheet", look["standIns"] == 0, look["standIns"])
    count.check(f"{name}: the page is no wider than the screen", look["overflow"] <= 0, look["overflow"])
    count.check(f"{name}: surface and text suit the scheme",
                (brightness(look["surface"]) > 200) == is_light and (brightness(look["text"]) < 100) == is_light,
                (look["surface"], look["text"]))
    count.check(f"{name}: every picture has a caption and its numbers", look["captions"])
    count.check(f"{name}: standards mode", look["mode"] == "CSS1Compat", look["mode"])
    requests = [event["params"]["request"]["url"] for event in events if event.get("method") == "Network.requestWillBeSent"]
    foreign = [request for request in requests if request != url and not request.startswith("data:")]
    count.check(f"{name}: nothing is asked for but the page", not foreign, foreign)
    bad = [event["params"] for event in events
           if event.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Network.loadingFailed")]
    count.check(f"{name}: no errors", not bad, bad[:3])


def check_without_gnuplot(count, tool, folder):
    """The page keeps its tables and says what is missing. The path has a shell and nothing else."""
    subprocess.run([tool, "report", folder], check=True, env=os.environ | {"PATH": "/nowhere"})
    text = pathlib.Path(folder, "report.html").read_text()
    count.check("without gnuplot: said, without a picture, with the numbers",
                "gnuplot is not installed" in text and "<svg" not in text and text.count("<details open>") >= len(PICTURES))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("tool")
    arguments.add_argument("--keep")
    arguments = arguments.parse_args()
    tool = os.path.abspath(arguments.tool)
    count = Count()
    with tempfile.TemporaryDirectory() as folder:
        synthetic.write(folder)
        check_without_gnuplot(count, tool, folder)
        path = browser.find()
        if not shutil.which("gnuplot") or not path:
            missing = "gnuplot" if path else "chromium-headless-shell"
            print(f"SKIPPED the page in a browser: {missing} is not installed")
            count.skipped += len(VIEWS)
            return count.close()
        subprocess.run([tool, "report", folder], check=True)
        page = pathlib.Path(folder, "report.html")
        with browser.Browser(path) as window:
            for name, (width, height, scheme, media) in VIEWS.items():
                window.open(page.as_uri(), width, height, scheme, media)
                check_view(count, name, window.evaluate(LOOK), list(window.events), page.as_uri())
                if arguments.keep:
                    keep(window, pathlib.Path(arguments.keep), name, width)
        if arguments.keep:
            shutil.copy(page, arguments.keep)
    return count.close()


def keep(window, folder, name, width):
    folder.mkdir(parents=True, exist_ok=True)
    height = window.evaluate("document.documentElement.scrollHeight")
    picture = window.screenshot({"x": 0, "y": 0, "width": width, "height": height})
    (folder / f"{name}.png").write_bytes(base64.b64decode(picture))


if __name__ == "__main__":
    sys.exit(main())
