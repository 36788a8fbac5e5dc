from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from crawler.catalog_checks import Problem, Severity, validate_catalog

TODAY = date(2026, 11, 20)
DOCUMENT = 'document: {title: "Made up"}\n'


def problems_of(folder: Path, text: str) -> list[Problem]:
    path = folder / "list.yaml"
    path.write_text(DOCUMENT + text)
    return list(validate_catalog([str(path)], today=TODAY))


def with_link(url: str, role: str = "project") -> str:
    return (
        'entries:\n  - {id: "list/a", name: "Alpha", kind: "tool", links: [\n'
        f'      {{role: "{role}", url: "{url}"}}]}}\n'
    )


@pytest.mark.parametrize(
    ("url", "role"),
    [
        ("https://github.com/made/up", "project"),
        ("github.com/made/up", "project"),
        ("https://huggingface.co/made/up", "project"),
        ("https://huggingface.co/blog/made-up", "article"),
        ("https://github.com/made/up/issues", "other"),
        ("https://github.com/made/up.svg", "badge"),
        ("https://arxiv.org/abs/2305.14314v2", "paper"),
        ("https://arxiv.org/list/cs.CL/recent", "other"),
        ("https://example.com/a_(b)", "article"),
        ("https://mp.weixin.qq.com/s?__biz=A==&mid=1&sn=2#rd", "article"),
    ],
)
def test_ordinary_links_pass_in_silence(tmp_path: Path, url: str, role: str) -> None:
    assert problems_of(tmp_path, with_link(url, role)) == []


@pytest.mark.parametrize(
    ("url", "role", "message"),
    [
        ("https://github.com/made/up.svg", "project", "path of an image"),
        (
            "https://github.com/topics/nlp",
            "project",
            "page of GitHub, not a repository: 'topics' is no owner",
        ),
        ("https://github.com/Features/copilot", "project", "'Features' is no owner"),
        ("https://huggingface.co/blog/made-up-2", "project", "'blog' is no owner"),
        ("https://github.com/made/up/raw/main/logo.png", "project", "path of an image"),
        ("https://huggingface.co/made/up/resolve/main/a.gif", "project", "path of an image"),
        ("https://github.com/-made-/up", "project", "page of GitHub"),
        ("ftp://example.com/x", "other", "not an http(s) address"),
        ("https://example/x", "other", "no public name"),
        ("https://github.com/blog/1184-made-up", "project", "page of GitHub"),
        ("https://huggingface.co/collections/made/up-1", "project", "page of Hugging Face"),
        ("https://arxiv.org/abs/200414257", "paper", "no well-formed arXiv id"),
        ("https://arxiv.org/pdf/200211893pdf", "paper", "no well-formed arXiv id"),
        ("http://127.0.0.1:8080/x", "demo", "loopback"),
        ("http://0x7f.1/x", "demo", "loopback"),
        ("http://192.168.1.5/", "demo", "private"),
        ("http://localhost/", "demo", "localhost"),
        ("https://wiki.internal/x", "demo", "private name"),
        ("https://a..b/", "other", "impossible host"),
        ("mailto:someone@example.com", "other", "not an http(s) address"),
        ("docs/setup", "other", "names no host"),
        ("https://example.com/a\\\\_b", "other", "backslash"),
        ("https://example.com/路。", "other", "ends in a mark"),
        ("https://example.com/a)", "other", "ends in a mark"),
        ("https://user:hunter2@example.com/", "other", "hold a secret"),
    ],
)
def test_odd_links_are_warned_about(tmp_path: Path, url: str, role: str, message: str) -> None:
    problems = problems_of(tmp_path, with_link(url, role))
    assert [problem.severity for problem in problems] == [Severity.WARNING]
    assert message in problems[0].message
    assert problems[0].where == f"{tmp_path / 'list.yaml'}:4"
    assert "hunter2" not in str(problems[0])


def test_entries_without_links_and_links_named_twice(tmp_path: Path) -> None:
    problems = problems_of(
        tmp_path,
        """entries:
  - {id: "list/a", name: "Alpha", kind: "tool"}
  - id: "list/b"
    name: "Beta"
    kind: "tool"
    links:
      - {role: "project", url: "https://github.com/made/up"}
      - {role: "demo", url: "https://example.com/"}
      - {role: "org", url: "http://www.github.com/Made/Up.git"}
  - id: "list/c"
    name: "Gamma"
    kind: "tool"
    links: [{role: "project", url: "https://github.com/made/up"}]
  - id: "list/d"
    name: "Delta"
    kind: "tool"
    links: [{role: "org", url: "https://github.com/made/up"}, {role: "org", url: "https://example.com/"}]
  - {id: "list/e", name: "Epsilon", kind: "tool", vanished: "2026-11-02"}
""",
    )
    assert all(problem.hint for problem in problems)
    assert [(p.severity, p.where.rpartition(":")[2], p.message) for p in problems] == [
        ("warning", "3", "Alpha has no link"),
        ("warning", "10", "https://github.com/made/up stands at Beta already, on line 8"),
        ("warning", "14", "https://github.com/made/up is the project of Beta too, on line 8"),
    ]


def test_exclusions_must_reach_something_and_end(tmp_path: Path) -> None:
    problems = problems_of(
        tmp_path,
        with_link("https://github.com/Made/Up")
        + """exclusions:
  - {url: "github.com/made/up.git", reason: "x"}
  - {url: "https://github.com/made/up", reason: "x", until: "2026-11-21"}
  - {url: "https://github.com/made/up", reason: "x", until: "2026-11-20"}
  - {url: "https://example.com/gone", reason: "x"}
""",
    )
    assert [str(problem).partition(": ")[2] for problem in problems] == [
        "warning: exclusion https://github.com/made/up has ended on 2026-11-20"
        " (hint: remove it or set a later day)",
        "warning: exclusion https://example.com/gone matches no link of the catalog (hint: remove it)",
    ]


def test_overrides_must_name_an_entry_once(tmp_path: Path) -> None:
    problems = problems_of(
        tmp_path,
        with_link("https://github.com/made/up")
        + """overrides:
  - {entry: "list/a", field: "license", value: "MIT", reason: "x"}
  - {entry: "list/a", field: "parameter_count", value: 7, reason: "x"}
  - {entry: "list/a", field: "license", value: "Apache-2.0", reason: "x"}
  - {entry: "list/z", field: "license", value: "MIT", reason: "x"}
""",
    )
    assert [(p.severity, p.where.rpartition(":")[2]) for p in problems] == [("error", "8"), ("error", "9")]
    assert "first on line 6" in problems[0].message
    assert "unknown entry 'list/z'" in problems[1].message


def test_suppressions_must_name_an_entry_a_kind_and_a_day_to_come(tmp_path: Path) -> None:
    problems = problems_of(
        tmp_path,
        with_link("https://github.com/made/up")
        + """suppressions:
  - {entry: "list/a", kind: "archived", reason: "x", until: "2026-11-21"}
  - {entry: "list/a", kind: "archived", reason: "x", until: "2026-11-20"}
  - {entry: "list/z", kind: "archived", reason: "x", until: "2026-11-21"}
""",
    )
    assert [str(problem).partition(".yaml:")[2] for problem in problems] == [
        "7: warning: suppression at 'list/a' has ended on 2026-11-20 (hint: remove it or set a later day)",
        "8: error: suppression for an unknown entry 'list/z' (hint: did you mean 'list/a'?)",
    ]


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ('{entry: "list/a", kind: "achived", reason: "x", until: "2026-11-21"}', "did you mean 'archived'?"),
        ('{entry: "list/a", kind: "archived", reason: "x"}', "key 'until' is missing"),
        ('{entry: "list/a", kind: "archived", until: "2026-11-21"}', "key 'reason' is missing"),
        ('{entry: "list/a", kind: "archived", reason: "x", until: "soon"}', 'write it as "2031-12-31"'),
    ],
    ids=["kind", "no-end", "no-reason", "no-day"],
)
def test_a_suppression_without_reason_or_end_is_an_error(tmp_path: Path, form: str, message: str) -> None:
    (problem,) = problems_of(
        tmp_path, with_link("https://github.com/made/up") + f"suppressions:\n  - {form}\n"
    )
    assert problem.severity is Severity.ERROR
    assert message in str(problem)


def test_exclusions_and_overrides_reach_across_files(tmp_path: Path) -> None:
    (tmp_path / "list.yaml").write_text(DOCUMENT + with_link("https://github.com/made/up"))
    (tmp_path / "other.yaml").write_text(
        f"{DOCUMENT}entries:\n"
        '  - {id: "other/a", name: "A", kind: "tool", links: [{role: "demo", url: "https://example.com"}]}\n'
        'exclusions: [{url: "https://github.com/made/up", reason: "x"}]\n'
        'overrides: [{entry: "list/a", field: "license", value: "MIT", reason: "x"}]\n'
    )
    assert list(validate_catalog([str(tmp_path)], today=TODAY)) == []


def test_every_file_tells_its_mistakes_and_no_others_are_guessed(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("document: [\n")
    (tmp_path / "b.yaml").write_text(f'{DOCUMENT}entries: [{{id: "b/x", kind: "tol"}}]\n')
    os.symlink(tmp_path / "gone", tmp_path / "c.yaml")
    (tmp_path / "d.yaml").write_text(
        f'{DOCUMENT}entries: []\noverrides: [{{entry: "b/x", field: "license", value: "MIT", reason: "x"}}]\n'
    )
    problems = list(validate_catalog([str(tmp_path)], today=TODAY))
    assert [(problem.severity, Path(problem.where).name) for problem in problems] == [
        (Severity.ERROR, "a.yaml:2"),
        (Severity.ERROR, "b.yaml:2"),
        (Severity.ERROR, "b.yaml:2"),
        (Severity.ERROR, "c.yaml"),
        (Severity.WARNING, "d.yaml:2"),
    ]


def test_problems_are_told_while_files_are_read(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"{number:02}.yaml").write_text(f"{DOCUMENT}entries: []\n")
    problems = validate_catalog([str(tmp_path)], today=TODAY)
    assert next(problems).where == f"{tmp_path / '00.yaml'}:2"
    (tmp_path / "49.yaml").write_text("document: [\n")
    assert list(problems)[-1].where == f"{tmp_path / '49.yaml'}:2"


def test_finding_no_file_is_a_problem_too(tmp_path: Path) -> None:
    [problem] = list(validate_catalog([str(tmp_path / "none")], today=TODAY))
    assert problem.severity is Severity.ERROR
    assert problem.where == str(tmp_path / "none")


def test_a_document_without_entries_is_odd(tmp_path: Path) -> None:
    [problem] = problems_of(tmp_path, "entries: []\n")
    assert (problem.severity, problem.message) == (Severity.WARNING, "the document has no entry")
