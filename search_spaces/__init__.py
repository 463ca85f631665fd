"""The search spaces that come with nas-tc, one TOML file each; docs/spaces.md has the format."""
