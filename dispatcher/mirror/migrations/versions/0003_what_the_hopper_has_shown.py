"""What the hopper has shown: caps, circuit breakers, dead letters, and calls whose fate a person decides."""

import sqlalchemy as sa
from alembic import op

from dispatcher.mirror.types import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("job", sa.String(), nullable=True),
        sa.Column("order", sa.String(), nullable=True),
        sa.Column("campaign", sa.String(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("dead_letters", schema=None) as batch_op:
        batch_op.create_index("dead_letters_by_source", ["source"], unique=True)
        batch_op.create_index("dead_letters_by_order", ["order"], unique=False)
    op.create_table(
        "breakers",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "target"),
    )
    for table in ("campaigns", "phones"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("unlisted_at", Instant(), nullable=True))
    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.add_column(sa.Column("orders_seen_at", Instant(), nullable=True))
        batch_op.add_column(sa.Column("orders_imported_at", Instant(), nullable=True))
        batch_op.create_index("campaigns_by_time", ["mirrored_at"], unique=False)
        removed, faulty = sa.text("removed_at IS NOT NULL"), sa.text("fault IS NOT NULL")
        batch_op.create_index(
            "campaigns_removed", ["removed_at"], unique=False, sqlite_where=removed, postgresql_where=removed
        )
        batch_op.create_index(
            "campaigns_at_fault", ["uuid"], unique=False, sqlite_where=faulty, postgresql_where=faulty
        )
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unlisted_at", Instant(), nullable=True))
        batch_op.add_column(sa.Column("imported_at", Instant(), nullable=True))
    op.create_table(
        "order_reports",
        sa.Column("order", sa.String(), nullable=False),
        sa.Column("campaign", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", Instant(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("given_up_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("order"),
    )
    with op.batch_alter_table("order_reports", schema=None) as batch_op:
        owed = sa.text("given_up_at IS NULL")
        batch_op.create_index("order_reports_owed", ["next_at"], unique=False, sqlite_where=owed, postgresql_where=owed)
    op.create_table(
        "sync_changes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("pass", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("uuid", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("change", sa.String(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sync_changes", schema=None) as batch_op:
        batch_op.create_index("sync_changes_by_pass", ["pass"], unique=False)
        batch_op.create_index("sync_changes_by_thing", ["uuid", "id"], unique=False)
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("settled_at", Instant(), nullable=True))
        batch_op.add_column(sa.Column("settled_by", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("settled_why", sa.Text(), nullable=True))
        called = sa.text("state IN ('dialing', 'finished', 'uncertain')")
        batch_op.create_index(
            "attempts_begun", ["phone", "begun_at"], unique=False, sqlite_where=called, postgresql_where=called
        )
    with op.batch_alter_table("daemon", schema=None) as batch_op:
        batch_op.add_column(sa.Column("keeps_all", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("withheld", sa.JSON(), nullable=True))
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.create_index(
            "orders_held",
            ["live_job"],
            unique=False,
            sqlite_where=sa.text("live_job IS NOT NULL"),
            postgresql_where=sa.text("live_job IS NOT NULL"),
        )
