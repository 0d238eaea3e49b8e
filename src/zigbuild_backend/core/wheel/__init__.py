"""The parts of a wheel (specification, buildinfo, SBOM, dist-info), and the makers of wheels and sdists."""
