"""Every key of Valkey on one page, with its lifetime. Nothing here is the only copy of anything.

| key | holds | lives |
|---|---|---|
| `h:{B}` | hash of 128 neighbours: code -> packed history (base), code + 128 -> ledger, 256 = whole | until evicted |
| `t:{B}:SERIAL` | the code's last visits, 32 bytes each (tail) | 45 min after the last was folded, else 7 days |
| `v` | hash: registry version, since when and how far this memory is complete, how far it is learned | for ever |
| `v:open:SHARE` | what the detectors have found and nobody has closed, packed (detect/opinion.py: Open) | for ever |
| `v:shipped` | hash: machine -> time up to which its scans are in the database | for ever |
| `v:replay` | WAL position of the primary that a replica must have replayed to be believed | for ever |
| `p:NUMBER:VERSION` | a page of the registry, 256 codes (cache/lookups.py) | 30 s |
| `l:BATCH:VERSION` | a lot's public facts, packed (cache/lookups.py) | 2 min |
| `r:...` | rate counters (cache/limits.py) | one window |

The braces are the hash tag of Redis/Valkey Cluster: both keys of a code lie in one slot.
"""

VERSION = "v"
SHIPPED = "v:shipped"
REPLAY = "v:replay"
BUCKET_BITS = 7  # 128 codes a hash: small enough to stay a listpack, large enough to share a key's overhead
WHOLE = 2 << BUCKET_BITS  # field of a bucket: what the database knows of its codes is here, and all that follows
STRETCH_BITS = 22  # four million codes that one set of detectors learns
LATE = b"!"  # in a name of what is open: whoever found it is far behind
TAIL_WAITING_S = 7 * 86_400  # longer than any outage of the database that somebody has not noticed
TAIL_FOLDED_S = 2_700


def history_bucket(serial: int) -> str:
    return f"h:{{{serial >> BUCKET_BITS:x}}}"


def history_field(serial: int) -> int:
    return serial & (1 << BUCKET_BITS) - 1


def neighbours(serial: int) -> range:
    """The serials that share a bucket with this one."""
    first = serial >> BUCKET_BITS << BUCKET_BITS
    return range(first, first + (1 << BUCKET_BITS))


def ledger_field(serial: int) -> int:
    return serial & (1 << BUCKET_BITS) - 1 | 1 << BUCKET_BITS


def share_of(serial: int, of: int) -> int:
    """Which of so many sets of detectors learns this code."""
    return (serial >> STRETCH_BITS) % of


def opened(share: int) -> str:
    return f"v:open:{share}"


def told(share: int) -> str:
    """Field of `v`: what one set of detectors says of itself; "told" is what all of them say."""
    return f"told:{share}"


def tail(serial: int) -> str:
    return f"t:{{{serial >> BUCKET_BITS:x}}}:{serial:x}"


def rate(limit: str, source: str, window: int) -> str:
    return f"r:{limit}:{source}:{window}"


def lot(batch_id: int, version: int) -> str:
    return f"l:{batch_id:x}:{version:x}"


def page(number: int, version: int) -> str:
    return f"p:{number:x}:{version:x}"
