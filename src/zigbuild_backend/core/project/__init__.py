"""A project's folder, sdist or recipe as frozen values: tree, metadata, contents, what is compiled, planned wheels."""
