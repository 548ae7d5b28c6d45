"""The chip: integers bit for bit as the firmware computes them, its builds, and what they cost."""
