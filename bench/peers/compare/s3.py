"""As much of an S3 client as checking and cleaning takes: list, get and delete, signed with Signature Version 4."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode, urlsplit

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


class S3Failed(Exception):
    """The object store refused."""


@dataclass(frozen=True)
class Bucket:
    """A bucket and the key to it; path-style addresses."""

    endpoint: str
    name: str
    region: str
    access_key: str
    secret_key: str

    def keys(self, prefix: str) -> Iterator[str]:
        """List the keys of all objects below a prefix."""
        token = ""
        while True:
            query = {"list-type": "2", "prefix": prefix} | ({"continuation-token": token} if token else {})
            page = ElementTree.fromstring(self._call("GET", "", query))
            namespace = page.tag.partition("}")[0] + "}" if page.tag.startswith("{") else ""
            for key in page.iterfind(f"{namespace}Contents/{namespace}Key"):
                yield key.text or ""
            token = page.findtext(f"{namespace}NextContinuationToken") or ""
            if not token:
                return

    def get(self, key: str) -> bytes:
        """Read an object."""
        return self._call("GET", key, {})

    def delete(self, key: str) -> None:
        """Remove an object."""
        self._call("DELETE", key, {})

    def _call(self, method: str, key: str, query: dict[str, str]) -> bytes:
        address = urlsplit(self.endpoint)
        path = quote(f"/{self.name}/{key}" if key else f"/{self.name}")
        canonical_query = urlencode(sorted(query.items()), quote_via=quote, safe="")
        connection = http.client.HTTPConnection(address.netloc, timeout=60)
        try:
            headers = self._signed(method, address.netloc, path, canonical_query)
            connection.request(method, f"{path}?{canonical_query}" if query else path, headers=headers)
            response = connection.getresponse()
            body = response.read()
            if response.status >= 300:
                raise S3Failed(f"{method} {path}: {response.status} {body[:300].decode(errors='replace')}")
            return body
        finally:
            connection.close()

    def _signed(self, method: str, host: str, path: str, query: str) -> dict[str, str]:
        """Sign as "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)" says."""
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        headers = {"host": host, "x-amz-content-sha256": EMPTY_SHA256, "x-amz-date": now}
        names = ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        canonical = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{EMPTY_SHA256}"
        scope = f"{now[:8]}/{self.region}/s3/aws4_request"
        to_sign = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"AWS4{self.secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
        credential = f"{self.access_key}/{scope}"
        authorization = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
        return headers | {"authorization": authorization}
