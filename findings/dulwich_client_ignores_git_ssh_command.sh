#!/usr/bin/env bash
# dulwich 1.2.21: a client from `get_transport_and_path` takes core.sshCommand from the configuration that it is given,
# and ignores GIT_SSH_COMMAND and GIT_SSH, which git puts above it: only `dulwich.porcelain` reads the environment.
#
# Needs git on the PATH. Seen on 2026-11-28 with Python 3.11.7, git 2.39.5:
#   git ran: by GIT_SSH_COMMAND
#   dulwich ran: by core.sshCommand
# Ends with 0 while that is so, and with 1 once dulwich runs what the environment names.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet dulwich==1.2.21

export HOME="$work" GIT_CONFIG_NOSYSTEM=1
unset XDG_CONFIG_HOME GIT_SSH
for by in GIT_SSH_COMMAND core.sshCommand; do
  printf '#!/bin/sh\necho "by %s" > "%s/ran"\nexit 1\n' "$by" "$work" > "$work/$by"
  chmod +x "$work/$by"
done
git config --global core.sshCommand "$work/core.sshCommand"
export GIT_SSH_COMMAND="$work/GIT_SSH_COMMAND"
git ls-remote ssh://git@example.invalid/fleet.git > "$work/out" 2>&1 || true
echo "git ran: $(cat "$work/ran")"
grep -q GIT_SSH_COMMAND "$work/ran"
rm "$work/ran"
"$work/venv/bin/python" - <<'PYTHON' || true
from dulwich.client import get_transport_and_path
from dulwich.config import StackedConfig

client, path = get_transport_and_path("ssh://git@example.invalid/fleet.git", config=StackedConfig.default())
try:
    client.get_refs(path.encode())
except Exception:
    pass  # either program ends at once
PYTHON
echo "dulwich ran: $(cat "$work/ran")"
if grep -q GIT_SSH_COMMAND "$work/ran"; then
  echo "the behaviour has changed"
  exit 1
fi
