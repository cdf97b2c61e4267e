#!/usr/bin/env bash
# dulwich 1.2.21: a client for an HTTP remote asks no credential helper, though it reads the same git configuration
# (proxies, timeouts, url.insteadOf) and is handed it. Where `git ls-remote` logs in by `credential.helper = store`
# and a right ~/.git-credentials, dulwich raises HTTPUnauthorized; its own `auth_callback` is the only way in.
#
# Needs git on the PATH. Seen on 2026-11-28 with Python 3.11.7, git 2.39.5:
#   git: 0 one branch
#   dulwich: HTTPUnauthorized
# Ends with 0 while that is so, and with 1 once dulwich logs in.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet dulwich==1.2.21

export HOME="$work/home" GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
unset XDG_CONFIG_HOME
mkdir "$HOME"
cat > "$work/run.py" <<'PYTHON'
import base64, pathlib, subprocess, sys, threading
from wsgiref.simple_server import WSGIRequestHandler, make_server
from dulwich.client import HTTPUnauthorized, get_transport_and_path
from dulwich.config import StackedConfig
from dulwich.repo import Repo
from dulwich.server import DictBackend
from dulwich.web import make_wsgi_chain

work = pathlib.Path(sys.argv[1])
subprocess.run(["git", "init", "--quiet", "--initial-branch=main", work / "repo"], check=True)
who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
subprocess.run(["git", *who, "-C", work / "repo", "commit", "--quiet", "--allow-empty", "-m", "one"], check=True)

inner = make_wsgi_chain(DictBackend({"/fleet.git": Repo(str(work / "repo"))}))
expected = "Basic " + base64.b64encode(b"ada:secret").decode()

def guarded(environ, start):
    if environ.get("HTTP_AUTHORIZATION") == expected:
        return inner(environ, start)
    start("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="x"'), ("Content-Length", "0")])
    return []

class Quiet(WSGIRequestHandler):
    def log_message(self, *args): pass

server = make_server("127.0.0.1", 0, guarded, handler_class=Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
host = f"127.0.0.1:{server.server_port}"
home = pathlib.Path.home()
(home / ".gitconfig").write_text("[credential]\n\thelper = store\n")
(home / ".git-credentials").write_text(f"http://ada:secret@{host}\n")
(home / ".git-credentials").chmod(0o600)
url = f"http://{host}/fleet.git"

listed = subprocess.run(["git", "ls-remote", "--heads", url], capture_output=True, text=True)
print("git:", listed.returncode, "one branch" if "refs/heads/main" in listed.stdout else listed.stderr)
assert listed.returncode == 0
client, path = get_transport_and_path(url, config=StackedConfig.default())
try:
    client.get_refs(path.encode())
except HTTPUnauthorized:
    print("dulwich: HTTPUnauthorized")
else:
    sys.exit("dulwich logged in: the behaviour has changed")
PYTHON
"$work/venv/bin/python" "$work/run.py" "$work"
