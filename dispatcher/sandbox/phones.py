"""The routes of phones."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from dispatcher.clock import Clock
from dispatcher.sandbox.bodies import NewPhone, PhoneChanges
from dispatcher.sandbox.listing import PhoneListing
from dispatcher.sandbox.store import Store, stamp


class Phones:
    """List, register, get, update and delete phones of a store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock

    def routes(self) -> list[Route]:
        """Return the routes, relative to the base of the API."""
        return [
            Route("/phones", self.page, methods=["GET"]),
            Route("/phones", self.register, methods=["POST"]),
            Route("/phones/{uuid}", self.get, methods=["GET"]),
            Route("/phones/{uuid}", self.update, methods=["PATCH"]),
            Route("/phones/{uuid}", self.delete, methods=["DELETE"]),
        ]

    async def page(self, request: Request) -> JSONResponse:
        """Answer a page of phones, searched by number, name and provider."""
        listing = PhoneListing.of(request)
        return JSONResponse(listing.answer("phones", self.store.phones.values(), "number", "name", "provider"))

    async def register(self, request: Request) -> JSONResponse:
        """Register a phone; it is active at once, as in the reference's answer."""
        fields = NewPhone.fields_of(await request.body())
        now = stamp(self.clock.now())
        return JSONResponse(self.store.add_phone(**fields, createdAt=now, updatedAt=now), status_code=201)

    async def get(self, request: Request) -> JSONResponse:
        """Answer one phone."""
        return JSONResponse(self.store.phones[self._uuid(request)])

    async def update(self, request: Request) -> JSONResponse:
        """Change the fields that are given."""
        raw = await request.body()
        uuid = self._uuid(request)
        changes = PhoneChanges.fields_of(raw)
        return JSONResponse(self.store.update_phone(uuid, changes, self.clock.now()))

    async def delete(self, request: Request) -> JSONResponse:
        """Delete a phone and unassign it from campaigns."""
        self.store.delete_phone(self._uuid(request), self.clock.now())
        return JSONResponse({"success": True, "message": "Phone number deleted successfully"})

    def _uuid(self, request: Request) -> str:
        uuid: str = request.path_params["uuid"]
        if uuid not in self.store.phones:
            raise HTTPException(404, f"There is no phone {uuid}.")
        return uuid
