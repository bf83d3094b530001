"""Measures of cash flows: discounting, rates of return, loan schedules, straight-line depreciation."""
