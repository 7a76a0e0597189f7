"""After a commit: every process is told that the registry changed, so that no page shows what was true before."""
from cache.connection import Cache, CacheAway
from cache.history import HistoryCache
from webapp.settings import Settings

PATIENCE_S = 0.5  # nobody waits for a page here, and an unheard change costs more than half a second


def announce_change(settings: Settings) -> bool:
    """Count up the registry version that every look-up compares. False when Valkey is away: then processes notice only
    when what they remember runs out; the change itself stands."""
    cache = Cache(settings.redis, timeout_s=PATIENCE_S)
    try:
        HistoryCache(cache).bump()
    except CacheAway:
        return False
    finally:
        cache.close()
    return True
