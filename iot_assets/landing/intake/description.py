"""What the intake says of itself: an OpenAPI document, and the same as a page that needs nothing from elsewhere.

Belongs here: the words, and turning them into HTML. Does not: what they describe (``app.py``).
"""

from __future__ import annotations

import html
import json
from importlib.metadata import version
from typing import Any, Final

_REFUSALS: Final = {
    400: "The body is empty, broken, or one of its lines is wrong. Nothing of it is taken.",
    404: "A source has up to 200 characters, none of them +, # or a control character.",
    408: "The body was not complete in time. Nothing of it is taken.",
    413: "The body is larger than decode.max_payload_bytes, before or after unpacking. Nothing of it is taken.",
    415: "The content type or the content encoding is not taken here.",
    429: "Too much is being received at once. Nothing was taken; send it again after Retry-After seconds.",
    503: "The disk takes no data, the lander is stopping, or it is full. Send it again after Retry-After seconds.",
}
_DONE: Final = "Everything in the body is durable: it survives any crash from here on."
_ENCODING: Final[dict[str, Any]] = {
    "name": "Content-Encoding",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "enum": ["gzip", "deflate", "identity"]},
}
#: What a body of ``POST /data`` may look like; also the page's example.
_LINES: Final = "1649941817 Voltage 1.34\n1649941818 Current 12\n"
#: Content type → example, for ``POST /ingest/{source}``.
_PAYLOADS: Final = {
    "application/json": '{"device": "pump-1", "temperature": 21.5}',
    "application/x-ndjson": '{"device": "pump-1", "temperature": 21.5}\n{"device": "pump-2", "temperature": 19.0}\n',
    "text/plain": "weather,station=roof temperature=21.5 1649941817000000000\n",
    "application/octet-stream": "",
}


def description() -> dict[str, Any]:
    """The OpenAPI document."""
    yes, no = {"$ref": "#/components/schemas/Success"}, {"$ref": "#/components/schemas/Refusal"}

    def answers(done: str, *refusals: int) -> dict[str, Any]:
        texts = {200: done} | {status: _REFUSALS[status] for status in refusals}
        return {
            str(status): {
                "description": text,
                "content": {"application/json": {"schema": yes if status == 200 else no}},
            }
            for status, text in texts.items()
        }

    return {
        "openapi": "3.1.0",
        "info": {
            "title": "iot_assets: HTTP intake",
            "version": version("iot-assets"),
            "description": "Takes what devices send. An answer of 200 means that it is on disk.",
        },
        "paths": {
            "/data": {
                "post": {
                    "summary": "Lines of epoch, name and value",
                    "description": "All lines of a body are taken, or none: one bad line refuses the whole body.",
                    "parameters": [_ENCODING],
                    "requestBody": {
                        "required": True,
                        "content": {"text/plain": {"schema": {"type": "string"}, "example": _LINES}},
                    },
                    "responses": answers(_DONE, 400, 408, 413, 415, 429, 503),
                }
            },
            "/ingest/{source}": {
                "post": {
                    "summary": "Any payload of any convention",
                    "description": "The body is landed as it is, on the topic /ingest/{source}; routes say how it is"
                    " decoded, and what cannot be decoded is kept with a reason.",
                    "parameters": [
                        {"name": "source", "in": "path", "required": True, "schema": {"type": "string"}},
                        _ENCODING,
                    ],
                    "requestBody": {
                        "required": True,
                        "content": {
                            kind: {"schema": {"type": "string"}} | ({"example": example} if example else {})
                            for kind, example in _PAYLOADS.items()
                        },
                    },
                    "responses": answers(_DONE, 400, 404, 408, 413, 415, 429, 503),
                }
            },
            "/health": {
                "get": {
                    "summary": "Whether anything is taken at the moment",
                    "responses": answers("Bodies are taken.", 503),
                }
            },
        },
        "components": {
            "schemas": {
                "Success": {
                    "type": "object",
                    "properties": {"success": {"const": True}},
                    "required": ["success"],
                },
                "Refusal": {
                    "type": "object",
                    "properties": {
                        "success": {"const": False},
                        "error": {"type": "string", "description": "Why, in a sentence."},
                        "line": {
                            "type": ["integer", "null"],
                            "description": "The line of the body that it is about, counted from 1.",
                        },
                    },
                    "required": ["success", "error", "line"],
                },
            }
        },
    }


def page(address: str) -> str:
    """The document as a page, with commands that work at this address."""
    tree = description()
    parts = [f"<h1>{html.escape(tree['info']['title'])}</h1><p>{html.escape(tree['info']['description'])} "]
    parts.append('The same for programs: <a href="openapi.json">openapi.json</a>.</p>')
    for path, methods in tree["paths"].items():
        for method, operation in methods.items():
            parts.append(f"<h2><code>{method.upper()} {html.escape(path)}</code></h2>")
            parts.append(f"<p>{html.escape(operation['summary'])}. {html.escape(operation.get('description', ''))}</p>")
            parts += [f"<pre>{html.escape(command)}</pre>" for command in _commands(address + path, operation)]
            rows = "".join(
                f"<tr><td>{status}</td><td>{html.escape(answer['description'])}</td></tr>"
                for status, answer in operation["responses"].items()
            )
            parts.append(f"<table>{rows}</table>")
    shapes = json.dumps([{"success": True}, {"success": False, "error": "…", "line": None}], ensure_ascii=False)
    parts.append(f"<h2>Answers</h2><p>One of <code>{html.escape(shapes)}</code></p>")
    return _PAGE.format(title=html.escape(tree["info"]["title"]), body="\n".join(parts))


def _commands(address: str, operation: dict[str, Any]) -> list[str]:
    """A curl command for each example."""
    bodies = operation.get("requestBody", {}).get("content", {})
    if not bodies:
        return [f"curl {address}"]
    address = address.replace("{source}", "greenhouse")
    return [
        f"curl -H 'Content-Type: {kind}' --data-binary $'{_escaped(body['example'])}' {address}"
        for kind, body in bodies.items()
        if "example" in body
    ]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")


_PAGE: Final = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }}
pre {{ background: #f4f4f4; padding: .7rem; overflow-x: auto }}
td {{ padding: .2rem .8rem .2rem 0; vertical-align: top }}
</style></head><body>
{body}
</body></html>
"""
