"""`explain`: names, connections and what an entry lacks."""

from __future__ import annotations

from crawler.report.explain import explain_link
from tests.report.conftest import ALPACA, PAPER, PHI, VICUNA, Nights, saw

HOMEPAGE = {"github-homepage": ("https://huggingface.co/made/up",)}
MODEL = "https://huggingface.co/made/up"


def after(nights: Nights, url: str, heading: str) -> list[str]:
    lines = list(explain_link(nights.config, url))
    block = lines[lines.index(heading) + 1 :]
    return block[: block.index("")] if "" in block else block


def test_connections_and_proposals(nights: Nights) -> None:
    nights.pass_night(
        saw(ALPACA, facts={"full_name": "tloen/alpaca-lora"}, pointers=HOMEPAGE),
        saw(PHI, facts={"arxiv_ids": ["2305.15334"], "base_models": ["made/base"]}),
    )
    assert after(nights, ALPACA, "connections") == [f"  its model: {MODEL}  (github-homepage)"]
    assert after(nights, ALPACA, "proposed links") == [
        f"  first/alpaca lacks a model: {MODEL}  (github-homepage of {ALPACA})",
        f"  first/alpaca lacks a model: {PHI}  (huggingface-tags of {PHI})",
    ]
    assert after(nights, PAPER, "connections") == [f"  paper of: {PHI}  (huggingface-tags)"]
    assert after(nights, PHI, "connections") == [
        "  its base-model: https://huggingface.co/made/base  (huggingface-tags)",
        f"  its paper: {PAPER}  (huggingface-tags)",
    ]


def test_names_where_there_was_more_than_one(nights: Nights) -> None:
    for name in ("lm-sys/Vicuna", "lm-sys/FastChat"):
        nights.pass_night(saw(VICUNA, host_id="7", facts={"full_name": name}))
    assert after(nights, VICUNA, "names") == [
        "  lm-sys/vicuna  (by the catalog, 2026-11-01)",
        "  lm-sys/Vicuna  (by the host, 2026-11-01 to 2026-11-02)",
        "  lm-sys/FastChat  (by the host, 2026-11-02)",
    ]
    nights.pass_night()
    assert "names" not in list(explain_link(nights.config, PAPER))
