"""Settings of the whole suite."""

from __future__ import annotations

import os

from hypothesis import settings

# A run on a shared machine may be slow, which is no fault of an example; continuous integration draws the same
# examples each time, so that a red run can be repeated.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

# Also of processes that tests start: results of other runs must neither help a test nor be changed by one.
os.environ["LEAM_OPT_CACHE"] = "off"
