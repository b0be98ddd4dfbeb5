"""Questions to what `collectors.aws` reads, a file a service."""
