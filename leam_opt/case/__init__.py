"""What a case is: schema and figures, reading and validation, scenarios and overrides, catalogue and register."""
