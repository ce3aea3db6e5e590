from sqlalchemy import Connection, select

from dispatcher.mirror.rows import among
from dispatcher.mirror.tables import phones
from dispatcher.mirror.upsert import put
from tests.integration.mirror.things import NOON


def test_any_number_of_values_is_found_by_one_list(connection: Connection) -> None:
    uuids = [f"phone {place} 'ë\" \\" for place in range(3000)]
    same = {"digest": "d", "document": b"{}", "number": "+12125550100", "status": "active", "mirrored_at": NOON}
    put(connection, phones, {"uuid": uuids, "name": uuids}, same)
    statement = select(phones.c.uuid).where(among(phones.c.uuid, "wanted", connection.dialect.name))
    wanted = [*uuids[1::2], "nobody"]
    assert set(connection.execute(statement, {"wanted": wanted}).scalars()) == set(uuids[1::2])
    assert connection.execute(statement, {"wanted": []}).all() == []
