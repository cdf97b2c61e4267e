#!/usr/bin/env bash
# community.proxmox 1.4.0 (Ansible 12.3.0): `proxmox_disk` of a disk that is there is documented to "update options in
# existing one". It writes the whole disk anew, with the options of the task and no others: a task that limits the
# I/O of a disk takes away its discard, iothread and serial, and with the serial the disk's name in the guest. The
# task says "updated", and a second run finds nothing amiss.
#
# Needs openssl on the PATH. Seen on 2026-11-28 with Python 3.11.7, proxmoxer 2.3.0:
#   the disk was:          local-lvm:vm-101-disk-0,discard=on,iothread=1,serial=data,size=8G
#   the task said:         iops: 500
#   the server was sent:   local-lvm:vm-101-disk-0,iops=500
# Ends with 0 while that is so, and with 1 once the other options are kept.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile ansible==12.3.0 proxmoxer==2.3.0 requests==2.34.2
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost \
  -keyout "$work/key.pem" -out "$work/cert.pem" 2> "$work/openssl"
cd "$work"
export LC_ALL=C.UTF-8 HOME="$work" ANSIBLE_HOME="$work" ANSIBLE_LOCALHOST_WARNING=0
"$work/venv/bin/python" - "$work" <<'PYTHON'
import json
import ssl
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

WAS = "local-lvm:vm-101-disk-0,discard=on,iothread=1,serial=data,size=8G"
UPID = "UPID:pve1:00000001:00000001:6A000000:qmconfig:101:root@pam:"
ANSWERS = {
    "/version": {"version": "9.2.3"},
    "/cluster/resources": [{"vmid": 101, "node": "pve1", "type": "qemu", "name": "web"}],
    "/nodes/pve1/qemu/101/config": {"name": "web", "scsi0": WAS},
    "/access/ticket": {"ticket": "PVE:a-ticket", "CSRFPreventionToken": "a-token", "username": "root@pam"},
}
sent = []


class Server(BaseHTTPRequestHandler):
    """One machine with one disk; a change of it succeeds at once."""

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        path = self.path.split("?")[0].removeprefix("/api2/json")
        data = ANSWERS.get(path, {"status": "stopped", "exitstatus": "OK"})
        if self.command == "POST" and path.endswith("/config"):
            sent.extend(parse_qs(body)["scsi0"])
            data = UPID
        text = json.dumps({"data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = answer

    def log_message(self, *words):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{sys.argv[1]}/cert.pem", f"{sys.argv[1]}/key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()

task = {"vmid": 101, "disk": "scsi0", "iops": 500}
login = {"api_host": "127.0.0.1", "api_port": server.server_port, "api_user": "root@pam", "api_password": "of-a-test"}
module = ["-m", "community.proxmox.proxmox_disk", "-a", json.dumps(task | login)]
where = ["localhost", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"]
subprocess.run([sys.executable, "-m", "ansible", "adhoc", *where, *module], check=True, stdout=subprocess.DEVNULL)
print("the disk was:         ", WAS)
print("the task said:         iops: 500")
print("the server was sent:  ", *sent)
assert len(sent) == 1 and "iops=500" in sent[0], sent
if any(option in sent[0] for option in ("discard=on", "iothread=1", "serial=data")):
    print("the behaviour has changed")
    sys.exit(1)
PYTHON
