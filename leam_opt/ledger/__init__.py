"""The ledger: every euro, kilowatt-hour and GPU-hour recomputed from a case and decisions.

A second implementation beside the optimiser, in NumPy, with formulas of its own: it knows no Pyomo, no solver and no
formulation. `accounts.evaluate` gives yearly accounts, `audit.audit` re-evaluates every rule and compares the
optimiser's figures, `reconcile.reconcile` holds the paper's annexes against its own plan.
"""
