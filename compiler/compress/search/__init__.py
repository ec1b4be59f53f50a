"""Searching how far every stage can go: walks with margins, and the full grid."""
