"""Every metric, in one place. All names begin with `dispatcher_`; times are in seconds."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

QUEUED = Counter("dispatcher_calls_queued", "Calls put into the hopper", registry=REGISTRY)
OUTCOMES = Counter("dispatcher_call_outcomes", "Outcomes applied", ["outcome"], registry=REGISTRY)
TAKEN_BACK = Counter(
    "dispatcher_calls_taken_back", "Calls taken back before anyone began them", ["why"], registry=REGISTRY
)
UNCERTAIN = Counter("dispatcher_calls_uncertain", "Calls of which nothing was heard any more", registry=REGISTRY)
REPORTS_REFUSED = Counter(
    "dispatcher_reports_refused", "Reports of workers that changed nothing", ["why"], registry=REGISTRY
)
DEAD_LETTERS = Gauge(
    "dispatcher_dead_letters",
    "Orders that failed for good, and reports that fit nothing",
    ["reason"],
    registry=REGISTRY,
)
WOULD_BLOCK = Counter(
    "dispatcher_calling_rules_would_block",
    "Calls that a rule in shadow would have forbidden",
    ["rule"],
    registry=REGISTRY,
)
BREAKER_PAUSES = Counter(
    "dispatcher_breaker_pauses", "Pauses of phones and assistants whose calls failed", ["scope"], registry=REGISTRY
)
RESTING = Gauge(
    "dispatcher_breakers_resting",
    "Phones and assistants paused or tried because calls failed",
    ["scope"],
    registry=REGISTRY,
)
LOST = Counter(
    "dispatcher_hopper_losses", "Times that Redis had forgotten a queue or was another one", registry=REGISTRY
)
RECONCILED = Counter(
    "dispatcher_reconcile_findings",
    "Differences between SQL and Redis: repaired, or held for a person",
    ["kind", "done"],
    registry=REGISTRY,
)

ORDERS_REPORTED = Counter(
    "dispatcher_orders_reported",
    "Tries to tell the platform an order's status (report.orders)",
    ["result"],
    registry=REGISTRY,
)
ORDERS_OWED = Gauge(
    "dispatcher_orders_owed", "Orders of whose last call the platform is still to be told", registry=REGISTRY
)
ORDERS_GIVEN_UP = Gauge(
    "dispatcher_orders_given_up", "Orders of whose last call the platform could not be told", registry=REGISTRY
)

SYNC_PASSES = Counter("dispatcher_sync_passes", "Sync passes", ["kind", "ok"], registry=REGISTRY)
SYNC_SECONDS = Histogram("dispatcher_sync_seconds", "Duration of sync passes", ["kind"], registry=REGISTRY)
SYNC_REFUSED = Gauge("dispatcher_sync_refused", "Malformed documents in the last pass", ["kind"], registry=REGISTRY)
MIRROR_AGE = Gauge("dispatcher_mirror_age_seconds", "Age of the mirror of campaigns and phones", registry=REGISTRY)

CAMPAIGNS = Gauge(
    "dispatcher_campaigns", "Campaigns by what stands first against dialling", ["reason"], registry=REGISTRY
)
CAMPAIGN_NOTES = Gauge(
    "dispatcher_campaign_notes", "Campaigns with this note of the last sync pass", ["code"], registry=REGISTRY
)
LIVE = Gauge("dispatcher_attempts_live", "Attempts that take up a slot", ["state"], registry=REGISTRY)
HELD = Gauge(
    "dispatcher_attempts_uncertain",
    "Calls that are held because nobody knows what became of them: after a loss of Redis, or a dialer's silence",
    ["since"],
    registry=REGISTRY,
)
SKEW = Gauge("dispatcher_clock_skew_seconds", "Clocks minus the host's", ["clock"], registry=REGISTRY)
CONDITIONS = Gauge(
    "dispatcher_condition", "1 while this keeps everything from being queued", ["code"], registry=REGISTRY
)

LOOP_SECONDS = Histogram("dispatcher_loop_seconds", "Duration of one turn of a loop", ["loop"], registry=REGISTRY)
LOOP_FAULTS = Counter("dispatcher_loop_faults", "Turns of a loop that failed", ["loop"], registry=REGISTRY)
