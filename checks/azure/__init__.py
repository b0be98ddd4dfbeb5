"""Questions to what `collectors.azure` reads, a file a service."""
