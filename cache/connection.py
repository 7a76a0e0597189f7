"""The client of Valkey/Redis: 50 ms time-outs, no retry, a breaker; made at the first call (redis-py itself never uses
a connection across a fork).

redis-py's own defaults (retries with back-off, seconds of time-out) turn an outage of the cache into one of the site.
"""
import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import hiredis
import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.retry import Retry

from cache import keys
from cache.line import Line

TIMEOUT_S = 0.05
FAILURES_TO_OPEN = 3
OPEN_S = 1.0
CLOSED, HALF_OPEN, OPEN = "closed", "half_open", "open"


Call = tuple[Sequence[str], Sequence[Any]]  # of a script: its keys, its arguments
Ask = Callable[..., Any]  # the words of one command -> its answer
AskAll = Callable[[Sequence[tuple]], list[Any]]  # commands -> their answers, errors among them


class Evictions(NamedTuple):
    """`evicted`: keys that had to make room since the server started; `held`: keys it holds."""

    evicted: int
    held: int


class CacheAway(Exception):
    """The cache did not answer in time, or is not asked just now because it did not before."""


class Cache:
    """One Valkey/Redis (`redis://`, `rediss://`, `unix://`) or a cluster (a comma list of `redis://` addresses).

    `failures` counts calls that got no answer, `refused` those not even tried while the breaker was open.
    """

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self._urls = [one.strip() for one in url.split(",") if one.strip()]
        self._timeout_s = timeout_s
        self.is_cluster = len(self._urls) > 1
        self._client: Any = None
        self._lock = threading.Lock()
        self._threads = threading.local()
        self._failed_in_a_row = 0
        self._open_until = 0.0
        self._probing = False
        self.failures = self.refused = 0

    @property
    def breaker(self) -> str:
        """closed | half_open | open, for metrics and doctor."""
        if self._failed_in_a_row < FAILURES_TO_OPEN:
            return CLOSED
        return OPEN if time.monotonic() < self._open_until else HALF_OPEN

    def call(self, *command: Any) -> Any:
        """One command, its answer undecoded (bytes). Raises CacheAway."""
        return self._guarded(lambda client: client.execute_command(*command))

    def call_all(self, commands: Iterable[tuple]) -> list[Any]:
        """Many commands in one round trip (in a cluster: one after the other). Raises CacheAway; some may have run."""
        return self._guarded(lambda client: self._together(client, list(commands)))

    def run(self, script: "Script", keys: Sequence[str], args: Sequence[Any]) -> Any:
        """A Lua script; loaded again by itself after a restart of the server. Raises CacheAway."""
        return self.run_all(script, [(keys, args)])[0]

    def run_all(self, script: "Script", calls: Sequence[Call]) -> list[Any]:
        """The script once for each (keys, arguments), in one round trip (in a cluster: one after the other). Raises
        CacheAway; some may have run.

        Every scan comes this way, so a thread keeps a line of its own (cache/line.py)."""
        return self._guarded(self._run_all, script, calls) if calls else []

    def _run_all(self, client: Any, script: "Script", calls: Sequence[Call]) -> list[Any]:
        if self.is_cluster:
            return [script.run(client.execute_command, *call) for call in calls]
        return script.run_all(self._own_line(client).ask, calls)

    def sweep(self, pattern: str) -> None:
        """Unlink all keys that match, on every primary. Raises CacheAway; some may be gone then."""
        self._guarded(lambda client: _sweep(self._primaries(client).values(), pattern))

    def evictions(self) -> "dict[str, Evictions]":
        """Of every primary, by its name. Raises CacheAway."""
        return self._guarded(lambda client: {
            name: Evictions(one.info("stats")["evicted_keys"], one.dbsize())
            for name, one in self._primaries(client).items()})

    def close(self) -> None:
        """The client, and this thread's line; those of other threads end with them."""
        if (line := getattr(self._threads, "line", None)) is not None:
            line.close()
        if self._client is not None:
            self._client.close()
        self._client = None

    def _guarded(self, ask: Any, *words: Any) -> Any:
        if self._failed_in_a_row >= FAILURES_TO_OPEN and not self._may_probe():
            self.refused += 1
            raise CacheAway("the cache is given a rest after failures")
        try:
            if self._client is None:
                self._connect()
            answer = ask(self._client, *words)
        except (RedisError, OSError) as error:
            self._note_failure()
            raise CacheAway(f"the cache does not answer: {error}") from error
        finally:
            self._probing = False
        self._failed_in_a_row = 0
        return answer

    def _own_line(self, client: Any) -> Line:
        """This thread's line; of a client that is gone it is made anew."""
        own = self._threads
        if getattr(own, "client", None) is not client:
            own.client, own.line = client, Line(client.connection_pool.make_connection(), self._timeout_s)
        return own.line

    def _primaries(self, client: Any) -> dict[str, Any]:
        """A client for each, by its address; one that is alone needs no name."""
        if not self.is_cluster:
            return {"": client}
        return {node.name: client.get_redis_connection(node) for node in client.get_primaries()}

    def _may_probe(self) -> bool:
        """Once the rest is over, one caller tries; the others go on without until it knows."""
        with self._lock:
            if self._probing or time.monotonic() < self._open_until:
                return False
            self._probing = True
            return True

    def _note_failure(self) -> None:
        with self._lock:
            self.failures += 1
            self._failed_in_a_row += 1
            if self._failed_in_a_row >= FAILURES_TO_OPEN:
                self._open_until = time.monotonic() + OPEN_S

    def _connect(self) -> None:
        with self._lock:
            if self._client is not None:
                return
            bounds: dict[str, Any] = {
                "socket_timeout": self._timeout_s, "socket_connect_timeout": self._timeout_s,
                "retry": Retry(NoBackoff(), 0), "protocol": 2, "health_check_interval": 0,
            }
            if self.is_cluster:
                places = [urlsplit(one) for one in self._urls]
                nodes = [ClusterNode(place.hostname, place.port or 6379) for place in places]
                first = places[0]
                self._client = RedisCluster(startup_nodes=nodes, username=first.username, password=first.password,
                                            ssl=first.scheme == "rediss", **bounds)
            else:
                self._client = redis.Redis.from_url(self._urls[0], redis_connect_func=_greet, **bounds)

    def _together(self, client: Any, commands: list[tuple]) -> list[Any]:
        if self.is_cluster:
            return [client.execute_command(*command) for command in commands]
        pipeline = client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        return pipeline.execute()


def _sweep(clients: Iterable[Any], pattern: str) -> None:
    for client in clients:
        pipeline = client.pipeline(transaction=False)
        for number, name in enumerate(client.scan_iter(match=pattern, count=1000), 1):
            pipeline.unlink(name)  # one by one: in a cluster they lie in different slots
            if number % 1000 == 0:
                pipeline.execute()
        pipeline.execute()


def _greet(connection: Any) -> None:
    """On every new connection, before anything is asked on it: a server that restarted with an old file lacks what
    came in between, so its memory begins anew."""
    connection.on_connect()
    try:
        connection.send_command("INFO", "server")
        told = connection.read_response()
        run = next(line[7:] for line in told.split(b"\r\n") if line.startswith(b"run_id:"))
        connection.send_command("EVAL", _NOTE_RUN, 1, keys.VERSION, run)
        connection.read_response()
    except (ResponseError, StopIteration):
        return  # an ACL without +info, a server that takes no writes: then its restarts go unnoticed


_NOTE_RUN = """
local run = redis.call('HGET', KEYS[1], 'run')
if run == ARGV[1] then return end
redis.call('HSET', KEYS[1], 'run', ARGV[1])
if run then
  local time = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'born', time[1] .. string.format('%06d', time[2]))
end
"""


class Script:
    """A Lua script, known to the server by its digest."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    def run(self, ask: "Ask", keys: Sequence[str], args: Sequence[Any]) -> Any:
        """`ask` raises NoScriptError for a script it does not know."""
        try:
            return ask(*self._by_digest((keys, args)))
        except NoScriptError:
            return ask(*self._by_source((keys, args)))

    def run_all(self, ask: "AskAll", calls: Sequence["Call"]) -> list[Any]:
        """Raises ResponseError when any answer is an error; the others have run."""
        answers = ask([self._by_digest(call) for call in calls])
        unknown = [number for number, answer in enumerate(answers) if _says_no_script(answer)]
        if unknown:
            again = ask([self._by_source(calls[number]) for number in unknown])
            for number, answer in zip(unknown, again, strict=True):
                answers[number] = answer
        for answer in answers:
            if isinstance(answer, hiredis.ReplyError):
                raise ResponseError(str(answer))
        return answers

    def _by_digest(self, call: "Call") -> tuple:
        keys, args = call
        return ("EVALSHA", self.sha, len(keys), *keys, *args)

    def _by_source(self, call: "Call") -> tuple:
        keys, args = call
        return ("EVAL", self.source, len(keys), *keys, *args)


def _says_no_script(answer: Any) -> bool:
    return isinstance(answer, hiredis.ReplyError) and str(answer).startswith("NOSCRIPT")
