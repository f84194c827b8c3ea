"""Airflow's REST API, version 2, as its only user.

Takes a path and JSON, gives what Airflow answers, never shows the password or the token.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from apod_pipeline.errors import ApodError

if TYPE_CHECKING:
    from types import TracebackType

    import httpx

_SECONDS = 30.0


class RestError(ApodError):
    """Airflow answered with an error.

    Attributes:
        status: HTTP's code for it.
    """

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"{response.request.method} {response.url.path}: {response.status_code} {response.text[:500]}")
        self.status = response.status_code


class RestApi:
    """The API of the server at an address; paths begin behind `/api/v2`.

    Args:
        url: Of the API server.
        user: The user's name.
        password: And password.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        import httpx

        self._login = {"username": user, "password": password}
        # no proxy of the user's surroundings stands between this machine and itself
        self._client = httpx.Client(base_url=url, timeout=_SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    @cached_property
    def token(self) -> str:
        """A token for `Authorization: Bearer`, good for a day."""
        return str(self._answer(self._client.post("/auth/token", json=self._login))["access_token"])

    def get(self, path: str, **parameters: Any) -> Any:
        """What is there.

        Raises:
            RestError: Airflow says no; `status` is 404 where nothing is.
        """
        return self._ask("GET", path, params=parameters)

    def post(self, path: str, content: dict[str, Any]) -> Any:
        """Make something."""
        return self._ask("POST", path, json=content)

    def patch(self, path: str, content: dict[str, Any]) -> Any:
        """Change something."""
        return self._ask("PATCH", path, json=content)

    def has(self, path: str) -> bool:
        """Whether something is there."""
        try:
            self.get(path)
        except RestError as error:
            if error.status != 404:
                raise
            return False
        return True

    def health(self) -> dict[str, dict[str, Any]]:
        """How the parts are, by name; nothing while the API server does not answer."""
        import httpx

        try:
            return dict(self._answer(self._client.get("/api/v2/monitor/health")))
        except (httpx.TransportError, RestError):
            return {}

    def warm(self) -> None:
        """Let the API server load what the first task would wait for."""
        self._client.get("/execution/health")

    def _ask(self, method: str, path: str, **content: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self._answer(self._client.request(method, f"/api/v2{path}", headers=headers, **content))

    @staticmethod
    def _answer(response: httpx.Response) -> Any:
        if response.is_error:
            raise RestError(response)
        return response.json() if response.content else None
