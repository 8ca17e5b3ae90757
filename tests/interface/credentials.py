"""Has schemathesis show the right credentials, and sign messages as senders do."""

import hmac
import os

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


class Signature(AuthBase):
    """Hex HMAC-SHA256 of the body as it goes out."""

    def __init__(self, secret: str) -> None:
        self.secret = secret.encode()

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        signature = hmac.digest(self.secret, body, "sha256").hex()
        request.headers["x-webhook-signature"] = signature
        return request


token = Header("X-Authorization", os.environ["CALLBACK_TOKEN"])
operator = Header("Authorization", "Bearer " + os.environ["ADMIN_TOKEN"])
signature = Signature(os.environ["WEBHOOK_SECRET"])

show = schemathesis.auth.set_from_requests
show(token).apply_to(path_regex="^/api/callback")
show(operator).apply_to(path_regex="^/admin/")
show(signature).apply_to(path="/webhook/receive")
