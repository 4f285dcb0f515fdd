"""A web service that takes messages, as a site might write one.

Prints its port, then a line of JSON for each request. Its path is the status that it answers with; behind it
there may be a wait in seconds, `?in=60`, or up to a date that is so far away, `?at=60`. With the names of a
certificate and a key it speaks TLS.
"""

import email
import email.policy
import email.utils
import hashlib
import hmac
import http.server
import json
import re
import ssl
import sys
import time


def say(line):
    # In one piece: other requests have theirs to say at the same time.
    print(line + "\n", end="", flush=True)


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        status = int(self.path.partition("?")[0].strip("/"))
        if self.headers.get("X-Early"):
            self.answer(status)
            return
        body = self.body()
        seen = {
            "type": self.headers["Content-Type"].split(";")[0],
            "length": self.headers["Content-Length"],
            "authorization": self.headers["Authorization"],
            "from": self.headers["X-Envelope-From"],
            "to": self.headers.get_all("X-Envelope-To", []),
            "signed": self.is_signed(body),
        }
        if seen["type"] == "multipart/form-data":
            envelope, message = self.parts(body)
            seen["envelope"] = json.loads(envelope)
        else:
            message = body
        seen["octets"] = len(message)
        seen["sha256"] = hashlib.sha256(message).hexdigest()
        say(json.dumps(seen, sort_keys=True))
        self.answer(status)

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        body = b""
        while True:
            line = self.rfile.readline()
            if not line.endswith(b"\n"):
                # The client gave up.
                say(json.dumps({"broken": True}))
                sys.exit()
            chunk = self.rfile.read(int(line, 16))
            self.rfile.readline()
            if not chunk:
                return body
            body += chunk

    def is_signed(self, body):
        found = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", self.headers["X-Smtp-Signature"] or "")
        if not found or abs(time.time() - int(found[1])) > 60:
            return False
        mac = hmac.new(b"signing key", found[1].encode() + b"\n", hashlib.sha256)
        for name in ["x-envelope-from", "x-envelope-to"]:
            for value in self.headers.get_all(name, []):
                # As http.server reads octets.
                mac.update(name.encode() + b": " + value.encode("iso-8859-1") + b"\n")
        mac.update(b"\n" + body)
        return hmac.compare_digest(mac.hexdigest(), found[2])

    def parts(self, body):
        boundary = re.search(r"boundary=([0-9a-f]{32})$", self.headers["Content-Type"])[1].encode()
        start, envelope, message, end = re.split(rb"(?:\r\n|^)--" + boundary, body)
        assert start == b"" and end == b"--\r\n", (start, end)
        parts = []
        for part, name in [(envelope, "envelope"), (message, "message")]:
            head, content = part.split(b"\r\n\r\n", 1)
            headers = email.message_from_bytes(head.lstrip(b"\r\n"), policy=email.policy.HTTP)
            assert headers["Content-Disposition"].params["name"] == name, headers
            parts.append(content)
        return parts

    def answer(self, status):
        self.send_response(status)
        self.send_header("Location", "/200")
        kind, _, wait = self.path.partition("?")[2].partition("=")
        if kind == "at":
            wait = email.utils.formatdate(time.time() + int(wait), usegmt=True)
        if wait:
            self.send_header("Retry-After", wait)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.close_connection = True

    def log_message(self, *_):
        pass


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    if len(sys.argv) == 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()


main()
