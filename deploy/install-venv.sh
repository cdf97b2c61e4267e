#!/bin/sh
# Debian splits the venv module off from Python; bring it in, or say how.
set -eu
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv
else
  echo "Python's venv module is missing. Install it first: sudo apt-get install python3-venv" >&2
  exit 1
fi
