#!/usr/bin/env bash
# dulwich 1.2.21: `Repo` raises UnsupportedExtension for any key below `extensions.` that it does not use, also where
# core.repositoryformatversion is 0. git honours no unknown extension at version 0 and reads such a repository
# (gitrepository-layout: they count at version 1 and above), and reads preciousObjects and partialClone at any version.
#
# Needs git on the PATH. Seen on 2026-11-28 with Python 3.11.7, git 2.39.5:
#   extensions.preciousObjects: git reads it, dulwich: UnsupportedExtension
#   extensions.partialClone: git reads it, dulwich: UnsupportedExtension
#   extensions.someDay: git reads it, dulwich: UnsupportedExtension
# Ends with 0 while that is so, and with 1 once dulwich opens one of them.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet dulwich==1.2.21

export HOME="$work" GIT_CONFIG_NOSYSTEM=1
for extension in preciousObjects=true partialClone=origin someDay=yes; do
  name=${extension%%=*}
  git init --quiet --initial-branch=main "$work/$name"
  git -C "$work/$name" -c user.name=a -c user.email=a@example.com commit --quiet --allow-empty -m one
  git -C "$work/$name" config core.repositoryformatversion 0
  git -C "$work/$name" config "extensions.$name" "${extension#*=}"
  git -C "$work/$name" cat-file -e 'HEAD^{tree}'
  "$work/venv/bin/python" - "$work/$name" "$name" <<'PYTHON'
import sys
from dulwich.repo import Repo, UnsupportedExtension

try:
    Repo(sys.argv[1])
except UnsupportedExtension:
    print(f"extensions.{sys.argv[2]}: git reads it, dulwich: UnsupportedExtension")
else:
    sys.exit(f"extensions.{sys.argv[2]}: dulwich opened it: the behaviour has changed")
PYTHON
done
