"""Explains plans: conflicts and their repairs, prices of rules, near-optimal alternatives, trade-offs."""
