"""The environments of rebuilds: an interpreter of this machine, and the backend, libraries and zig of a wheel."""
