"""Calls by number, and who put a number on the do-not-call list."""

import sqlalchemy as sa
from alembic import op

from dispatcher.mirror.types import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A call whose beginning nobody reported counts from its end.
    op.execute(
        "UPDATE attempts SET begun_at = ended_at, begun_by = 'assumed'"
        " WHERE begun_at IS NULL AND state IN ('finished', 'uncertain')"
    )
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.create_index(
            "attempts_called",
            ["number", "begun_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('dialing', 'finished', 'uncertain')"),
            postgresql_where=sa.text("state IN ('dialing', 'finished', 'uncertain')"),
        )
    op.create_table(
        "do_not_call_changes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("change", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("do_not_call_changes", schema=None) as batch_op:
        batch_op.create_index("do_not_call_changes_by_number", ["number", "id"], unique=False)
    # Until now only the outcome of a call could put a number there.
    with op.batch_alter_table("do_not_call", schema=None) as batch_op:
        batch_op.add_column(sa.Column("added_by", sa.Text(), nullable=False, server_default="dispatcher"))
    with op.batch_alter_table("do_not_call", schema=None) as batch_op:
        batch_op.alter_column("added_by", server_default=None)
    op.execute(
        "INSERT INTO do_not_call_changes (number, change, reason, changed_at, changed_by)"
        " SELECT number, 'added', reason, added_at, added_by FROM do_not_call"
    )
