"""The one writer of wheels and sdists, and the one deflater."""
