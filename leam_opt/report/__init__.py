"""What people read: terminal tables, progress, JSON, CSV, and the comparison of scenarios."""
