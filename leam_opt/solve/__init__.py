"""The solving room: a model in, an audited plan out.

`leam_opt.solve` is this package and, called, the function `leam_opt.solve.run.solve`: once the package is imported its
name in `leam_opt` is taken, so the package itself has to answer the call.
"""

from __future__ import annotations

import inspect
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leam_opt.solve.plan import Plan


class _Room(ModuleType):
    """A package that can be called like the function of the same name."""

    def __call__(self, *args: Any, **options: Any) -> Plan:
        from leam_opt.solve.run import solve

        return solve(*args, **options)

    @property
    def __signature__(self) -> inspect.Signature:
        from leam_opt.solve.run import solve

        return inspect.signature(solve)


sys.modules[__name__].__class__ = _Room
