"""What programs and people call by name, as text that can be compared: commands, exit codes, tables.

Takes nothing, or a connection; gives lines. Words of help and comments on columns are no part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import click
import psycopg

from apod_pipeline.cli import apod
from apod_pipeline.errors import ApodError

CATALOGUE = """
SELECT 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
    || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
    || CASE a.attidentity WHEN '' THEN '' ELSE ' identity' END
    || CASE a.attgenerated WHEN '' THEN '' ELSE ' generated' END
    || ' collate ' || coalesce((SELECT collname FROM pg_collation WHERE oid = a.attcollation), '-')
    || ' place ' || a.attnum
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p')
UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'view ' || viewname || ' ' || regexp_replace(definition, '\\s+', ' ', 'g')
FROM pg_views WHERE schemaname = 'public'
UNION ALL SELECT 'function ' || regexp_replace(pg_get_functiondef(oid), '\\s+', ' ', 'g')
FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
ORDER BY 1
"""


def commands() -> Iterator[str]:
    """Every command with its options: names, types, defaults."""
    # With its settings: a command keeps the help option that it first gets.
    yield from _of(apod, click.Context(apod, info_name="apod", **apod.context_settings))


def _of(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.params:
        told: dict[str, Any] = parameter.to_info_dict()
        kept = ("opts", "secondary_opts", "type", "required", "nargs", "multiple", "default", "is_flag", "count")
        named = {key: told[key] for key in kept if told.get(key) not in (None, [], False)}
        yield re.sub(r"<(function|class) '?([\w.]+)[^>]*>", r"\2", f"{context.command_path} {named!r}")
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield f"{context.command_path} {name}"
            yield from _of(below, click.Context(below, info_name=name, parent=context))


def exit_codes() -> Iterator[str]:
    """Every error of the family with the code that `apod` ends with."""
    below = [ApodError]
    while below:
        kind = below.pop()
        below.extend(kind.__subclasses__())
        if kind.__module__ == ApodError.__module__:  # a test's own are none of the family
            yield f"{kind.__name__} {kind.exit_code} {'again' if kind.retryable else 'for good'}"


def catalogue(database: str) -> Iterator[str]:
    """Tables, views, indexes and functions of a database's schema `public`."""
    with psycopg.connect(database) as connection:
        yield from (line for (line,) in connection.execute(CATALOGUE.encode()))
