"""Speaks to Superset's REST API as an administrator."""

from __future__ import annotations

import json
from typing import Any

import requests

from server import Server

SECONDS = 120


class ApiError(Exception):
    """Superset refused something; the message holds its answer."""


class Client:
    """A session of the REST API."""

    def __init__(self, server: Server) -> None:
        self.address = server.address
        self.session = requests.Session()
        # Proxies of the surroundings are not for the loopback address.
        self.session.trust_env = False
        who = {"username": server.user, "password": server.password, "provider": "db"}
        token = self.post("security/login", json={**who, "refresh": False})["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"
        self.session.headers["Referer"] = self.address
        self.session.headers["X-CSRFToken"] = self.get("security/csrf_token/")["result"]

    def get(self, path: str) -> dict[str, Any]:
        """Ask for something."""
        return self._answer(
            self.session.get(f"{self.address}/api/v1/{path}", timeout=SECONDS), path
        )

    def post(self, path: str, **more: Any) -> dict[str, Any]:
        """Send something."""
        return self._answer(
            self.session.post(f"{self.address}/api/v1/{path}", timeout=SECONDS, **more), path
        )

    def take_in(self, bundle: bytes) -> None:
        """Import a bundle as the list of dashboards does: charts that are there stay."""
        self.post(
            "dashboard/import/",
            files={"formData": ("footfall.zip", bundle, "application/zip")},
            data={"overwrite": "true"},
        )

    def take_over(self, bundle: bytes) -> None:
        """Import a bundle over whatever is there of it."""
        self.post("assets/import/", files={"bundle": ("footfall.zip", bundle, "application/zip")})

    def ids(self, kind: str) -> dict[str, int]:
        """Ids of all charts or datasets by their fixed UUIDs."""
        query = "(columns:!(id,uuid),page_size:-1)"
        return {row["uuid"]: row["id"] for row in self.get(f"{kind}/?q={query}")["result"]}

    def metrics(self, dataset: int, names: list[str]) -> dict[str, Any]:
        """Values of metrics over a whole dataset, not from a cache."""
        answer = self.data(
            {
                "datasource": {"id": dataset, "type": "table"},
                "queries": [{"metrics": names, "columns": [], "row_limit": 1}],
                "result_format": "json",
                "result_type": "full",
            }
        )
        row: dict[str, Any] = answer["data"][0]
        return row

    def data(self, query: dict[str, Any]) -> dict[str, Any]:
        """The result of one query of a chart."""
        (result,) = self.post("chart/data", json={**query, "force": True})["result"][:1]
        if result.get("error"):
            raise ApiError(result["error"])
        found: dict[str, Any] = result
        return found

    def _answer(self, response: requests.Response, path: str) -> dict[str, Any]:
        if not response.ok:
            raise ApiError(f"{path}: {response.status_code} {response.text[:2000]}")
        answer: dict[str, Any] = json.loads(response.text)
        return answer
