"""The routes of campaigns."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from dispatcher.clock import Clock
from dispatcher.sandbox.bodies import CampaignChanges, NewCampaign
from dispatcher.sandbox.listing import CampaignListing
from dispatcher.sandbox.store import Document, Store, stamp


class Campaigns:
    """List, create, get, update and delete campaigns of a store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock

    def routes(self) -> list[Route]:
        """Return the routes, relative to the base of the API."""
        return [
            Route("/campaigns", self.page, methods=["GET"]),
            Route("/campaigns", self.create, methods=["POST"]),
            Route("/campaigns/{uuid}", self.get, methods=["GET"]),
            Route("/campaigns/{uuid}", self.update, methods=["PATCH"]),
            Route("/campaigns/{uuid}", self.delete, methods=["DELETE"]),
        ]

    async def page(self, request: Request) -> JSONResponse:
        """Answer a page of campaigns, searched by name and description."""
        listing = CampaignListing.of(request)
        return JSONResponse(listing.answer("campaigns", self.store.campaigns.values(), "name", "description"))

    async def create(self, request: Request) -> JSONResponse:
        """Make a campaign."""
        fields = NewCampaign.fields_of(await request.body())
        now = stamp(self.clock.now())
        return JSONResponse(self.store.add_campaign(**fields, createdAt=now, updatedAt=now), status_code=201)

    async def get(self, request: Request) -> JSONResponse:
        """Answer one campaign."""
        return JSONResponse(campaign_of(self.store, request))

    async def update(self, request: Request) -> JSONResponse:
        """Change the fields that are given; a schedule is replaced whole."""
        raw = await request.body()
        uuid = campaign_of(self.store, request)["uuid"]
        changes = CampaignChanges.fields_of(raw)
        return JSONResponse(self.store.update_campaign(uuid, changes, self.clock.now()))

    async def delete(self, request: Request) -> JSONResponse:
        """Delete a campaign and its orders."""
        self.store.delete_campaign(campaign_of(self.store, request)["uuid"])
        return JSONResponse({"success": True})


def campaign_of(store: Store, request: Request) -> Document:
    """Return the campaign that a request's path names, or answer 404."""
    uuid = request.path_params["uuid"]
    try:
        return store.campaigns[uuid]
    except KeyError:
        raise HTTPException(404, f"There is no campaign {uuid}.") from None
