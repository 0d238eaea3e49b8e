"""Downloads, package indexes, archives of sources and patches: all of it pinned by sha256."""
