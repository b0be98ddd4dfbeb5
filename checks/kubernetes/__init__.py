"""Checks on Kubernetes clusters: asked of what `collectors/kubernetes` reads."""
