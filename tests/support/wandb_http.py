"""The small W&B of `wandb_server` on a port of this machine, working or faulty."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from wandb_server import WandbServer


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore the broken connections of killed clients."""


@contextmanager
def serving(server: WandbServer) -> Iterator[WandbServer]:
    """Serve it at `server.url`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if server.ill == "hang":
                server.closed.wait()
                return
            if server.ill == "refuse":
                self.reply(500, b"{}")
            elif server.ill == "key":
                self.reply(401, b"{}")
            elif server.ill == "page":
                self.reply(200, b"<html>please log in</html>")
            elif self.command == "PUT":
                server.uploads[self.path] = body
                self.reply(200, b"{}")
            elif self.path != "/graphql":
                if self.path.endswith("/file_stream"):
                    server.stream(self.path.split("/")[-2], json.loads(body))
                self.reply(200, b"{}")
            else:
                request = json.loads(body)
                words = request["query"].split("(")[0].replace("#graphql", "").split()
                name = request.get("operationName") or words[1]
                server.operations.append(name)
                if not server.on_operation(name):
                    self.close_connection = True
                    return
                if name == server.broken:
                    self.reply(server.broken_status, b"{}")
                    return
                data = server.answer(name, request.get("variables") or {})
                self.reply(200, json.dumps({"data": data or {}}).encode())

        do_GET = do_PUT = do_POST  # noqa: N815 - names required by the library

        def reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    listening = _Quiet(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{listening.server_port}"
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.closed.set()
        listening.shutdown()
        listening.server_close()
