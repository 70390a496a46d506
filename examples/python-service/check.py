"""Checks a running release at $FAIRLEAD_URL: a link goes in and comes out again."""

import json
import os
import urllib.error
import urllib.request

base = os.environ.get("FAIRLEAD_URL", "http://127.0.0.1:8000").rstrip("/")


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def main() -> None:
    request = urllib.request.Request(base + "/links", json.dumps({"url": "https://example.com/check"}).encode())
    name = json.load(urllib.request.urlopen(request, timeout=10))["name"]
    try:
        urllib.request.build_opener(Stay).open(f"{base}/{name}", timeout=10)
        raise SystemExit("the link does not lead anywhere")
    except urllib.error.HTTPError as answer:
        if answer.code != 302 or answer.headers["location"] != "https://example.com/check":
            raise SystemExit(f"the link leads to {answer.headers['location']} ({answer.code})")
    print(f"{base} is well")


main()
