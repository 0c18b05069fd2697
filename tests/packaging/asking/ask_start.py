"""Runs what the first page shows, and asks for what a core install lacks."""

import runpy

from reliakit import MissingExtraError, Reliakit

runpy.run_path("shop.py")


def refused(url: str) -> str:
    try:
        Reliakit(url)
    except MissingExtraError as missing:
        return str(missing)
    return "it was opened without its driver"


for url, extra in {
    "https://flags.example.com/shop.yaml": "http",
    "redis://127.0.0.1/0#shop": "redis",
    "postgresql://127.0.0.1/shop": "postgres",
}.items():
    assert f"pip install 'reliakit[{extra}]'" in refused(url), (url, refused(url))
