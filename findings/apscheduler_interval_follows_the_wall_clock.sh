#!/usr/bin/env bash
# APScheduler 3.11.3: an interval job counts by the wall clock. Put the clock back an hour (an administrator, a
# first synchronisation, a restored virtual machine), and a job of every 60 seconds is not due for an hour and a minute:
# the next run is the last one's wall time plus the interval, and nobody compares it with the clock again.
# The scheduler takes no clock, so the class `datetime` that it reads is replaced; triggers are asked through their API.
#
# Seen on 2026-11-28 with Python 3.11.7:
#   trigger: last run 12:00, clock now 11:00, next run 12:01
#   scheduler: clock put back to 11:00, runs by 11:59: 0, at 12:01: 1
# Ends with 0 while that is so, and with 1 once a job runs within the hour.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet apscheduler==3.11.3
"$work/venv/bin/python" - <<'PYTHON'
import sys
import threading
from datetime import datetime, timedelta, timezone

import apscheduler.executors.base
import apscheduler.schedulers.base
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

UTC = timezone.utc
noon = datetime(2026, 3, 29, 12, tzinfo=UTC)
trigger = IntervalTrigger(seconds=60, timezone=UTC, start_date=noon)
following = trigger.get_next_fire_time(noon, noon - timedelta(hours=1))
print(f"trigger: last run {noon:%H:%M}, clock now 11:00, next run {following:%H:%M}")

wall = noon

class Faked(datetime):
    @classmethod
    def now(cls, tz=None):
        return wall.astimezone(tz)

apscheduler.schedulers.base.datetime = apscheduler.executors.base.datetime = Faked
ran = threading.Semaphore(0)
runs = []

def job():
    runs.append(wall)
    ran.release()

scheduler = BackgroundScheduler(timezone=UTC)
scheduler.add_job(job, "interval", seconds=60, next_run_time=noon, misfire_grace_time=None)
scheduler.start()
assert ran.acquire(timeout=30), "the first run at noon"
runs.clear()
wall = noon - timedelta(hours=1)
for _ in range(59):
    wall += timedelta(minutes=1)
    scheduler.wakeup()
    ran.acquire(timeout=0.05)
early = len(runs)
wall = noon + timedelta(minutes=1)
scheduler.wakeup()
ran.acquire(timeout=30)
print(f"scheduler: clock put back to 11:00, runs by 11:59: {early}, at 12:01: {len(runs)}")
scheduler.shutdown()
if early or following != noon + timedelta(minutes=1):
    sys.exit("it runs within the hour: the behaviour has changed")
PYTHON
