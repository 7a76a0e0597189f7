"""One worker folds or claims at a time, of however many machines: what the one reads the other must not be changing."""
from sqlalchemy import Connection

WORKERS_LOCK = 7352


def one_at_a_time(connection: Connection) -> None:
    """Hold until this transaction ends. On SQLite the transaction took the write lock at its start."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WORKERS_LOCK})")
