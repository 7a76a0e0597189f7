"""After a commit: every process is told that the registry changed, so that no page shows what was true before."""
from cache.connection import Cache, CacheAway
from cache.history import HistoryCache
from cache.replay import ReplayPosition
from webapp.db import Database, DatabaseAway

PATIENCE_S = 0.5  # nobody waits for a page here, and an unheard change costs more than half a second


def announce_change(db: Database) -> bool:
    """Note how far a replica must have come to show the change, then count up the registry version that every look-up
    compares. False when Valkey or the primary is away: then processes notice only when what they remember runs out; the
    change itself stands."""
    cache = Cache(db.settings.redis, timeout_s=PATIENCE_S)
    try:
        ReplayPosition(cache).note(db.position())
        HistoryCache(cache).bump()
    except (CacheAway, DatabaseAway):
        return False
    finally:
        cache.close()
    return True
