"""The tables. Each column that is ours, and not the platform's, says so."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from dispatcher.mirror.types import Instant

metadata = MetaData()

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""An order that waits for nothing is due since then."""

campaigns = Table(
    "campaigns",
    metadata,
    Column("uuid", String, primary_key=True),
    Column("name", Text, nullable=False),
    Column("status", String, nullable=False),
    Column("type", String, nullable=False),
    Column("timezone", String),
    Column("schedule", JSON(none_as_null=True)),
    Column("phone", String),
    Column("assistant", String),
    Column("fault", Text),
    Column("document", JSON, nullable=False),  # as it came, unknown fields included
    Column("digest", String, nullable=False),  # of the document
    Column("mirrored_at", Instant, nullable=False),
    Column("removed_at", Instant),
    Column("orders_synced_at", Instant),  # ours: the end of the last whole reading of its orders
    Column("unlisted_at", Instant),  # ours: since when the platform does not list it, and its removal is refused
    Column("orders_seen_at", Instant),  # ours: when some of its orders were last read
    Column("orders_imported_at", Instant),  # ours: when a file last brought orders for it
)

phones = Table(
    "phones",
    metadata,
    Column("uuid", String, primary_key=True),
    Column("name", Text, nullable=False),
    Column("number", String, nullable=False),
    Column("country", String),
    Column("provider", String),
    Column("status", String, nullable=False),
    Column("fault", Text),
    Column("document", JSON, nullable=False),
    Column("digest", String, nullable=False),
    Column("mirrored_at", Instant, nullable=False),
    Column("removed_at", Instant),
    Column("unlisted_at", Instant),  # ours: as with campaigns
)

orders = Table(
    "orders",
    metadata,
    Column("uuid", String, primary_key=True),
    Column("campaign", String, nullable=False),
    Column("status", String, nullable=False),  # in the one vocabulary of model.order
    Column("number", String),  # as the platform gives it
    Column("e164", String),  # ours: the number, if it is one
    Column("country", String),
    Column("scheduled_at", Instant),
    Column("instructions", Text),
    Column("record", String),
    Column("record_name", Text),
    Column("fault", Text),
    Column("document", JSON, nullable=False),
    Column("digest", String, nullable=False),
    Column("mirrored_at", Instant, nullable=False),
    Column("removed_at", Instant),
    # The rest is ours.
    Column("dialable", Boolean, nullable=False),  # the status allows a call and the number is one
    Column("rank", Integer, nullable=False),  # callbacks before retries before new orders
    Column("due_at", Instant, nullable=False),  # the latest of scheduled_at, retry_at and held_until
    Column("retry_at", Instant),  # no new attempt before this
    Column("held_until", Instant),  # a rule for the recipient forbids a call until then
    Column("held_code", String),  # that rule's reason code
    Column("attempts", Integer, nullable=False, default=0),  # begun ones
    Column("closed_as", String),  # the outcome that finished it here, or `exhausted`
    Column("closed_at", Instant),
    Column("live_job", String),  # the attempt that holds it
    Column("unlisted_at", Instant),  # since when the platform's lists of orders that may be called lack it
    Column("imported_at", Instant),  # when a file brought it; None for the platform's orders
)

order_reports = Table(
    "order_reports",
    metadata,
    Column("order", String, primary_key=True),
    Column("campaign", String, nullable=False),
    Column("status", String, nullable=False),  # what the platform is to be told, in its own words
    Column("since", Instant, nullable=False),  # when that became so
    Column("tries", Integer, nullable=False),
    Column("next_at", Instant, nullable=False),  # not before this
    Column("fault", Text),  # why the last try failed
    Column("given_up_at", Instant),
)

attempts = Table(
    "attempts",
    metadata,
    Column("job", String, primary_key=True),
    Column("order", String, nullable=False),
    Column("campaign", String, nullable=False),
    Column("phone", String, nullable=False),
    Column("number", String, nullable=False),  # E.164
    Column("ordinal", Integer, nullable=False),  # 1 for the order's first attempt
    Column("state", String, nullable=False),
    Column("basis", String, nullable=False),  # what of campaign, phone and order it was queued by
    Column("not_after", Instant, nullable=False),
    Column("entry", String),  # its id in the phone's stream
    Column("created_at", Instant, nullable=False),
    Column("queued_at", Instant),
    Column("begun_at", Instant),
    Column("begun_by", String),  # `worker`: it said so; `observed`: its document is gone; `assumed`: at its end
    Column("ended_at", Instant),
    Column("outcome", String),
    Column("outcome_word", String),  # as the worker wrote it
    Column("detail", Text),
    Column("call_id", String),
    Column("why", String),  # why it was revoked, expired or became uncertain
    Column("decision", JSON),  # why it was allowed at that time
    Column("settled_at", Instant),  # when an uncertain one was finished or released by somebody else than its worker
    Column("settled_by", Text),  # a person, or `platform`
    Column("settled_why", Text),
)

brakes = Table(
    "brakes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("scope", String, nullable=False),  # campaign, phone or all
    Column("target", String),
    Column("reason", Text, nullable=False),
    Column("placed_at", Instant, nullable=False),
    Column("lifted_at", Instant),
)

do_not_call = Table(
    "do_not_call",
    metadata,
    Column("number", String, primary_key=True),  # E.164
    Column("reason", Text, nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("added_by", Text, nullable=False),  # a person, or `dispatcher`
)

do_not_call_changes = Table(
    "do_not_call_changes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("number", String, nullable=False),
    Column("change", String, nullable=False),  # added or removed
    Column("reason", Text, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("changed_by", Text, nullable=False),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", String, nullable=False),  # the job, or the phone and id of a report: each is kept once
    Column("reason", String, nullable=False),  # see model.dead_letter
    Column("at", Instant, nullable=False),
    Column("phone", String, nullable=False),
    Column("job", String),
    Column("order", String),  # the order that was closed; without one, a report that could not be applied
    Column("campaign", String),
    Column("detail", Text),
    Column("words", JSON, nullable=False),  # what the worker reported, as it came
    sqlite_autoincrement=True,  # an id that somebody has noted down never comes to mean another letter
)

breakers = Table(
    "breakers",
    metadata,
    Column("scope", String, primary_key=True),  # phone or assistant
    Column("target", String, primary_key=True),
    Column("since", Instant, nullable=False),  # when the pause began, was prolonged or ended
    Column("until", Instant, nullable=False),  # no call is placed before this
    Column("times", Integer, nullable=False),  # pauses in a row without a good call; 0 when over
    Column("failed", Integer, nullable=False),  # of the calls below, by which the first of them began
    Column("calls", Integer, nullable=False),
)

sync_passes = Table(
    "sync_passes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String, nullable=False),  # campaigns (with phones) or orders
    Column("started_at", Instant, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("counts", JSON, nullable=False),
    Column("fault", Text),
)

sync_changes = Table(
    "sync_changes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("pass", Integer, nullable=False),
    Column("kind", String, nullable=False),  # campaigns, phones or orders
    Column("uuid", String, nullable=False),
    Column("name", Text),
    Column("change", String, nullable=False),  # added, changed, removed or refused
    Column("before", JSON),  # the fields that changed, as they were
    Column("after", JSON),  # and as they are
)

daemon = Table(
    "daemon",
    metadata,
    Column("id", Integer, primary_key=True),  # always 1
    Column("epoch", Integer, nullable=False),  # one more at every start; the hopper refuses an older one
    Column("run_id", String),  # of the Redis server that the hopper was last seen on
    Column("keeps_all", Boolean),  # that server forgot nothing in a restart, by what it said of itself
    Column("host", String, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("beat_at", Instant, nullable=False),  # the daemon's last sign of life
    Column("conditions", JSON, nullable=False),  # what keeps it from queueing, by reason code
    Column("withheld", JSON),  # what keeps it from queueing on single phones, by their uuids
)

_HOLDING = "state IN ('intent', 'queued', 'dialing', 'uncertain')"
_LIVE = "state IN ('intent', 'queued', 'dialing')"
_CALLED = "state IN ('dialing', 'finished', 'uncertain')"
_WAITING = "dialable AND live_job IS NULL AND closed_as IS NULL AND removed_at IS NULL"


def _partial(name: str, *columns: Column[object], where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


Index("campaigns_by_time", campaigns.c.mirrored_at)
_partial("campaigns_removed", campaigns.c.removed_at, where="removed_at IS NOT NULL")
_partial("campaigns_at_fault", campaigns.c.uuid, where="fault IS NOT NULL")
_partial("one_attempt_holds_an_order", attempts.c.order, where=_HOLDING, unique=True)
_partial("one_live_attempt_per_number", attempts.c.number, where=_LIVE, unique=True)
_partial("attempts_holding", attempts.c.phone, attempts.c.state, where=_HOLDING)
_partial("attempts_called", attempts.c.number, attempts.c.begun_at, where=_CALLED)
_partial("attempts_begun", attempts.c.phone, attempts.c.begun_at, where=_CALLED)
Index("attempts_by_order", attempts.c.order)
Index("attempts_by_campaign", attempts.c.campaign, attempts.c.created_at)
Index("attempts_by_time", attempts.c.created_at)
_partial("orders_waiting", orders.c.campaign, orders.c.rank, orders.c.due_at, orders.c.uuid, where=_WAITING)
_partial("orders_held", orders.c.live_job, where="live_job IS NOT NULL")
Index("orders_by_campaign", orders.c.campaign)
Index("orders_by_number", orders.c.e164)
_partial("order_reports_owed", order_reports.c.next_at, where="given_up_at IS NULL")
_partial("brakes_on", brakes.c.scope, brakes.c.target, where="lifted_at IS NULL")
Index("do_not_call_changes_by_number", do_not_call_changes.c.number, do_not_call_changes.c.id)
Index("dead_letters_by_source", dead_letters.c.source, unique=True)
Index("dead_letters_by_order", dead_letters.c.order)
Index("sync_passes_by_kind", sync_passes.c.kind, sync_passes.c.id)
Index("sync_changes_by_pass", sync_changes.c["pass"])
Index("sync_changes_by_thing", sync_changes.c.uuid, sync_changes.c.id)
