"""The account that the sandbox's token belongs to."""

from typing import Any


def account(token: str) -> dict[str, Any]:
    """Return what `auth/me` answers for the token."""
    return {
        "token": token,
        "user": {
            "uuid": "user_sandbox",
            "email": "developer@sandbox.example",
            "name": "Sandbox Developer",
            "permissions": [
                "campaigns:read",
                "campaigns:write",
                "phones:read",
                "phones:write",
                "assistants:read",
                "calls:read",
            ],
            "role": "admin",
            "client": {"uuid": "client_sandbox", "name": "Sandbox", "status": "active"},
            "status": "active",
        },
    }
