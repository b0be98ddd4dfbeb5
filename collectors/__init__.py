"""READ the world: one package for each kind of target, one file for each service."""
