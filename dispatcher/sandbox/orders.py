"""The routes of a campaign's orders.

The provider's pages show how to list and create orders. PATCH and DELETE of one order, and GET of one, are the
sandbox's own: no page documents them, and a real account may not have them. They are here so that people can change
orders while they develop a dialer, as a user would in the studio.
"""

from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from dispatcher.sandbox.bodies import NewOrder, OrderChanges
from dispatcher.sandbox.campaigns import campaign_of
from dispatcher.sandbox.listing import OrderListing
from dispatcher.sandbox.store import Document, Store


class Orders:
    """List, create, get, update and delete orders of a store's campaigns."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def routes(self) -> list[Route]:
        """Return the routes, relative to the base of the API."""
        return [
            Route("/campaigns/{uuid}/orders", self.page, methods=["GET"]),
            Route("/campaigns/{uuid}/orders", self.create, methods=["POST"]),
            Route("/campaigns/{uuid}/orders/{order}", self.get, methods=["GET"]),
            Route("/campaigns/{uuid}/orders/{order}", self.update, methods=["PATCH"]),
            Route("/campaigns/{uuid}/orders/{order}", self.delete, methods=["DELETE"]),
        ]

    async def page(self, request: Request) -> JSONResponse:
        """Answer a page of orders, searched by the record's name and number; `status` matches the order's own word."""
        orders = self._orders(request)
        listing = OrderListing.of(request)
        return JSONResponse(listing.answer("orders", orders.values(), "record.name", "record.phoneNumber"))

    async def create(self, request: Request) -> JSONResponse:
        """Make a record and its order."""
        raw = await request.body()
        campaign = campaign_of(self.store, request)["uuid"]
        fields = NewOrder.fields_of(raw)
        given = fields.pop("record")
        parts = [part for part in (given.get("firstName"), given.get("lastName")) if part]
        record = {
            "uuid": str(uuid4()),
            "name": given.get("name") or " ".join(parts) or None,
            "phoneNumber": given["phoneNumber"],
        }
        return JSONResponse(self.store.add_order(campaign, **fields, record=record), status_code=201)

    async def get(self, request: Request) -> JSONResponse:
        """Answer one order."""
        return JSONResponse(self._orders(request)[self._uuid(request)])

    async def update(self, request: Request) -> JSONResponse:
        """Change the fields that are given."""
        raw = await request.body()
        order = self._orders(request)[self._uuid(request)]
        order.update(OrderChanges.fields_of(raw))
        return JSONResponse(order)

    async def delete(self, request: Request) -> JSONResponse:
        """Delete an order."""
        del self._orders(request)[self._uuid(request)]
        return JSONResponse({"success": True})

    def _orders(self, request: Request) -> dict[str, Document]:
        return self.store.orders[campaign_of(self.store, request)["uuid"]]

    def _uuid(self, request: Request) -> str:
        uuid: str = request.path_params["order"]
        if uuid not in self._orders(request):
            raise HTTPException(404, f"There is no order {uuid} in campaign {request.path_params['uuid']}.")
        return uuid
