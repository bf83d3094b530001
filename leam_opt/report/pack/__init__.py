"""The decision pack: one offline page, a workbook that calculates, and every table as a file."""
