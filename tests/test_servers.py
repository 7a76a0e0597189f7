"""The test servers themselves: what they promise to every other test."""
import os

import pytest
import redis
from redis.cluster import ClusterNode as Startup
from redis.cluster import RedisCluster
from sqlalchemy import text

from tests.servers import Postgres, postgres_primary, valkey_cluster, wait_for, wait_until_replayed
from webapp.db import Database


def test_each_test_gets_an_empty_migrated_database(database: Database):
    with database.transaction() as connection:
        assert connection.scalar(text("SELECT count(*) FROM site")) == 0
        assert connection.scalar(text("SELECT version_num FROM alembic_version"))


def test_the_standby_follows_the_primary_and_refuses_writes(postgres: Postgres, standby: Postgres):
    postgres.run("CREATE TABLE IF NOT EXISTS followed (n int)")
    postgres.run("INSERT INTO followed VALUES (7)")
    wait_until_replayed(postgres, standby)
    assert standby.run("SELECT n FROM followed") == [(7,)]
    with pytest.raises(Exception, match="read-only"):
        standby.run("INSERT INTO followed VALUES (8)")


def test_a_server_leaves_neither_process_nor_file():
    with postgres_primary() as server:
        process, folder = server.process, server.data.parent
        assert process is not None
    assert process.poll() is not None
    assert not folder.exists()


def test_a_test_starts_with_an_empty_valkey(valkey_url: str):
    with redis.Redis.from_url(valkey_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


def test_the_cluster_survives_the_loss_of_a_primary():
    with valkey_cluster() as nodes:
        with RedisCluster(startup_nodes=[Startup("127.0.0.1", node.port) for node in nodes]) as client:
            client.set("{code}:before", "kept")
        nodes[0].process.kill()

        def writes_again() -> bool:
            try:
                with RedisCluster(startup_nodes=[Startup("127.0.0.1", node.port) for node in nodes[1:]]) as client:
                    return all(client.set(f"key{number}", "x") for number in range(50))
            except (redis.RedisError, OSError):
                return False

        wait_for(writes_again, "a replica in the place of its primary", within_s=30)
    assert all(not os.path.exists(f"/proc/{node.process.pid}") for node in nodes)
