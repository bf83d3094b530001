"""Measures of cash flows: rates, discounting, returns, loans, cover, tax, depreciation, value for money."""
