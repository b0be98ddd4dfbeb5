"""Questions about hosts: Debian and Red Hat families."""
