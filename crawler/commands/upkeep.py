"""Commands that look after the database: rejudge, backup, compact."""

from __future__ import annotations

from pathlib import Path

import click

from crawler.commands.frame import Context, with_config
from crawler.escape import for_terminal


@click.command()
@with_config
@click.pass_obj
def rejudge(context: Context) -> None:
    """Judge everything ever seen anew by the present [health] settings; says which links changed.

    \b
    Example:
      crawler rejudge
    """
    from crawler.clock import SystemClock
    from crawler.store.connect import connect_read_only
    from crawler.store.lock import DatabaseLock
    from crawler.store.store import Store

    path, policy = context.config.database, context.config.settings.health
    connect_read_only(path).close()  # there must be one
    with DatabaseLock(path), Store.open(path, SystemClock().now, policy) as store:
        changed = store.rejudge()
    for each in changed:
        click.echo(f"{each.before} → {each.after}  {for_terminal(each.url)}")
    click.echo(f"{len(changed):,} {'link' if len(changed) == 1 else 'links'} changed", err=True)


@click.command()
@with_config
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def backup(context: Context, file: Path) -> None:
    """Copy the database into one file, whole and checked, also beside a running crawl.

    \b
    Example:
      crawler backup backups/crawler.db
    """
    from crawler.store.backup import back_up

    size = back_up(context.config.database, file)
    click.echo(f"{for_terminal(str(file))}: {size:,} bytes; docs/operations.md says how to restore", err=True)


@click.command()
@with_config
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.pass_obj
def compact(context: Context, dry_run: bool) -> None:
    """Thin old counters: daily for 90 days, weekly for two years, then monthly; nothing else is touched.

    \b
    Example:
      crawler compact --dry-run
    """
    from crawler.clock import SystemClock
    from crawler.store.compact import compact as compact_database

    done = compact_database(context.config.database, SystemClock().now(), dry_run=dry_run)
    what = f"{done.surplus:,} of {done.rows:,} rows of counters"
    if dry_run:
        click.echo(f"{what} would go; the file has {done.bytes_before:,} bytes", err=True)
    else:
        click.echo(f"{what} went; {done.bytes_before:,} → {done.bytes_after:,} bytes", err=True)
