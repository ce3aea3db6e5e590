"""What the hopper has shown: caps, circuit breakers, dead letters, and calls whose fate a person decides."""

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
