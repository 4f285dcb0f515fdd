"""A web service that verifies passwords, as a site might write one.

Prints its port, then a line for each question. With the names of a certificate and a key it speaks TLS.
"""

import hashlib
import hmac
import http.server
import json
import re
import ssl
import sys
import time

ANSWERS = {
    ("alice", "pencil"): (200, {"ok": True}),
    ("ALICE", "pencil"): (200, {"ok": True, "name": "alice"}),
    ("nameless", "pencil"): (200, {"ok": True, "name": ""}),
    ("old", "pencil"): (200, {"ok": False, "expired": True}),
    ("no", "pencil"): (200, {"ok": False}),
    ("unauthorized", "pencil"): (401, {}),
    ("broken", "pencil"): (500, {"ok": True}),
    ("strange", 'pa"ss\\wörd'): (200, {"ok": True}),
}


def say(line):
    # In one piece: other requests have theirs to say at the same time.
    print(line + "\n", end="", flush=True)


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        question = json.loads(body)
        if not self.is_ours(body):
            self.answer(400, {})
            return
        asked = {key: value for key, value in question.items() if key != "password"}
        say(json.dumps(asked, sort_keys=True))
        self.answer(*ANSWERS.get((question["name"], question["password"]), (403, {})))

    def is_ours(self, body):
        found = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", self.headers["X-Smtp-Signature"] or "")
        if not found or abs(time.time() - int(found[1])) > 60:
            return False
        signed = found[1].encode() + b"." + body
        expected = hmac.new(b"signing key", signed, hashlib.sha256).hexdigest()
        return (
            hmac.compare_digest(expected, found[2])
            and self.headers["Authorization"] == "Bearer of the service"
            and self.headers["Content-Type"] == "application/json"
        )

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Service)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
