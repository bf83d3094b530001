"""Sums that several families share; plain functions of the model, so that a row shows what it adds up."""

from __future__ import annotations

import pyomo.environ as pyo

from leam_opt.models.parts import Expression, Model


def alive(m: Model, s: str, g: str, y: int) -> Expression:
    """Purchase units in service."""
    return pyo.quicksum(m.units_bought[s, g, v] for v in m.bought_alive[s, g, y])


def computing(m: Model, s: str, g: str, y: int) -> Expression:
    """Purchase units in service less those not yet commissioned."""
    late = m.commissioning_delay[g] * m.units_bought[s, g, y] if (s, g, y) in m.units_bought else 0
    return alive(m, s, g, y) - late


def cpu_alive(m: Model, s: str, y: int) -> Expression:
    """Units of own CPU servers in service."""
    return pyo.quicksum(m.cpu_units_bought[s, v] for v in m.cpu_alive[y] if (s, v) in m.SY)


def nameplate_mw(m: Model, s: str, y: int) -> Expression:
    """Nameplate of all servers in service at a site."""
    gpu = pyo.quicksum(m.unit_mw[g] * alive(m, s, g, y) for g in m.G if m.bought_alive[s, g, y])
    return gpu + m.cpu_unit_mw * cpu_alive(m, s, y)


def it_power_mw(m: Model, s: str, y: int) -> Expression:
    """IT power built at a site."""
    return m.module_mw[s] * pyo.quicksum(m.power_modules_built[s, v] for v in m.Y if v <= y and (s, v) in m.SY)


def site_energy_gwh(m: Model, s: str, y: int) -> Expression:
    """Electricity of a site: IT energy times PUE."""
    return pyo.quicksum(
        (m.pue[s] * m.gwh_per_mw * m.unit_mw[g]) * alive(m, s, g, y) for g in m.G if m.bought_alive[s, g, y]
    ) + (m.pue[s] * m.gwh_per_mw * m.cpu_unit_mw) * cpu_alive(m, s, y)


def running(m: Model, y: int) -> list[tuple[str, str]]:
    """Sites and types that can run in a year."""
    return [(s, g) for s, g, y2 in m.RUN if y2 == y]


def pool_units(m: Model, k: str, y: int) -> Expression:
    """Running purchase units of a pool."""
    return pyo.quicksum(m.units_allocated[k, s, g, y] for s, g in running(m, y))


def pool_capacity(m: Model, k: str, y: int) -> Expression:
    """Compute that a pool's units can deliver."""
    return pyo.quicksum(m.unit_capacity[g] * m.units_allocated[k, s, g, y] for s, g in running(m, y))


def opened(m: Model, s: str, y: int) -> Expression:
    """1 in the year in which a site is opened."""
    before = m.site_open[s, y - 1] if (s, y - 1) in m.SY else 0
    return m.site_open[s, y] - before


def grid_added_mw(m: Model, s: str, y: int) -> Expression:
    """Grid power contracted for the first time."""
    before = m.grid_power_mw[s, y - 1] if (s, y - 1) in m.SY else 0
    return m.grid_power_mw[s, y] - before


def draws(m: Model, instruments: list[str], y: int) -> Expression:
    """Draws of some instruments in a year."""
    return pyo.quicksum(m.draws_meur[f, y] for f in instruments if (f, y) in m.draws_meur)


def drawn_until(m: Model, instruments: list[str], y: int) -> Expression:
    """Cumulative draws of some instruments."""
    return pyo.quicksum(m.draws_meur[f, v] for f in instruments for v in m.Y if v <= y and (f, v) in m.draws_meur)


def loan_payment(m: Model, f: str, y: int, kind: str) -> Expression:
    """Interest or principal of a loan in a year (`kind` is the name of the parameter)."""
    share = getattr(m, kind)
    return pyo.quicksum(share[f, v, y] * m.draws_meur[f, v] for v in m.Y if v <= y and (f, v) in m.draws_meur)


def investors_return(m: Model) -> Expression:
    """Dividends and redemption less contributions."""
    paid = pyo.quicksum(m.dividends_meur[f, y] for f in m.EQUITY for y in m.Y)
    return paid + pyo.quicksum(m.redemption_meur[f] for f in m.EQUITY) - drawn_until(m, m.EQUITY, m.horizon_end)


def financing_cost(m: Model) -> Expression:
    """Interest, arrangement fees and the investors' return over the horizon."""
    interest = pyo.quicksum(loan_payment(m, f, y, "interest") for f in m.LOANS for y in m.Y)
    fees = pyo.quicksum(m.arrangement_fee[f] * m.draws_meur[f, y] for f, y in m.DRAW)
    return interest + fees + investors_return(m)


def public_compute(m: Model) -> Expression:
    """Compute for public users over the horizon."""
    return pyo.quicksum(m.compute_mgpuh[k, "public", y] for k in m.K for y in m.Y)
