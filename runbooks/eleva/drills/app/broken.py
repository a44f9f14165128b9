"""The services of others that this release cannot reach."""
BROKEN = ()
