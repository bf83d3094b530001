"""The shipped cases: each folder beside this file is one, with `case.yaml`, tables and studies."""
