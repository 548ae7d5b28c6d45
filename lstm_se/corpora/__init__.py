"""Corpora: pairs of clean and noisy speech, bundled, downloaded, or mixed from recordings."""
