from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.links.arxiv_id import canonical_arxiv_id
from crawler.links.mask import mask_url
from crawler.links.normalise import InvalidUrl, normalise_url

WEIXIN = "https://mp.weixin.qq.com/s?__biz=MzA5&mid=2650&idx=1&sn=ab%2Fc"


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        pytest.param(
            "HTTPS://Example.COM/Path?Q=Case", "https://example.com/Path?Q=Case", id="host-case-only"
        ),
        pytest.param("http://example.com:80/", "http://example.com/", id="default-port-http"),
        pytest.param("https://example.com:443/a", "https://example.com/a", id="default-port-https"),
        pytest.param("https://example.com:8443/a", "https://example.com:8443/a", id="other-port"),
        pytest.param("http://example.com/a", "http://example.com/a", id="http-stays"),
        pytest.param("https://www.example.com/a/", "https://www.example.com/a/", id="www-and-slash-stay"),
        pytest.param("https://example.com", "https://example.com/", id="root"),
        pytest.param("https://example.com/a#part", "https://example.com/a", id="fragment"),
        pytest.param("https://example.com/#/route", "https://example.com/", id="hash-route"),
        pytest.param("https://example.com/a/../b/./c", "https://example.com/b/c", id="dot-segments"),
        pytest.param("https://example.com/%7ea/%e4", "https://example.com/%7ea/%e4", id="escapes-untouched"),
        pytest.param("https://example.com/a b", "https://example.com/a%20b", id="space-escaped"),
        pytest.param("https://例え.jp/路", "https://xn--r8jz45g.jp/%E8%B7%AF", id="idn-and-cjk-path"),
        pytest.param("https://example.com/?a=1&utm_source=x&b=2", "https://example.com/?a=1&b=2", id="utm"),
        pytest.param("https://example.com/?spm=a2c&b=%7e", "https://example.com/?b=%7e", id="spm"),
        pytest.param("https://example.com/a?utm_source=x&utm_y", "https://example.com/a", id="only-tracking"),
        pytest.param(
            "https://example.com/?spm_id=1&xutm_a=2", "https://example.com/?spm_id=1&xutm_a=2", id="like"
        ),
        pytest.param(f"{WEIXIN}&utm_source=x#wechat_redirect", WEIXIN, id="weixin"),
        pytest.param("https://u:p%40s@example.com/", "https://u:p%40s@example.com/", id="userinfo"),
        pytest.param("http://[::1]:8080/", "http://[::1]:8080/", id="ipv6"),
        pytest.param("http://0x7f.1/", "http://127.0.0.1/", id="ipv4-spellings"),
        pytest.param(
            "https://gist.github.com/Who/1A.git", "https://gist.github.com/Who/1A.git", id="gist-as-is"
        ),
        pytest.param("https://doi.org/10.48550/arXiv.2305.14314", None, id="doi-as-is"),
    ],
)
def test_keeps_what_may_matter(raw: str, canonical: str | None) -> None:
    assert normalise_url(raw) == (canonical or raw)


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("example.com/a", "https://example.com/a"),
        ("www.example.com", "https://www.example.com/"),
        ("//example.com/a", "https://example.com/a"),
        ("example.com:8080/a", "https://example.com:8080/a"),
        ("localhost:8080/a", "https://localhost:8080/a"),
        ("127.0.0.1:8080", "https://127.0.0.1:8080/"),
        ("  https://example.com/a\n", "https://example.com/a"),
        ("\u200bhttps://example.com/a\ufeff", "https://example.com/a"),
        ("https://exam\nple.com/a", "https://example.com/a"),
        ("hhttps://example.com/a", "https://example.com/a"),
        ("ttps://example.com/a", "https://example.com/a"),
        ("htttp://example.com/a", "http://example.com/a"),
        ("htps://example.com/a", "https://example.com/a"),
        ("https:/example.com/a", "https://example.com/a"),
        ("https:example.com/a", "https://example.com/a"),
        ("https//example.com/a", "https://example.com/a"),
        ("http//example.com/a", "http://example.com/a"),
        ("https：//example.com/a", "https://example.com/a"),
        ("https: //example.com/a", "https://example.com/a"),
        ("http:\\\\example.com\\a", "http://example.com/a"),
        ("https://https://example.com/a", "https://example.com/a"),
        ("https://http://example.com/a", "http://example.com/a"),
        (
            "https://web.archive.org/web/2020/https://a.com/",
            "https://web.archive.org/web/2020/https://a.com/",
        ),
    ],
)
def test_reads_what_was_meant(raw: str, canonical: str) -> None:
    assert normalise_url(raw) == canonical


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("http://github.com/THUDM/ChatGLM-6B", "https://github.com/thudm/chatglm-6b"),
        ("https://www.github.com/THUDM/ChatGLM-6B/", "https://github.com/thudm/chatglm-6b"),
        ("https://githuB.com/A/B.git", "https://github.com/a/b"),
        ("https://github.com/A/B.git/tree/Main/X.git", "https://github.com/a/b/tree/Main/X.git"),
        ("https://github.com/A/B/blob/Main/Read Me.md#L3", "https://github.com/a/b/blob/Main/Read%20Me.md"),
        ("https://github.com/A/B?tab=Readme-ov-file", "https://github.com/a/b?tab=Readme-ov-file"),
        ("https://github.com/OpenBMB", "https://github.com/openbmb"),
        ("https://github.com/topics/NLP/", "https://github.com/topics/NLP"),
        ("https://token:x@github.com/a/b", "https://github.com/a/b"),
        ("https://github.com:8443/A/B.git", "https://github.com:8443/A/B.git"),
        ("https://github.com./A", "https://github.com/a"),
        ("https://github.com", "https://github.com/"),
        ("https://github.com/a/.git", "https://github.com/a/.git"),
        ("https://github.com/a/..git", "https://github.com/a/..git"),
        ("https://hf.co/THUDM/chatglm-6b/", "https://huggingface.co/THUDM/chatglm-6b"),
        ("http://hf-mirror.com/datasets/BAAI/COIG", "https://huggingface.co/datasets/BAAI/COIG"),
        ("https://www.huggingface.co/gpt2-xl", "https://huggingface.co/gpt2-xl"),
        ("https://huggingface.co/a/B.git", "https://huggingface.co/a/B"),
        ("https://huggingface.co/datasets/a/B.git", "https://huggingface.co/datasets/a/B"),
        ("https://huggingface.co/a/b/blob/main/x.git", "https://huggingface.co/a/b/blob/main/x.git"),
        (
            "https://huggingface.co/models?license=license:apache-2.0",
            "https://huggingface.co/models?license=license:apache-2.0",
        ),
        ("https://huggingface.co/chat/", "https://huggingface.co/chat"),
    ],
)
def test_knows_the_spellings_of_github_and_the_hub(raw: str, canonical: str) -> None:
    assert normalise_url(raw) == canonical


@pytest.mark.parametrize(
    "raw",
    [
        "arxiv.org/abs/2305.14314",
        "http://arxiv.org/abs/2305.14314",
        "https://www.arxiv.org/abs/2305.14314v2",
        "https://export.arxiv.org/abs/2305.14314?context=cs.CL",
        "https://arxiv.org/pdf/2305.14314",
        "https://arxiv.org/pdf/2305.14314v1.pdf#page=3",
        "https://arxiv.org/html/2305.14314v3/",
        "https://arxiv.org/format/2305.14314",
        "https://arxiv.org/src/2305.14314",
        "https://arxiv.org/e-print/2305.14314v1",
        "https://arxiv.org/ps/2305.14314",
        "https://arxiv.org//abs/2305.14314/",
        "https://arxiv.org/abs/arXiv:2305.14314",
        "arXiv:2305.14314",
        "arxiv: 2305.14314v5",
    ],
)
def test_one_paper_has_one_address(raw: str) -> None:
    assert normalise_url(raw) == "https://arxiv.org/abs/2305.14314"


@pytest.mark.parametrize(
    "raw",
    [
        "https://arxiv.org/abs/math.GT/0309136",
        "https://arxiv.org/abs/math/0309136v2",
        "https://arxiv.org/pdf/Math/0309136.pdf",
        "https://arxiv.org/abs/math%2F0309136",
        "arXiv:math/0309136",
    ],
)
def test_old_papers_too(raw: str) -> None:
    assert normalise_url(raw) == "https://arxiv.org/abs/math/0309136"


@pytest.mark.parametrize(
    "raw",
    [
        "https://arxiv.org/abs/200414257",
        "https://arxiv.org/list/cs.CL/recent",
        "https://arxiv.org/html/2305.14314v1/x1.png",
        "https://arxiv.org/a/someone_x_1",
    ],
)
def test_other_pages_of_arxiv_stay_as_written(raw: str) -> None:
    assert normalise_url(raw) == raw


@pytest.mark.parametrize(
    ("text", "paper"),
    [
        ("0704.0001", "0704.0001"),
        ("1412.9999v3", "1412.9999"),
        ("1501.00001", "1501.00001"),
        ("hep-th/9901001", "hep-th/9901001"),
        ("2305.14314.pdf", "2305.14314"),
        ("0703.0001", None),
        ("1501.0001", None),
        ("1412.00001", None),
        ("2313.14314", None),
        ("2305.14314v0", None),
        ("math/0313136", None),
        ("math/030913", None),
        ("２３05.14314", None),
        ("", None),
    ],
)
def test_arxiv_ids(text: str, paper: str | None) -> None:
    assert canonical_arxiv_id(text) == paper


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "   ",
        "https://",
        "http:///",
        "mailto:someone@example.com",
        "someone@example.com",
        "git@github.com:a/b.git",
        "ftp://example.com/",
        "javascript:alert(1)",
        "data:text/html,x",
        "tel:12345",
        "#part",
        "/docs/x",
        "./x.html",
        "../x",
        "?q=1",
        "README",
        "docs/setup",
        "https://exa mple.com/",
        "https://example.com:99999/",
        "https://a..b/",
        "https://.example.com/",
        f"https://{'a' * 64}.com/",
        f"https://{'a.' * 130}com/",
        "https://1.2.3.256/",
        "https://[::1/",
        "2305.14314",
        "arXiv:200414257",
        "https://example.com/\ud800",
    ],
)
def test_refuses_what_nobody_could_ask_for(raw: str) -> None:
    with pytest.raises(InvalidUrl):
        normalise_url(raw)


ADDRESS_PARTS = st.lists(
    st.sampled_from(
        [
            *[
                "http",
                "https",
                "ttp",
                "arxiv",
                ":",
                "：",
                "//",
                "/",
                "\\",
                "?",
                "#",
                "&",
                "=",
                "@",
                ".",
                "..",
                " ",
            ],
            *[
                "www.",
                "github.com",
                "hf.co",
                "huggingface.co",
                "arxiv.org",
                "example.com",
                ":80",
                "localhost",
            ],
            *["abs", "pdf", "2305.14314", "v2", ".pdf", ".git", "datasets", "Owner", "Name", "topics", "%2e"],
            *["utm_source=x", "spm=1", "%2F", "%68ttp", "\t", "路", "ｈttp", "[::1]", "。"],
        ]
    ),
    max_size=12,
).map("".join)


@given(st.one_of(st.text(), ADDRESS_PARTS, ADDRESS_PARTS.map(lambda rest: f"https://{rest}")))
def test_is_idempotent_and_raises_nothing_else(raw: str) -> None:
    try:
        canonical = normalise_url(raw)
    except InvalidUrl:
        return
    assert normalise_url(canonical) == canonical
    assert canonical.startswith(("http://", "https://"))
    assert canonical.isascii()
    assert "#" not in canonical


@given(
    st.lists(
        st.sampled_from(["a=1", "b", "", "c=%7e=", "__biz=x==", "utm_x=1", "utm_", "spm=2", "spm", "spm2=1"]),
        max_size=6,
    )
)
def test_tracking_goes_and_the_rest_of_the_query_stays(parameters: list[str]) -> None:
    kept = [p for p in parameters if not p.startswith("utm_") and p.split("=")[0] != "spm"]
    canonical = normalise_url(f"https://example.com/p?{'&'.join(parameters)}")
    if any(kept):
        assert canonical == f"https://example.com/p?{'&'.join(kept)}"
    else:
        assert canonical.rstrip("?&") == "https://example.com/p"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:secret@example.com/a", "https://***@example.com/a"),
        ("https://example.com/a?token=abc&page=2", "https://example.com/a?token=***&page=2"),
        (
            "https://example.com/a?X-Amz-Signature=abc&api_key=d",
            "https://example.com/a?X-Amz-Signature=***&api_key=***",
        ),
        ("https://example.com/?q=hf_" + "a" * 20, "https://example.com/?q=***"),
        ("https://example.com/ghp_" + "b" * 36 + "/x", "https://example.com/***/x"),
        (WEIXIN, WEIXIN),
        ("https://example.com/@user?monkey=1", "https://example.com/@user?monkey=1"),
        ("not a url at all", "not a url at all"),
    ],
)
def test_secrets_are_not_shown(url: str, shown: str) -> None:
    assert mask_url(url) == shown
