"""Rows into a table where some may be already: all of them in one statement."""
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite


def upsert(connection: Connection, table: Any, rows: Sequence[Mapping[str, Any]], add: Iterable[str] = ()) -> None:
    """Put `rows`, each with the same columns, into the table of a model; what has such a row's key is replaced, but
    columns in `add` are added to. Two writers never wait for each other in a ring if both bring rows in order of their
    keys. On PostgreSQL the columns go as arrays: a statement a row costs twice as much (20 us to 10)."""
    if not rows:
        return
    into: Table = table.__table__
    names = list(rows[0])
    if connection.dialect.name == "postgresql":
        columns = [func.unnest(bindparam(name, type_=postgresql.ARRAY(into.c[name].type))) for name in names]
        put: Any = postgresql.insert(into).from_select(names, select(*columns))
        given: Any = {name: [row[name] for row in rows] for name in names}
    else:
        put, given = sqlite.insert(into), list(rows)
    key = [column.name for column in into.primary_key]
    rest = {name: into.c[name] + put.excluded[name] if name in set(add) else put.excluded[name]
            for name in names if name not in key}
    connection.execute(put.on_conflict_do_update(index_elements=key, set_=rest), given)
