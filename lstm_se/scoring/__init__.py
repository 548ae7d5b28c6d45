"""Scoring: metrics, intervals, reports, stress tests, and the denoisers to compare with."""
