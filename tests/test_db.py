"""Opening databases: addresses with several hosts, reads that prefer a replica, writes that wait their turn."""
import threading

import pytest
from sqlalchemy import text

from tests.servers import wait_until_replayed
from webapp.db import Database, DatabaseAway, many_hosts
from webapp.migrate import is_current, upgrade
from webapp.settings import load_settings


@pytest.mark.parametrize(("url", "host", "port"), [
    ("postgresql://u:p@a:1,b:2/db?target_session_attrs=prefer-standby", "a,b", "1,2"),
    ("postgresql://a,b/db", "a,b", "5432,5432"), ("postgresql://u@[::1]:5/db", "::1", 5),
])
def test_several_hosts_in_one_address(url, host, port):
    made = many_hosts(url)
    told = made.get_dialect()().create_connect_args(made)[1]
    assert (told["host"], told["port"]) == (host, port)


def test_a_question_goes_to_the_replica_once_it_has_replayed_far_enough(replicated_database, postgres, standby):
    in_recovery = text("SELECT pg_is_in_recovery()")
    wait_until_replayed(postgres, standby)
    assert replicated_database.ask(lambda connection: connection.scalar(in_recovery)) is True
    assert replicated_database.ask(lambda connection: connection.scalar(in_recovery), 1 << 60) is False


def test_a_database_that_is_not_there_is_told_as_away(tmp_path):
    away = Database(load_settings(database_url=f"postgresql://u@/db?host={tmp_path}"))
    with pytest.raises(DatabaseAway):
        away.ask(lambda connection: connection.scalar(text("SELECT 1")))


def test_eight_writers_on_sqlite_never_find_it_locked(sqlite_database):
    with sqlite_database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE counter (n INTEGER)")
        connection.exec_driver_sql("INSERT INTO counter VALUES (0)")
    failures = []

    def count_up() -> None:
        try:
            for _ in range(50):
                with sqlite_database.transaction() as connection:
                    n = connection.scalar(text("SELECT n FROM counter"))
                    connection.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=count_up) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sqlite_database.ask(lambda connection: connection.scalar(text("SELECT n FROM counter"))) == 400


def test_a_migrated_database_is_current_and_an_empty_one_is_not(tmp_path):
    db = Database(load_settings(database_url=f"sqlite:///{tmp_path / 'new.db'}"))
    assert not is_current(db)
    upgrade(db)
    assert is_current(db)
    db.close()
