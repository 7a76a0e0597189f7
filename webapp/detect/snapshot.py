"""What an engine has learned beyond the ledgers (cells, lots, phones, networks, tables), as bytes by part.

Kept with every batch a worker commits, so that a worker that dies goes on where the database says it was, and counts
nothing twice. A lot and a shelf of phones are parts of their own, so that only those that were touched are written.
Only numbers, texts and the classes named here come back out of the bytes; the rules never do: they are those of the
new worker.
"""
from array import array
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from webapp.detect.again import Again
from webapp.detect.away import Away
from webapp.detect.clusters import Cell, Volume
from webapp.detect.engine import Engine
from webapp.detect.forged import Forged, Run
from webapp.detect.hazard import Hazard
from webapp.detect.late import Late
from webapp.detect.leak import Leak
from webapp.detect.lots import Lot
from webapp.detect.networks import Networks
from webapp.detect.opinion import Open
from webapp.detect.people import SHELVES, Drop, People, Phone
from webapp.detect.second import Second
from webapp.detect.spread import Spread
from webapp.detect.surplus import Surplus

PARTS = ("people", "networks", "hazard", "away", "second", "late", "again", "surplus", "leak", "forged", "open",
         "_silent", "_marked", "_witnesses")
LOT, PHONES = "lot:", "phones:"
OURS = {one.__name__: one for one in (
    Again, Away, Cell, Forged, Hazard, Late, Leak, Lot, Networks, Open, People, Run, Second, Spread, Surplus, Volume)}
# Parts of their own, shared between parts, or taken from the rules.
NOT_KEPT = {"shelves", "touched", "_order", "rules", "own", "hazard", "_days", "_wanted", "_margin", "_limit", "_fade",
            "_prior", "_bins", "bins"}
LARGEST = (1 << 64) - 1  # of msgpack
PACKED_FROM = 1000  # longer lists of floats are kept as one piece


class BadSnapshot(Exception):
    """The bytes are not a snapshot of this engine; learn again from the kept scans."""


def layout(engine: Engine) -> str:
    """A digest of what can be in a snapshot: whoever finds another one beside it cannot read it."""
    shapes = {name: sorted(_fields(thing)) for name in PARTS if type(thing := getattr(engine, name)).__name__ in OURS}
    shapes |= {"lot": sorted(Lot.__slots__), "cell": sorted(Cell.__slots__), "phone": list(Phone.__struct_fields__),
               "shelves": [str(SHELVES)]}
    return blake2b(msgspec.msgpack.encode([PARTS, sorted(shapes.items())]), digest_size=12).hexdigest()


def parts(engine: Engine, lots: Iterable[int], shelves: Iterable[int]) -> Iterator[tuple[str, bytes]]:
    """The parts of an engine, and those of its lots and of its shelves of phones that are named."""
    for name in PARTS:
        yield name, _encode(_plain(getattr(engine, name)))
    for lot in lots:
        yield f"{LOT}{lot}", _encode(_plain(engine.lots[lot]))
    for number in shelves:
        yield f"{PHONES}{number}", _encode(engine.people.shelves[number])


def snapshot(engine: Engine) -> dict[str, bytes]:
    """All of it."""
    return dict(parts(engine, engine.lots, range(SHELVES)))


def restore(engine: Engine, kept: Mapping[str, bytes]) -> None:
    """Put a snapshot into an engine just made. Raises BadSnapshot; the engine is of no use then."""
    try:
        values = {name: _value(_decode(kept[name])) for name in PARTS}
        lots = {int(name.removeprefix(LOT)): _built(_value(_decode(packed)))
                for name, packed in kept.items() if name.startswith(LOT)}
        shelves = {int(name.removeprefix(PHONES)): _decode_phones(packed)
                   for name, packed in kept.items() if name.startswith(PHONES)}
        for name, value in values.items():
            _put(engine, name, value)
        engine.people.put_back(shelves)
    except (msgspec.DecodeError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise BadSnapshot(str(error)) from None
    engine.lots.update(lots)


def open_of(packed: bytes) -> Open:
    """The part "open" by itself. Raises BadSnapshot."""
    try:
        opened = _built(_value(_decode(packed)))
    except (msgspec.DecodeError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadSnapshot(str(error)) from None
    if not isinstance(opened, Open):
        raise BadSnapshot("no open clusters")
    return opened


class _Object(msgspec.Struct):
    """An object of ours on its way back: what class, which fields."""

    kind: Any
    fields: dict[str, Any]


def _fields(thing: Any) -> dict[str, Any]:
    names = getattr(thing, "__struct_fields__", None) or getattr(thing, "__slots__", None) or vars(thing)
    return {name: getattr(thing, name) for name in names if name not in NOT_KEPT}


def _plain(value: Any) -> Any:
    if type(value).__name__ in OURS:
        return {"o": [type(value).__name__, {name: _plain(one) for name, one in _fields(value).items()}]}
    if isinstance(value, Drop):
        return {"r": value.value}
    if isinstance(value, list):
        if len(value) >= PACKED_FROM and all(type(one) is float for one in value):
            return {"f": array("d", value).tobytes()}
        return [_plain(one) for one in value]
    for mark, kind in (("c", Counter), ("d", dict)):
        if isinstance(value, kind):
            return {mark: [[_plain(key), _plain(one)] for key, one in value.items()]}
    for mark, sequence in (("t", tuple), ("s", set), ("q", deque)):
        if isinstance(value, sequence):
            return {mark: [_plain(one) for one in (sorted(value) if mark == "s" else value)]}
    if type(value) is int and value > LARGEST:
        return {"i": value.to_bytes(value.bit_length() + 7 >> 3, "little")}
    return {"b": bytes(value)} if isinstance(value, bytearray) else value


def _value(plain: Any) -> Any:
    if isinstance(plain, list):
        return [_value(one) for one in plain]
    if not isinstance(plain, dict):
        return plain
    (mark, kept), = plain.items()
    if mark == "o":
        return _Object(OURS[kept[0]], {name: _value(one) for name, one in kept[1].items()})
    if mark in "cd":
        return (Counter if mark == "c" else dict)({_value(key): _built(_value(one)) for key, one in kept})
    if mark == "f":
        return array("d", kept).tolist()
    if mark == "i":
        return int.from_bytes(kept, "little")
    makers: dict[str, Any] = {"t": tuple, "s": set, "q": deque, "b": bytearray, "r": Drop}
    return makers[mark](_value(kept) if mark in "tsq" else kept)


def _built(value: Any) -> Any:
    """Cells and lots are made anew; they hold nothing of the rules."""
    if not isinstance(value, _Object):
        return value
    if issubclass(value.kind, msgspec.Struct):
        return value.kind(**{name: _built(one) for name, one in value.fields.items()})
    made = value.kind.__new__(value.kind)
    for name, one in value.fields.items():
        setattr(made, name, _built(one))
    return made


def _put(owner: Any, name: str, value: Any) -> None:
    """Set a field; an object that is already there (a detector, its volume) keeps its rules and gets its fields."""
    held = getattr(owner, name)
    if type(held).__name__ in OURS and getattr(value, "kind", None) is not type(held):
        raise TypeError(f"{name} is no {type(held).__name__}")
    if not isinstance(value, _Object):
        if isinstance(held, dict) and isinstance(value, dict) and not isinstance(held, Counter):
            held.clear()  # other parts may hold the same dictionary
            held.update(value)
        else:
            setattr(owner, name, value)
        return
    for inner, one in value.fields.items():
        if isinstance(one, _Object) and not hasattr(held, inner):
            one = _built(one)
        _put(held, inner, one)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode
_decode_phones = msgspec.msgpack.Decoder(dict[int, Phone]).decode
