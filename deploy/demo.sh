#!/usr/bin/env bash
# The demo: two simulated providers, one set of manifests, and everything recorded in a real PostgreSQL.
# It ends by itself and leaves the fleet up; `deploy/demo.sh stop` takes it down.
set -euo pipefail
cd "$(dirname "$0")/.."

demo=$PWD/.demo
reconciler=$PWD/.venv/bin/reconciler
hetzner_port=18080
proxmox_port=18006
export RECONCILER_HOME=$demo

say() { printf '\n\033[1m── %s\033[0m\n' "$*"; }
run() { printf '\n\033[2m$ reconciler %s\033[0m\n' "$*"; "$reconciler" "$@"; }

stop() {
  local pid_file pid
  for pid_file in "$demo"/sim-*.pid; do
    [ -e "$pid_file" ] || continue
    pid=$(cat "$pid_file")
    # Only a process that is still one of ours is stopped: the number may be somebody else's by now.
    if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q 'reconciler sim'; then kill "$pid"; fi
    rm -f "$pid_file"
  done
  if [ -d "$demo/postgresql" ] && [ -x "$reconciler" ]; then "$reconciler" db stop >/dev/null || true; fi
}

wait_for() { # a file that the simulator writes once it answers
  local tries=150
  until [ -e "$1" ]; do
    tries=$((tries - 1))
    if [ "$tries" = 0 ]; then
      echo "The simulator did not start; its log is $2:" >&2
      tail -5 "$2" >&2
      exit 1
    fi
    sleep 0.1
  done
}

simulate() { # name, port, arguments …
  local name=$1 port=$2
  shift 2
  setsid "$reconciler" sim "$name" --port "$port" --ledger "$demo/$name.ledger" \
    --ready-file "$demo/sim-$name.ready" "$@" >"$demo/sim-$name.log" 2>&1 </dev/null &
  echo $! >"$demo/sim-$name.pid"
  wait_for "$demo/sim-$name.ready" "$demo/sim-$name.log"
}

secret() { (umask 077 && printf '%s' "$2" >"$demo/secrets/$1"); }

prepare() {
  rm -rf "$demo"
  mkdir -p "$demo/secrets"
  secret hetzner-token demo-token
  secret proxmox-token 'reconciler@pve!demo=demo-secret'
  secret guest-password 'correct horse battery staple'
  cp -R manifests/demo "$demo/manifests"
  simulate hetzner $hetzner_port --seed 7 --token-file "$demo/secrets/hetzner-token"
  simulate proxmox $proxmox_port --seed 7 --token-file "$demo/secrets/proxmox-token" --ca-dir "$demo/ca"
  cp "$demo/ca/ca.pem" "$demo/manifests/inventory/proxmox-sim-ca.pem"
  git -C "$demo/manifests" init -q
  git -C "$demo/manifests" add -A
  git -C "$demo/manifests" -c user.name='Demo' -c user.email='demo@example.com' commit -qm 'The whole fleet'
}

expect_no_changes() {
  if ! run plan -f "$demo/manifests" --detailed-exitcode; then
    echo "The plan should be empty and is not." >&2
    exit 1
  fi
}

start() {
  stop
  say "Two simulated providers, over real HTTP and HTTPS, and a git repository of manifests"
  prepare
  say "What would happen? Nothing is changed by a plan."
  run plan -f "$demo/manifests"
  say "Make it so."
  run apply -f "$demo/manifests" --yes
  say "And now?"
  expect_no_changes
  say "Somebody changes two machines behind the controller's back."
  "$reconciler" sim change "https://127.0.0.1:$proxmox_port" --ca-file "$demo/ca/ca.pem" \
    '{"op": "set", "name": "db-1", "set": {"onboot": "0"}}' >/dev/null
  "$reconciler" sim change "http://127.0.0.1:$hetzner_port" \
    '{"op": "power", "name": "web-2", "to": "off"}' >/dev/null
  run drift
  say "The loop heals it."
  run apply -f "$demo/manifests" --yes
  expect_no_changes
  say "Everything that ever happened to one machine"
  run history vm/web-2
  say "The fleet"
  run get all
  cat <<END

The fleet is up, and the simulators go on answering. Look around:

  export RECONCILER_HOME=$demo
  $reconciler describe vm/web-1
  $reconciler get vm -o wide
  psql "\$($reconciler db url)" -c 'SELECT * FROM v_resources'

  edit $demo/manifests/compute/hetzner-servers.yaml
  $reconciler apply -f $demo/manifests

make demo-stop takes it down.
END
}

case ${1:-start} in
  start) start ;;
  stop) stop ;;
  *) echo "usage: $0 [start|stop]" >&2 && exit 2 ;;
esac
