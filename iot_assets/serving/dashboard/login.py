"""The way in where keys are asked for: a form that takes a key, and a signed cookie that stands for it afterwards.

Belongs here: the form, and keeping out who has not been let in. Does not: keys and cookies themselves (``api``).
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, quote

from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from iot_assets.serving.api.access import COOKIE, Access
from iot_assets.serving.api.refused import RefusedError

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

HOME: Final = "/dashboard"
_FORM: Final = f"{HOME}/login"
#: Code of the framework, the same for everybody.
CODE: Final = f"{HOME}/_nicegui/"
_OPEN: Final = (_FORM, CODE)
_MOST_BYTES: Final = 4_000
_PAGE: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>iot_assets: log in</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; display: grid; place-items: center; min-height: 90vh; margin: 0; }}
form {{ display: grid; gap: 10px; width: min(22rem, 90vw); }} input, button {{ font: inherit; padding: 8px; }}
.wrong {{ color: light-dark(#b3263e, #f0788c); margin: 0; }} p {{ margin: 0; }}
</style></head><body><main><form method="post"><h1>iot_assets</h1>{wrong}
<label for="key">API key with the scope read</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
<button>Log in</button><p><small><code>iot-assets keys make NAME --scope read</code> makes one.</small></p>
</form></main></body></html>"""


class Guard:
    """Lets nobody to the dashboard's pages, nor to what feeds them, whom the API would not let read."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or to the form."""
        path = scope.get("path", "")
        guarded = scope["type"] in {"http", "websocket"} and (path == HOME or path.startswith(f"{HOME}/"))
        if not guarded or path.startswith(_OPEN):
            await self._app(scope, receive, send)
            return
        try:
            self._access.allow(HTTPConnection(scope), "read")
        except RefusedError as error:
            if scope["type"] == "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1008, "reason": "log in first"})
            elif error.status_code == 401:
                query = scope.get("query_string", b"").decode("latin-1")
                back = quote(path + (f"?{query}" if query else ""), safe="")
                await RedirectResponse(f"{_FORM}?to={back}", 303)(scope, receive, send)
            else:
                refused = HTMLResponse(escape(error.detail), error.status_code, error.headers)
                await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)


def add_login(app: FastAPI, access: Access) -> None:
    """The form's address."""

    def show(request: Request) -> Response:
        del request
        return HTMLResponse(_PAGE.format(wrong=""))

    async def take(request: Request) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > _MOST_BYTES:
                return HTMLResponse("that is no key", 413)
        secret = parse_qs(body.decode("utf-8", "replace")).get("key", [""])[0].strip()
        try:
            cookie = access.log_in(request, secret)
        except RefusedError as error:
            wrong = f'<p class="wrong" role="alert">{escape(error.detail)}</p>'
            return HTMLResponse(_PAGE.format(wrong=wrong), error.status_code, error.headers)
        to = request.query_params.get("to", "")
        answer = RedirectResponse(to if to.startswith(f"{HOME}/") else f"{HOME}/", 303)
        answer.set_cookie(
            COOKIE, cookie.text, max_age=cookie.seconds, httponly=True, samesite="lax",
            secure=request.url.scheme == "https",
        )  # fmt: skip
        return answer

    app.add_api_route(_FORM, show, methods=["GET"], include_in_schema=False)
    app.add_api_route(_FORM, take, methods=["POST"], include_in_schema=False)
