"""Questions to what `collectors.gcp` reads, a file a service."""
