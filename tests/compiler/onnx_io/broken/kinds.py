"""Models that are broken or that no circuit computes, each with what users must be told."""

from __future__ import annotations

from .constants import constants
from .ends import ends
from .files import files
from .graphs import graphs
from .kind import Broken
from .nodes import nodes

KINDS: tuple[Broken, ...] = (*files(), *graphs(), *ends(), *constants(), *nodes())
