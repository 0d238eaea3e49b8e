"""Downloads, package indexes, archives of sources and patches: everything by its sha256."""
