"""The one writer of archives, for wheels and sdists, and the one deflater."""
