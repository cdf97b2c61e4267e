#!/usr/bin/env bash
# proxmoxer 2.3.0: an API object has one requests session, and every call goes through it, but for logins by password:
# the first and each renewal of the ticket (hourly, within some other call) are sent by `requests.post`, apart from it.
# So hooks, adapters and connections of the session see none of them: a log or a limit made there misses every login.
#
# Needs openssl on the PATH. Seen on 2026-11-28 with Python 3.11.7, requests 2.34.2:
#   the server was sent: POST /api2/json/access/ticket, POST /api2/json/access/ticket, GET /api2/json/version
#   the session's hook saw: GET /api2/json/version
# Ends with 0 while that is so, and with 1 once the session sends the logins too.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet proxmoxer==2.3.0 requests==2.34.2
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost \
  -keyout "$work/key.pem" -out "$work/cert.pem" 2> "$work/openssl"
"$work/venv/bin/python" -W ignore - "$work" <<'PYTHON'
import json
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from proxmoxer import ProxmoxAPI

TICKET = {"ticket": "PVE:a-ticket", "CSRFPreventionToken": "a-token", "username": "root@pam"}
sent, seen = [], []


class Server(BaseHTTPRequestHandler):
    """Answers a login with a ticket, and anything else with a version."""

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        sent.append(f"{self.command} {self.path}")
        data = TICKET if self.path.endswith("/access/ticket") else {"version": "8.2.4"}
        body = json.dumps({"data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *words):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{sys.argv[1]}/cert.pem", f"{sys.argv[1]}/key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()

api = ProxmoxAPI(
    "127.0.0.1", port=server.server_port, user="root@pam", password="of-a-test", verify_ssl=False
)
session = api._store["session"]
session.hooks["response"].append(lambda r, **_: seen.append(f"{r.request.method} {r.request.path_url}"))
session.auth.renew_age = 0  # as if an hour had gone by
api.version.get()
print("the server was sent:", ", ".join(sent))
print("the session's hook saw:", ", ".join(seen))
assert len(sent) == 3 and sent[-1].startswith("GET"), sent
if any("/access/ticket" in each for each in seen):
    print("the behaviour has changed")
    sys.exit(1)
PYTHON
