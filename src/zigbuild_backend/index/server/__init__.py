"""The HTTP server of the index: pages for installers and browsers, files, and metrics."""
