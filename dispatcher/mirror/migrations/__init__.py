"""Alembic migrations, applied by `dispatcher db upgrade` and by the daemon when it starts."""
