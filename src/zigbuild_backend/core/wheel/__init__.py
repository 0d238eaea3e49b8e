"""What a wheel is made of (spec, buildinfo, SBOM, dist-info), and the makers of wheels and sdists."""
