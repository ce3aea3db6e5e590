"""A platform that misbehaves as it is told to, or at random, while its campaigns change."""

from collections import defaultdict
from collections.abc import Iterable
from random import Random
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Document = dict[str, Any]

FAULTS = (
    *("trouble", "throttled", "truncated", "html", "hangs", "redirects", "resets", "not_found"),
    *("shifts", "repeats", "lies_about_total", "half", "smaller_pages", "endless", "null_items", "no_envelope"),
)
"""Each way in which one answer may be wrong."""


def campaign(uuid: str, **fields: Any) -> Document:
    document = {
        "uuid": uuid,
        "name": uuid,
        "status": "active",
        "type": "outbound",
        "timezone": "UTC",
        "schedule": {"mon": {"start": "09:00", "end": "17:00"}},
        "outboundPhoneUuid": "p1",
        "outboundAssistantUuid": "a1",
    }
    return document | fields


class Platform:
    """An application that serves campaigns and phones; `faults` are drawn from for each answer, unless it is well."""

    def __init__(self, seed: int = 0) -> None:
        self.campaigns: dict[str, Document] = {}
        self.phones: dict[str, Document] = {
            "p1": {"uuid": "p1", "name": "Main", "number": "+16054440129", "status": "active"}
        }
        self.orders: dict[str, dict[str, Document]] = defaultdict(dict)  # by campaign
        self.ignores_status = False
        self.refuses_status = False
        self.faults: tuple[str, ...] = ()
        self.often = 0.3
        self.tags = False
        self.answered_304 = 0
        self.fails_at_page = 0
        self.fails_by = "trouble"
        self.lacks_orders_of = ""
        self.requests: list[str] = []
        self.held: dict[str, list[Document]] = defaultdict(list)  # every state of a campaign since `forget`
        self._random = Random(seed)  # noqa: S311 (a seed repeats it)
        self._made = 0

    def put(self, *documents: Document) -> None:
        for document in documents:
            self.campaigns[document["uuid"]] = document
            self.held[document["uuid"]].append(document)

    def order(self, campaign: str, uuid: str, status: str = "planned", **fields: Any) -> None:
        number = f"+1212555{int(uuid.removeprefix('o')) % 10_000:04d}"
        self.orders[campaign][uuid] = {
            "uuid": uuid,
            "campaignUuid": campaign,
            "status": status,
            "scheduledTime": None,
            "record": {"uuid": f"r-{uuid}", "name": None, "phoneNumber": number},
        } | fields

    def delete(self, uuid: str) -> None:
        self.campaigns.pop(uuid, None)

    def forget(self) -> None:
        """Remember states from now on."""
        self.requests.clear()
        self.held.clear()
        self.put(*self.campaigns.values())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = request.url.path.removeprefix("/api/")
        self.requests.append(f"{path}?{request.url.query}" if request.url.query else path)
        fault = self._random.choice(self.faults) if self.faults and self._random.random() < self.often else None
        if fault == "hangs":
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        if fault == "resets":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
            await send({"type": "http.response.body", "body": b"{", "more_body": True})
            raise ConnectionResetError
        await self._answer(request, path, fault)(scope, receive, send)

    def _answer(self, request: Request, path: str, fault: str | None) -> Response:
        if self.fails_at_page and request.query_params.get("page") == str(self.fails_at_page):
            fault = self.fails_by
        if fault == "not_found" and "page" in request.query_params:
            return Response("{}", 404)
        return self._refusal(fault) or self._document(request, path, fault)

    def _refusal(self, fault: str | None) -> Response | None:
        answers = {
            "trouble": Response("<h1>oops</h1>", self._random.choice([500, 502, 503])),
            "throttled": Response("{}", 429, {"Retry-After": "0"}),
            "refuses_token": Response("{}", 401),
            "html": Response("<html>Sign in</html>", 200, {"Content-Type": "text/html"}),
            "redirects": Response("", 302, {"Location": "http://elsewhere.invalid/"}),
        }
        return answers.get(fault or "")

    def _document(self, request: Request, path: str, fault: str | None) -> Response:
        kind, _, uuid = path.partition("/")
        things = self.campaigns if kind == "campaigns" else self.phones
        if uuid.endswith("/orders"):
            if uuid == f"{self.lacks_orders_of}/orders":
                return Response("{}", 404)
            kind, things, uuid = "orders", self.orders[uuid.removesuffix("/orders")], ""
        if self.refuses_status and "status" in request.query_params:
            return Response("{}", 422)
        document = self._page(kind, things, request, fault) if not uuid else things.get(uuid)
        if document is None:
            return Response("{}", 404)
        body = orjson.dumps(document)
        if fault == "truncated":
            return Response(body[: len(body) // 2], 200)
        tag = f'"{hash(body)}"'
        if self.tags and request.headers.get("if-none-match") == tag:
            self.answered_304 += 1
            return Response(status_code=304, headers={"ETag": tag})
        return Response(body, 200, {"ETag": tag} if self.tags else {})

    def _page(self, kind: str, things: dict[str, Document], request: Request, fault: str | None) -> Any:
        number, limit = int(request.query_params["page"]), int(request.query_params["limit"])
        status = request.query_params.get("status")
        if fault == "shifts" and kind == "campaigns":
            self._shift()
        if kind == "orders" and self.ignores_status:
            status = None
        listed = [one for one in things.values() if status is None or one["status"] == status]
        if fault == "half":
            listed = listed[: len(listed) // 2]
        if fault == "smaller_pages":
            limit = max(1, limit // 3)
        start = (number - 1) * limit
        items: list[Any] = listed[start : start + limit]
        total = len(listed)
        if fault == "repeats" and items:
            items = [items[-1], *items[1:]]
        if fault == "null_items":
            items = [None, *items[1:]]
        if fault == "lies_about_total":
            total += self._random.choice([-1, 1, 1000])
        pages = -(-len(listed) // limit)
        if fault == "endless":
            pages, items = number + 1, items or listed[:1]
        if fault == "no_envelope":
            return items
        return {kind: items, "total": max(0, total), "page": number, "limit": limit, "totalPages": pages}

    def _shift(self) -> None:
        """Let somebody add, change or delete a campaign in this very moment."""
        self._made += 1
        match self._random.choice(["add", "pause", "delete"]):
            case "add":
                new = campaign(f"new-{self._made}")
                self.held[new["uuid"]].append(new)
                self.campaigns = {new["uuid"]: new, **self.campaigns}
            case "pause" if self.campaigns:
                uuid = self._random.choice(list(self.campaigns))
                self.put(self.campaigns[uuid] | {"status": "paused"})
            case "delete" if self.campaigns:
                self.delete(self._random.choice(list(self.campaigns)))


def statuses(documents: Iterable[Document]) -> set[str]:
    return {document["status"] for document in documents}
