"""Where manifests come from: folders, files, standard input, git; no document is read in here."""
