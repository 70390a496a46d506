"""Serves short links on $PORT."""

import json
import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from links import BadLink, Links

LARGEST_BODY = 16 * 1024


class Server(ThreadingHTTPServer):
    """Ends the answers in progress before it closes."""

    daemon_threads = False
    request_queue_size = 128


def create_server(port: int, links: Links, about: dict) -> Server:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        timeout = 30

        def do_GET(self) -> None:
            if self.path == "/health":
                return self.guarded(self.health)
            if self.path == "/":
                return self.guarded(lambda: self.reply(200, {**about, "links": links.count()}))
            return self.guarded(self.follow)

        def do_POST(self) -> None:
            if self.path != "/links":
                return self.reply(404, {"error": "post to /links"})
            return self.guarded(self.add)

        def guarded(self, answer) -> None:
            try:
                with lock:
                    answer()
            except BadLink as error:
                self.reply(400, {"error": str(error)})
            except Exception as error:  # the store is away: say so, and guess nothing
                self.reply(503, {"error": f"the store does not answer: {error}"})

        def health(self) -> None:
            links.probe()
            self.reply(200, {"status": "ok"})

        def follow(self) -> None:
            url = links.find(self.path[1:])
            if url is None:
                return self.reply(404, {"error": "there is no such link"})
            return self.reply(302, {"url": url}, {"location": url})

        def add(self) -> None:
            self.reply(201, {"name": links.add(self.read().get("url"))})

        def read(self) -> dict:
            length = self.headers.get("content-length", "")
            if not length.isdigit() or int(length) > LARGEST_BODY:
                raise BadLink("the request must have a length of at most 16 KB")
            try:
                value = json.loads(self.rfile.read(int(length)))
            except ValueError:
                raise BadLink("the request must be JSON") from None
            return value if isinstance(value, dict) else {}

        def reply(self, status: int, value: dict, headers: dict = {}) -> None:
            body = json.dumps(value).encode() + b"\n"
            self.send_response(status)
            for name, text in {"content-type": "application/json", "content-length": str(len(body)), **headers}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Server(("127.0.0.1", port), Handler)


def main() -> None:
    folder = os.environ.get("FAIRLEAD_DATA_DIR", ".")
    os.makedirs(folder, exist_ok=True)
    about = {
        "environment": os.environ.get("FAIRLEAD_ENVIRONMENT", "local"),
        "release": os.environ.get("FAIRLEAD_RELEASE", "working tree"),
    }
    links = Links(os.path.join(folder, "links.sqlite"))
    server = create_server(int(os.environ.get("PORT", "8000")), links, about)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"listening on {server.server_port}", flush=True)
    try:
        server.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        pass
    server.server_close()
    links.close()


if __name__ == "__main__":
    main()
