"""The history a report reads, at the run it was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from crawler.config import Config
from crawler.errors import UsageError
from crawler.links.mask import SECRET_VALUE, USERINFO
from crawler.records import Catalog, Run
from crawler.store.history import History
from crawler.store.opening import open_history

MASK: Final = "***"


@contextmanager
def reading(config: Config) -> Iterator[History]:
    """What the database knows; before the first crawl what the catalog says. Good beside a running crawl.

    Raises UnableError for a database that cannot be read, UsageError for a catalog that cannot.
    """

    def load() -> Catalog:
        from crawler.catalog import load_catalog  # noqa: PLC0415  before the first crawl only

        return load_catalog(config.catalog_paths)

    with open_history(config.database, load) as history:
        yield history


def choose_run(history: History, as_of: str | None) -> Run | None:
    """The run asked for, else the latest; None before the first crawl.

    Raises UsageError when there was no run as of then.
    """
    latest = history.latest_run()
    if as_of is None:
        return latest
    if latest is None:
        raise UsageError(f"no run as of {as_of!r}: nothing has been crawled yet", hint="`crawler run` first")
    return history.run_as_of(as_of)


def check_document(names: Iterable[str], name: str) -> None:
    """Raises UsageError naming the nearest known document."""
    known = list(names)
    if name not in known:
        import difflib  # noqa: PLC0415  mistakes are rare

        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
        raise UsageError(
            f"no document named {name!r} in the catalog",
            hint=f"did you mean {nearest[0]!r}?" if nearest else None,
        )


def hide_credentials(url: str) -> str:
    """The address without a password or a token in it; everything else stays, for it is an identity."""
    if "@" in url:
        url = USERINFO.sub(rf"\g<1>{MASK}@", url, count=1)
    return SECRET_VALUE.sub(MASK, url)
