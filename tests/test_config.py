from pathlib import Path

import pytest

from crawler.config import find_config, load_config, parse_settings, settings_keys
from crawler.errors import UsageError
from crawler.settings import Settings


def test_an_empty_file_means_the_defaults() -> None:
    assert parse_settings(b"", "config.toml") == Settings()


def test_the_shipped_file_holds_every_key_at_its_default() -> None:
    shipped = Path(__file__).parent.parent / "config.toml"
    assert parse_settings(shipped.read_bytes(), "config.toml") == Settings()
    text = shipped.read_text()
    for section, keys in settings_keys().items():
        assert f"[{section}]" in text
        for key, description in keys.items():
            comment = f"# {description[0].upper()}{description[1:]}."
            assert f"{comment}\n{key} = " in text, f"{section}.{key}"


def test_every_key_has_a_line_of_help() -> None:
    assert all(description for keys in settings_keys().values() for description in keys.values())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("[netwrok]\n", "c.toml:1: unknown key [netwrok]", id="unknown section"),
        pytest.param("\n[network]\ntimeout = 3", "did you mean 'timeout_seconds'", id="nearest key"),
        pytest.param(
            '[network]\ntimeout_seconds = "x"', "c.toml:2: network.timeout_seconds = 'x'", id="type"
        ),
        pytest.param("[network]\n\nconcurrency = 0", "c.toml:3: network.concurrency = 0", id="range"),
        pytest.param("[network]\ntimeout_seconds = nan", "c.toml:2", id="not a number"),
        pytest.param("[health]\nmin_days = inf", "c.toml:2", id="infinite"),
        pytest.param('[github]\napi_url = "ftp://x"', "not an http(s) URL", id="scheme"),
        pytest.param('[schedule]\ntimezone = "Mars/Base"', "no time zone", id="time zone"),
        pytest.param("catalog = 3", "must be a table", id="not a table"),
        pytest.param("[network\n", "not valid TOML", id="broken"),
        pytest.param('[network]\ncontact = "a\\nb"', "plain ASCII", id="header injection"),
    ],
)
def test_a_mistake_is_one_line_that_says_where(content: str, expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_settings(content.encode(), "c.toml")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(UsageError, match="UTF-8"):
        parse_settings(b"\xff\xfe", "c.toml")


def test_paths_start_at_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('[catalog]\npaths = ["lists"]\n[state]\ndatabase = "x/y.db"\n')
    config = load_config(file)
    assert config.database == tmp_path / "x/y.db"
    assert config.catalog_paths == (str(tmp_path / "lists"),)


def test_a_missing_file_is_an_error_only_when_named(tmp_path: Path) -> None:
    assert load_config(tmp_path / "none.toml").settings == Settings()
    with pytest.raises(UsageError, match="no such config file"):
        load_config(tmp_path / "none.toml", must_exist=True)


def test_where_the_config_is_looked_for() -> None:
    assert find_config(Path("a.toml"), {"CRAWLER_CONFIG": "b.toml"}) == Path("a.toml")
    assert find_config(None, {"CRAWLER_CONFIG": "b.toml"}) == Path("b.toml")
    assert find_config(None, {"CRAWLER_CONFIG": ""}) == Path("config.toml")
