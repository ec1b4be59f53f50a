"""The boards that are known: one TOML file each, and their reading."""
