import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from dispatcher.clock import Clock
from dispatcher.errors import ConfigurationError
from dispatcher.mirror.database import Database
from dispatcher.mirror.lock import Alone, Lock, alone, hold_dispatching
from tests.servers import Postgres, end_sessions


def test_what_one_holds_no_other_takes_until_it_lets_go(database: Database) -> None:
    first, second = Lock(database, Alone.SYNC), Lock(database, Alone.SYNC)
    assert first.take()
    assert not second.take()
    first.release()
    assert second.take()
    second.release()


def test_different_work_does_not_wait(database: Database) -> None:
    first, second = Lock(database, Alone.SYNC), Lock(database, Alone.ORDERS)
    assert first.take()
    assert second.take()
    first.release()
    second.release()


async def test_a_second_daemon_is_refused_by_name(database: Database) -> None:
    running = await hold_dispatching(database)
    with pytest.raises(ConfigurationError, match="another dispatcher is running"):
        await hold_dispatching(database)
    running.release()
    (await hold_dispatching(database)).release()


async def test_the_lock_of_a_finished_piece_of_work_is_free(database: Database) -> None:
    async with alone(database, Alone.SYNC, Clock()):
        assert not Lock(database, Alone.SYNC).take()
    lock = Lock(database, Alone.SYNC)
    assert lock.take()
    lock.release()


def test_a_lock_whose_session_has_ended_is_taken_again_unless_somebody_else_was_quicker(
    postgres_server: Postgres,
) -> None:
    url = postgres_server.fresh()
    with closing(Database(url)) as database:
        mine, other = Lock(database, Alone.DISPATCHING), Lock(database, Alone.DISPATCHING)
        assert mine.take()
        assert mine.keep()
        end_sessions(url)
        assert mine.keep()
        assert not other.take()
        end_sessions(url)
        assert other.take()
        assert not mine.keep()
        other.release()
        assert mine.keep()
        mine.release()


def test_the_lock_of_a_file_is_kept_for_as_long_as_it_is_not_let_go(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path / 'mirror.db'}")) as database:
        mine, other = Lock(database, Alone.DISPATCHING), Lock(database, Alone.DISPATCHING)
        assert mine.take()
        assert mine.keep()
        assert not other.take()
        mine.release()


def test_a_killed_holder_holds_nothing(database: Database, empty_url: str) -> None:
    program = (
        "import sys; from dispatcher.mirror.database import Database; from dispatcher.mirror.lock import Alone, Lock\n"
        "lock = Lock(Database(sys.argv[1]), Alone.DISPATCHING)\n"
        "print(lock.take(), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, empty_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"True\n"
        lock = Lock(database, Alone.DISPATCHING)
        assert not lock.take()
        holder.kill()
        holder.wait()
        # PostgreSQL ends the session when it notices that its client is gone.
        until = time.monotonic() + 60
        while not lock.take():
            assert time.monotonic() < until, "the lock outlived its holder"
            time.sleep(0.01)
        lock.release()
