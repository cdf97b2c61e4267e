#!/usr/bin/env bash
# dulwich 1.2.21: `porcelain.status` reports files of a clean work tree as changed where git converts them on
# checkout. `ident` is the plainest: git expands $Id$ in the work tree and compares without it; dulwich compares as is.
#
# Needs git on the PATH. Seen on 2026-11-28 with Python 3.11.7, git 2.39.5:
#   ident: git: clean, dulwich: [b'a.yaml']
#   encoding: git: clean, dulwich: [b'a.yaml']
# Ends with 0 while that is so, and with 1 once dulwich calls the tree clean.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet dulwich==1.2.21

export HOME="$work" GIT_CONFIG_NOSYSTEM=1
try() { # name, attributes
  git init --quiet --initial-branch=main "$work/$1"
  cd "$work/$1"
  printf '%s\n' "$2" > .gitattributes
  printf '# $Id$\nkind: \303\244\n' > a.yaml
  if [ "$1" = encoding ]; then printf 'kind: \344\n' > a.yaml; fi
  git add .
  git -c user.name=a -c user.email=a@example.com commit --quiet -m one
  rm a.yaml
  git checkout --quiet -- .
  touch a.yaml # so that contents are compared and not times
  test -z "$(git status --porcelain)"
  "$work/venv/bin/python" - "$1" <<'PYTHON'
import sys
from dulwich import porcelain

changed = porcelain.status(".").unstaged
print(f"{sys.argv[1]}: git: clean, dulwich: {changed}")
if not changed:
    sys.exit(f"{sys.argv[1]}: dulwich calls it clean: the behaviour has changed")
PYTHON
}
try ident '*.yaml ident'
try encoding '*.yaml working-tree-encoding=ISO-8859-1'
