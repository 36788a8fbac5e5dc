from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.links.classify import classify_url, link_of, split_github_path
from crawler.links.normalise import normalise_url
from crawler.records import Link, Target, TargetKind


@pytest.mark.parametrize(
    ("url", "kind", "target_id"),
    [
        ("https://github.com/THUDM/ChatGLM-6B", "github_repo", "thudm/chatglm-6b"),
        ("https://github.com/A/B?tab=readme-ov-file", "github_repo", "a/b"),
        ("https://github.com/ggerganov/llama.cpp", "github_repo", "ggerganov/llama.cpp"),
        ("https://github.com/a/a.github.io", "github_repo", "a/a.github.io"),
        ("https://github.com/a/.github", "github_repo", "a/.github"),
        ("https://github.com/some_corp/x", "github_repo", "some_corp/x"),
        ("https://github.com/integrations/slack", "github_repo", "integrations/slack"),
        ("https://github.com/education/autograding", "github_repo", "education/autograding"),
        ("https://github.com/A/B/blob/main/LICENSE", "github_path", "a/b:main/LICENSE"),
        ("https://github.com/A/B/tree/main", "github_path", "a/b:main"),
        (
            "https://github.com/OpenBMB/CPM-Live/tree/cpm/Ant-Plus/cpm-live",
            "github_path",
            "openbmb/cpm-live:cpm/Ant-Plus/cpm-live",
        ),
        ("https://github.com/A/B/raw/main/x.svg", "github_path", "a/b:main/x.svg"),
        ("https://github.com/A/B/blame/main/x", "github_path", "a/b:main/x"),
        ("https://github.com/A/B/edit/main/x", "github_path", "a/b:main/x"),
        ("https://github.com/OpenBMB", "github_owner", "openbmb"),
        ("https://github.com/OpenBMB?tab=repositories", "github_owner", "openbmb"),
    ],
)
def test_github_things(url: str, kind: str, target_id: str) -> None:
    assert classify_url(normalise_url(url)) == Target(TargetKind(kind), target_id)


@pytest.mark.parametrize(
    "path",
    [
        "",
        *["topics/nlp", "features", "marketplace", "sponsors/someone", "orgs/openbmb/repositories", "about"],
        *["login", "explore", "trending", "collections/ai", "settings", "search?q=x", "apps/dependabot"],
        *["Topics/nlp", "stars/someone/lists/ai", "favicon.ico"],
        *["a/b/issues", "a/b/issues/3", "a/b/pulls", "a/b/pull/7", "a/b/wiki", "a/b/releases/tag/v1"],
        *["a/b/discussions", "a/b/stargazers", "a/b/graphs/contributors", "a/b/actions", "a/b/commits/main"],
        *["a/b/network/members", "a/b/tags", "a/b/branches", "a/b/tree", "a/followers"],
        *["alibaba/mnn.svg", "a/..b%20", "-a/b", "a/%E4%B8%AD"],
    ],
)
def test_other_pages_of_github(path: str) -> None:
    url = normalise_url(f"https://github.com/{path}")
    assert classify_url(url) == Target(TargetKind.GITHUB_OTHER, url)


@pytest.mark.parametrize(
    ("path", "kind", "target_id"),
    [
        ("THUDM/chatglm-6b", "model", "THUDM/chatglm-6b"),
        ("a/b/tree/main", "model", "a/b"),
        ("a/b/blob/main/LICENSE", "model", "a/b"),
        ("a/b/resolve/main/x.bin", "model", "a/b"),
        ("a/b/discussions/3", "model", "a/b"),
        ("gpt2/blob/main/config.json", "model", "gpt2"),
        ("gpt2-xl", "owner", "gpt2-xl"),
        ("mosaicml", "owner", "mosaicml"),
        ("datasets/BAAI/COIG", "dataset", "BAAI/COIG"),
        ("datasets/kd_conv", "dataset", "kd_conv"),
        ("datasets/squad/viewer/plain_text", "dataset", "squad"),
        ("datasets/a/b/blob/main/x.json", "dataset", "a/b"),
        ("spaces/HuggingFaceH4/open_llm_leaderboard", "space", "HuggingFaceH4/open_llm_leaderboard"),
        ("spaces/a/b/tree/main", "space", "a/b"),
    ],
)
def test_hugging_face_things(path: str, kind: str, target_id: str) -> None:
    url = normalise_url(f"https://hf.co/{path}")
    assert classify_url(url) == Target(TargetKind(f"huggingface_{kind}"), target_id)


@pytest.mark.parametrize(
    "path",
    [
        "",
        *["blog/stackllama", "docs/transformers", "papers/2305.14314", "collections/a/b-1", "chat", "models"],
        *[
            "models?license=mit",
            "datasets",
            "spaces",
            "join",
            "login",
            "pricing",
            "organizations/a",
            "settings",
        ],
        *["learn/nlp-course", "tasks/ocr", "posts/a/1", "enterprise", "spaces/launch", "spaces/a/tree"],
        *[
            "openai/models",
            "openai/datasets",
            "openai/activity/all",
            "a/b/unheard-of",
            "datasets/a/b/c",
            "a/b%20c",
        ],
    ],
)
def test_other_pages_of_hugging_face(path: str) -> None:
    url = normalise_url(f"https://huggingface.co/{path}")
    assert classify_url(url) == Target(TargetKind.HUGGINGFACE_OTHER, url)


def test_papers_and_pages() -> None:
    assert link_of("arxiv.org/pdf/2303.17580.pdf") == Link(
        "https://arxiv.org/abs/2303.17580", Target(TargetKind.ARXIV_PAPER, "2303.17580")
    )
    for page in (
        "https://arxiv.org/abs/200414257",
        "https://arxiv.org/list/cs.CL/recent",
        "https://gist.github.com/a/b",
        "https://raw.githubusercontent.com/a/b/main/x",
        "https://a.github.io/b",
        "https://ghcr.io/a/b",
        "https://github.com:8443/a/b",
        "https://github.com.evil.example/a/b",
        "https://github.com@evil.example/a/b",
        "https://doi.org/10.48550/arXiv.2305.14314",
        "https://discuss.huggingface.co/t/1",
    ):
        assert link_of(page) == Link(page, Target(TargetKind.WEB_PAGE, page))


@pytest.mark.parametrize("raw", ["mailto:a@b.c", "https://", "README", ""])
def test_an_invalid_address_stays_a_link_to_be_reported(raw: str) -> None:
    assert link_of(raw) == Link(raw, Target(TargetKind.WEB_PAGE, raw))


@pytest.mark.parametrize(
    ("target_id", "parts"),
    [
        ("a/b:main", ("a", "b", "main")),
        ("a/b:feature/x/docs/y.md", ("a", "b", "feature/x/docs/y.md")),
        ("a/b:main/%E4%B8%AD.md", ("a", "b", "main/中.md")),
        ("a/b:main/x:y", ("a", "b", "main/x:y")),
    ],
)
def test_split_github_path(target_id: str, parts: tuple[str, str, str]) -> None:
    assert split_github_path(target_id) == parts


@given(st.text())
def test_a_link_can_be_made_of_anything_and_is_its_own_link(raw: str) -> None:
    link = link_of(raw)
    assert link_of(link.canonical_url) == link
