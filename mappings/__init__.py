"""Relates checks to controls: the mapping, its loader, the assessment of a control and the Statement of Applicability."""

from mappings.loading import load

__all__ = ["load"]
