"""The extractor under arbitrary bytes, guided by coverage; needs atheris.

No exception, no hang, and every place slices the decoded original to `raw`. Run it with a folder for what it
finds: `python tests/links/fuzz_extract.py -max_total_time=600 /tmp/found tests/links/documents`.
"""

from __future__ import annotations

import sys
import time

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["crawler.links"]):
    from crawler.links.decode import read_source
    from crawler.links.extract import extract_links, extract_stream

SECONDS_PER_KILOBYTE = 1.0
NAMES = ("x.md", "x.html", "x.txt", "")


def test_one_input(content: bytes) -> None:
    if not content:
        return
    name, document = NAMES[content[0] % len(NAMES)], content[1:]
    started = time.process_time()
    links = list(extract_links(document, name=name))
    seconds = time.process_time() - started
    if seconds > SECONDS_PER_KILOBYTE * (1 + len(document) / 1000):
        raise TimeoutError(f"{seconds:.1f} s for {len(document)} bytes")
    lines = read_source(document).original.split("\n")
    for link in links:
        if not "\n".join(lines[link.line - 1 :])[link.column - 1 :].startswith(link.raw):
            raise ValueError(f"{link.raw!r} does not stand at {link.line}:{link.column}")
    for _ in extract_stream(lambda: iter([document]), name=name, window_characters=500):
        pass


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()
