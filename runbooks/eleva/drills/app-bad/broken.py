"""The services of others that this release cannot reach. The bad one signs payments wrongly."""
BROKEN = ("stripe",)
