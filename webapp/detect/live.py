"""The detectors at work on the scans that are in the database: read between two marks, learn, keep what was learned.

1. Claim: read what came up to the time at which all machines' scans are in the database, in order of time.
2. Learn: one `Engine.learn` a visit.
3. Checkpoint, now and then: alerts, cases, changed ledgers, the engine's state and how far it is, in one transaction.

Killed anywhere, another worker begins at the last checkpoint and learns the same visits again: nothing is counted or
raised twice, because nothing of them was kept. Of each share of the codes (share.py) one worker has the lead (lead.py).
"""
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec
import structlog
from sqlalchemy import Connection, delete, insert, select, update

from webapp.db import Database
from webapp.detect.alert import Alert
from webapp.detect.arrivals import Claimed, claim, first_kept, forget_late, reclaim
from webapp.detect.bags import LiveFacts
from webapp.detect.engine import Engine
from webapp.detect.event import MICROSECONDS, BagFacts, Event
from webapp.detect.from_scan import unissued
from webapp.detect.kept_state import KeptState
from webapp.detect.lead import take_lead
from webapp.detect.ledgers import Ledgers, forget_ledgers, read_ledgers, write_ledgers
from webapp.detect.opinion import Open
from webapp.detect.people import Drop
from webapp.detect.rules import Rules
from webapp.detect.share import WHOLE, Share
from webapp.detect.snapshot import BadSnapshot, layout
from webapp.models import Detector as Row
from webapp.models import DetectorState, LateArrival
from webapp.models.detector import FORGOTTEN
from webapp.scanlog.retention import PERSON_DAYS
from webapp.verify.facts import Bag

EVERY_S = 1.0  # between two checkpoints where something changed ...
SHARE = 0.1  # ... but no more than this share of the time is spent on them
LATE_S = 1_500.0  # pages know the visits of half an hour themselves
IDLE_S = 5.0  # where nothing changed: to hear of cases that were closed

log = structlog.get_logger()


class LostLead(Exception):
    """Another worker has gone on from where we were; what we learned since is nobody's."""


class Saved(NamedTuple):
    """What a checkpoint kept: short ledgers by serial (b"" = none any more), the open clusters, up to when (µs).
    `late`: so far behind that pages cannot make up for what is not learned."""

    ledgers: Mapping[int, bytes]
    open: Open
    learned_to: int
    late: bool = False


class Bags(Protocol):
    def bags(self, serials: Sequence[int]) -> Iterator[Bag]: ...


class Raise(Protocol):
    """Who writes alerts down and opens cases, in the transaction of the checkpoint."""

    def __call__(self, connection: Connection, alerts: list[Alert]) -> None: ...


class Closed(Protocol):
    """Who knows of cases that were closed as mistakes: takes what they opened out of the clusters; True if anything."""

    def __call__(self, connection: Connection, opened: Open) -> bool: ...


class Detector:
    """`kind`: live or shadow. `saved` is called after every checkpoint."""

    def __init__(self, kind: str, db: Database, bags: Bags, rules: Rules, write_alerts: Raise, close: Closed,
                 saved: Callable[[Saved], None], share: Share = WHOLE) -> None:
        self._kind, self._share, self.name = kind, share, share.named(kind)
        self._db, self._bags, self._rules = db, bags, rules
        self._write_alerts, self._close, self._tell = write_alerts, close, saved
        self._facts = LiveFacts(rules.first.unshipped_days)
        self._connection: Connection | None = None
        self._engine: Engine | None = None
        self._forgotten_to = -1  # serial
        self.learned = 0  # visits
        self.drops: Counter[Drop] = Counter()  # visits of these that gave no evidence
        self.behind_s: float | None = None  # between what is learned and what there is; None: another worker detects
        self.cost_s = 0.0  # of the last checkpoint

    def step(self, up_to: int) -> bool:
        """Learn what there is up to then (µs; all scans of that time must be in the database), a few thousand visits at
        most. True when there is more. Raises what the database and the registry raise, and LostLead: then nothing is
        lost, and the next step begins at the last checkpoint."""
        try:
            if self._engine is None and not self._begin():
                return False
            more = self._learn(up_to)
            self.behind_s = max(0, up_to - self._learned_to) / MICROSECONDS if more else 0.0
            if self._due():
                self._checkpoint()
            return more
        except BaseException:
            self.close()
            raise

    @property
    def leads(self) -> bool:
        """Nobody else learns these codes."""
        return self._connection is not None

    def close(self) -> None:
        """Forget everything since the last checkpoint, and let another worker detect."""
        if self._connection is not None:
            self._connection.invalidate()  # the session and its lock end, whatever state it is in
            self._connection.close()
        self._connection = self._engine = self.behind_s = None

    def finish(self) -> None:
        """Keep what was learned, then close: for an orderly end."""
        try:
            if self._engine is not None and self._dirty:
                self._checkpoint()
        finally:
            self.close()

    def _begin(self) -> bool:
        """Take the lead and the kept state. False while another worker has the lead, and while a state that is of no
        use is being forgotten."""
        while self._lead() and self._useless_is_forgotten():
            with self._held.begin():
                self._load(self._held)
            if self._engine is not None:
                self._tell(Saved({}, self._engine.open, self._learned_to, self._raised_to > self._learned_to))
                return True
        return False

    def _lead(self) -> bool:
        """Take the lead, unless it is ours."""
        if self._connection is not None:
            return True
        connection = self._connection = self._db.write.connect()
        leads = take_lead(connection, self._kind, self._share)
        if not leads:
            self._connection = None
            connection.close()
        return leads

    def _shape(self, engine: Engine) -> str:
        """What a kept state must be like for this engine to go on with it."""
        return layout(engine)

    def _useless_is_forgotten(self) -> bool:
        """A piece of it at each call, until nothing is left: no round is long."""
        with self._held.begin():
            kept = self._held.scalar(select(Row.layout).where(Row.name == self.name))
            if kept is None or kept == self._shape(Engine(self._rules, {})):
                return True
            self._held.execute(update(Row).where(Row.name == self.name).values(layout=FORGOTTEN, since=None))
            on_from = forget_ledgers(self._held, self._kind, self._forgotten_to, self._share)
            if on_from is None:
                self._forget_rest(self._held)
            self._forgotten_to = -1 if on_from is None else on_from
            return on_from is None

    def _forget_rest(self, connection: Connection) -> None:
        for table in (LateArrival, DetectorState):
            connection.execute(delete(table).where(table.detector == self.name))

    def _load(self, connection: Connection) -> None:
        self._alerts: list[Alert] = []
        self._late: list[str] = []
        self._dirty = False
        self._saved_at, self.cost_s = time.monotonic(), 0.0
        self._ledgers = Ledgers(self._read_ledgers)
        self._state = KeptState(self.name)
        engine = Engine(self._rules, self._ledgers)
        shape = self._shape(engine)
        row = connection.execute(
            select(Row.layout, Row.learned_to, Row.raised_to, Row.since).where(Row.name == self.name)).first()
        if row is not None and row.layout == shape:
            try:
                if row.learned_to != row.since:  # else nothing was learned yet, and nothing kept
                    self._state.load(connection, engine)
                self._engine = engine
                self._learned_to = self._saved_to = row.learned_to
                self._raised_to = row.raised_to
                reclaim(connection, self.name, row.learned_to)
                connection.execute(update(Row).where(Row.name == self.name).values(rules=self._numbers()))
                return
            except BadSnapshot as error:
                log.warning("state_unusable", detector=self.name, reason=str(error))
                connection.execute(update(Row).where(Row.name == self.name).values(layout=FORGOTTEN))
                return
        self._start_anew(connection, shape, max(row.raised_to, row.learned_to) if row is not None else 0)

    def _start_anew(self, connection: Connection, shape: str, raised_to: int) -> None:
        """Learn from the kept scans again, as far back as they name phones; what was raised is not raised again."""
        began = first_kept(connection, datetime.now(UTC) - timedelta(days=PERSON_DAYS))
        log.info("learning_anew", detector=self.name, since=datetime.fromtimestamp(began / 1e6, UTC).isoformat())
        connection.execute(delete(Row).where(Row.name == self.name))
        connection.execute(insert(Row).values(name=self.name, layout=shape, learned_to=began, claimed_to=began,
                                              raised_to=raised_to, updated_at=datetime.now(UTC), since=began,
                                              began_at=datetime.now(UTC), rules=self._numbers()))
        self._state = KeptState(self.name)
        self._engine = Engine(self._rules, self._ledgers)
        self._learned_to = self._saved_to = began
        self._raised_to = raised_to

    def _learn(self, up_to: int) -> bool:
        up_to = max(up_to, self._learned_to)  # what came late is read in any case
        known = self._learned_to < min(up_to, self._raised_to)
        if known:
            up_to = min(up_to, self._raised_to)
        with self._held.begin():
            claimed = claim(self._held, self.name, self._learned_to, up_to, self._late, known, self._share)
        self._ledgers.fetch(event.serial for event in claimed.events)
        bags = self._bags.bags([event.serial for event in claimed.events if not event.bad])
        for event in claimed.events:
            self._learn_one(event, self._facts.of(None if event.bad else next(bags), event.at))
        self._note(claimed)
        return claimed.more or known

    def _learn_one(self, event: Event, facts: BagFacts) -> None:
        engine = self._engine
        assert engine is not None
        if not facts.issued and not event.bad:
            event = unissued(event)
        try:
            learned = engine.learn(event, facts)
        except (ArithmeticError, LookupError, ValueError) as error:  # one visit must not stop all that follow
            log.error("visit_not_learned", detector=self.name, serial=event.serial, at=event.at, reason=repr(error))
            return
        if learned.drop is not None:
            self.drops[learned.drop] += 1
        if self._learned_to >= self._raised_to:  # else we learn once more what was raised before
            self._alerts += learned.alerts

    def _note(self, claimed: Claimed) -> None:
        self.learned += len(claimed.events)
        self._learned_to = claimed.to
        self._late += claimed.late
        self._dirty = self._dirty or bool(claimed.events or claimed.late)

    def _due(self) -> bool:
        """Alerts wait for nobody; the rest for a while, the longer the more it costs."""
        waited = time.monotonic() - self._saved_at
        return bool(self._alerts) or waited >= (max(EVERY_S, self.cost_s / SHARE) if self._dirty else IDLE_S)

    def _checkpoint(self) -> None:
        started = time.monotonic()
        engine, connection = self._engine, self._held
        assert engine is not None
        changes = self._ledgers.changes()
        with connection.begin():
            moved = connection.execute(
                update(Row).where(Row.name == self.name, Row.learned_to == self._saved_to)
                .values(learned_to=self._learned_to, updated_at=datetime.now(UTC)))
            if moved.rowcount != 1:
                raise LostLead(f"another worker keeps the state of the {self.name} detectors")
            changed = self._close(connection, engine.open)
            self._write_alerts(connection, self._alerts)
            write_ledgers(connection, self._kind, changes)
            if self._dirty or changed:
                self._state.save(connection, engine)
            forget_late(connection, self.name, self._late)
        self._saved_to = self._learned_to
        self._alerts, self._late, self._dirty = [], [], False
        self._saved_at = time.monotonic()
        self.cost_s = self._saved_at - started
        self._tell(Saved(changes, engine.open, self._learned_to, (self.behind_s or 0.0) > LATE_S))

    def _read_ledgers(self, serials: list[int]) -> dict[int, bytes]:
        if self._held.in_transaction():
            return read_ledgers(self._held, self._kind, serials)
        with self._held.begin():
            return read_ledgers(self._held, self._kind, serials)

    def _numbers(self) -> dict[str, object]:
        return msgspec.to_builtins(self._rules)

    @property
    def _held(self) -> Connection:
        """The session that holds the lead: whatever is kept is kept by it, or not at all."""
        assert self._connection is not None
        return self._connection
