"""The mathematics: formulations in Pyomo, installed as `leam_opt.models`.

`planning` is the formulation of the planning problem; each other module is one part of it.
"""

if __name__ != "leam_opt.models":
    raise ImportError(
        f"this package is 'leam_opt.models', not '{__name__}'; install the project (pip install -e .) and import that"
    )
