"""Has schemathesis show the right credentials, and sign messages as senders do."""

import hmac
import json
import os
import uuid

import schemathesis
from requests import PreparedRequest
from requests.auth import AuthBase


class Header(AuthBase):
    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self.value = value

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers[self.name] = self.value
        return request


def with_new_id(body: bytes) -> bytes:
    """The message under an id that no other has: one that was used for other content is refused."""
    try:
        message = json.loads(body)
        known = message["metadata"]["id"]
    except (ValueError, TypeError, KeyError, IndexError):
        return body
    if isinstance(known, str) and 0 < len(known) <= 36 and known.isprintable() and known.strip():
        message["metadata"]["id"] = uuid.uuid4().hex
    elif isinstance(known, (int, float)) and not isinstance(known, bool):
        message["metadata"]["id"] = uuid.uuid4().int >> 80
    else:
        return body
    return json.dumps(message).encode()


class Signature(AuthBase):
    """Hex HMAC-SHA256 of the body as it goes out."""

    def __init__(self, secret: str) -> None:
        self.secret = secret.encode()

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        body = request.body or b""
        body = with_new_id(body.encode() if isinstance(body, str) else body)
        request.prepare_body(body, None)
        signature = hmac.digest(self.secret, body, "sha256").hex()
        request.headers["x-webhook-signature"] = signature
        return request


token = Header("X-Authorization", os.environ["CALLBACK_TOKEN"])
operator = Header("Authorization", "Bearer " + os.environ["ADMIN_TOKEN"])
signature = Signature(os.environ["WEBHOOK_SECRET"])

show = schemathesis.auth.set_from_requests
show(token).apply_to(path_regex="^/api/callback")
show(operator).apply_to(path_regex="^/(admin/|metrics$)")
show(signature).apply_to(path="/webhook/receive")
