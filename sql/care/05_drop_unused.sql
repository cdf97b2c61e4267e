-- A database of ours in which nothing was ever kept makes room for a backup. On a server of our own only.

DROP DATABASE reconciler;
