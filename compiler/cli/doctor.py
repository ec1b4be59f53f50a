"""``sangi doctor``: what is installed, what is missing, and the command that mends it."""

from __future__ import annotations

import typer

from ..diagnosis import Finding, diagnose
from .console import show_line, show_table


def doctor() -> None:
    """Check this machine; exit with 1 if something is missing that everyone needs."""
    findings = diagnose()
    rows = [(f.name, f.found or f.verdict, f.purpose, f.remedy) for f in findings]
    show_table("What sangi finds here", ("", "found", "for", "command that mends it"), rows, left=4)
    lacking = [finding.name for finding in findings if _must_mend(finding)]
    if lacking:
        show_line(f"\nMissing: {', '.join(lacking)}.")
        raise typer.Exit(1)
    show_line("\nEverything that compile and simulate need is here.")


def _must_mend(finding: Finding) -> bool:
    return finding.found is None and finding.required
