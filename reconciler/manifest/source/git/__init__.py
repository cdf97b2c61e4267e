"""Git: a folder's commit, a remote's branch in a cache, a commit's files. No work tree is ever changed."""
