"""Show what the store holds: read-only views of it, and one small module for each format that a view is written in.

A view is taken from the store once (`view`, `soa`, `gaps`, `history`, `coverage`); a renderer turns it into text and
never asks for more. To add a format of `scanner run`: a module `run_<format>.py` with `write(view, out)`, named in
`commands/run.py` and in `FORMATS` of `scanner.py`.
"""
