// Files beneath a folder.
