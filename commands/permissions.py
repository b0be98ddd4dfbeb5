"""`scanner permissions PROVIDER`: the least-privilege policy, generated from what the sources declare."""

import sys
from argparse import Namespace

import mappings
from checks.check import checks
from collectors.source import kinds, provider, sources
from commands.failures import UsageError
from pipeline.plan import Sources
from scanner import DONE


def command(given: Namespace) -> int:
    """Print the policy for every source, or for those that the chosen controls and checks need."""
    if given.provider not in kinds():
        raise UsageError(f"permissions {given.provider}: no such provider; known: {', '.join(kinds())}")
    wanted = sources(given.provider)
    if given.control or given.check:
        every = checks()
        ids = set(mappings.load(every).select(given.control)) | set(given.check)
        if unknown := sorted(ids - set(every)):
            raise UsageError(f"--check {unknown[0]}: no such check; `scanner checks` lists them")
        needed = Sources(s for kind in kinds() for s in sources(kind)).needed([every[i] for i in sorted(ids)])
        wanted = tuple(s for s in needed if s.provider == given.provider)
        if not wanted:
            raise UsageError(f"permissions {given.provider}: nothing that was chosen is asked there")
    sys.stdout.write(provider(given.provider).policy(wanted).rstrip("\n") + "\n")
    return DONE
