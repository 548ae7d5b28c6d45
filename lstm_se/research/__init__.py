"""Research: the studies of the book. Nobody who only denoises needs it."""
