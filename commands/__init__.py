"""One module for each command of the command line: it parses its arguments further, calls, prints, returns a code."""


def version() -> str:
    """The installed version; `0+source` where the tree is used without installing."""
    from importlib import metadata

    try:
        return metadata.version("annexa")
    except metadata.PackageNotFoundError:
        return "0+source"
