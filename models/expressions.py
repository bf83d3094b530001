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


def switched(m: Model, amount: Expression, bound: Expression, on: Expression) -> Expression:
    """The row amount <= bound where a switch is on, amount <= 0 where it is off; divided so that bounds stay small."""
    return m.switch_scale * amount - m.switch_scale * bound * on <= 0


def draws(m: Model, instruments: list[str], y: int) -> Expression:
    """Draws of some instruments in a year."""
    return pyo.quicksum(m.draws_meur[f, y] for f in instruments if (f, y) in m.draws_meur)


def drawn_until(m: Model, instruments: list[str], y: int) -> Expression:
    """Cumulative draws of some instruments."""
    return pyo.quicksum(m.draws_meur[f, v] for f in instruments for v in m.Y if v <= y and (f, v) in m.draws_meur)


def loan_payment(m: Model, f: str, y: int, kind: str) -> Expression:
    """Interest or principal of a loan in a year before any guarantee (`kind` is the name of the parameter)."""
    share = getattr(m, kind)
    return pyo.quicksum(
        share[f, b, v, y] * m.band_draws_meur[f, b, v] for f2, b, v in m.BAND_DRAW if f2 == f and v <= y
    )


def guaranteed_debt(m: Model, f: str, y: int) -> Expression:
    """Guaranteed debt of a loan at the start of a year."""
    return m.guaranteed_debt_meur[f, y] if f in m.GUARANTEED else 0


def interest(m: Model, f: str, y: int) -> Expression:
    """Interest of a loan in a year, less what its guarantee saves."""
    return loan_payment(m, f, y, "interest") - m.guarantee_saving[f] * guaranteed_debt(m, f, y)


def guarantee_fees(m: Model, f: str, y: int) -> Expression:
    """Fee for the guarantee of a loan in a year."""
    return m.guarantee_fee[f] * guaranteed_debt(m, f, y)


def debt_service(m: Model, f: str, y: int) -> Expression:
    """Interest, principal and guarantee fee of a loan in a year."""
    if f in m.GUARANTEED:
        return m.debt_service_meur[f, y]
    return interest(m, f, y) + loan_payment(m, f, y, "principal")


def construction_interest(m: Model, e: str, y: int) -> Expression:
    """Interest during construction on a company's draws of a year, paid out of the funding itself."""
    return pyo.quicksum(
        m.construction_interest[f, b] * m.band_draws_meur[f, b, v]
        for f, b, v in m.BAND_DRAW
        if v == y and m.instrument_entity[f] == e
    )


def arrangement_fees(m: Model, e: str, y: int) -> Expression:
    """Fees on a company's draws of a year."""
    own = [f for f in m.F if m.instrument_entity[f] == e and (f, y) in m.draws_meur]
    return pyo.quicksum(m.arrangement_fee[f] * m.draws_meur[f, y] for f in own)


def own_loans(m: Model, e: str) -> list[str]:
    """Loans of a company."""
    return [f for f in m.LOANS if m.instrument_entity[f] == e]


def fee_income(m: Model, e: str, y: int) -> Expression:
    """Infrastructure fee of a year, positive for the owner and negative for the payer, whenever it is paid."""
    if not m.fee_payers:
        return 0
    return m.infrastructure_fee_meur[y] * (1 if e == m.owner else -1)


def operating_cash_flow(m: Model, e: str, y: int) -> Expression:
    """Cash flow available for debt service (CFADS): revenue less operating cost and tax, with the infrastructure fee.

    What the owner has got in advance has been spent and serves no debt; the payer bears the year's whole fee.
    """
    tax = m.tax_meur[y] if e == "service" and m.TAXED else 0
    credited = m.fee_credited_meur[y] if e == m.owner and m.has_prepayment else 0
    return m.revenue_meur[e, y] - m.opex_meur[e, y] + fee_income(m, e, y) - credited - tax


def access_income(m: Model, y: int) -> Expression:
    """Advances for access time that become income of the owner in a year."""
    return pyo.quicksum(m.access_release[v, y] * m.draws_meur[f, v] for f, v in m.DRAW if f in m.ACCESS and v <= y)


def payouts(m: Model, f: str) -> Expression:
    """Dividends and redemption of shareholders or of a tranche."""
    return pyo.quicksum(m.dividends_meur[f, y] for y in m.Y) + m.redemption_meur[f]


def investors_return(m: Model) -> Expression:
    """Dividends and redemption less contributions; a loss that a tranche bears is no saving."""
    paid = pyo.quicksum(payouts(m, f) for f in m.INVESTORS) + pyo.quicksum(m.called_loss_meur[t] for t in m.TRANCHES)
    return paid - drawn_until(m, m.INVESTORS, m.horizon_end)


def financing_cost(m: Model) -> Expression:
    """Interest, fees and the investors' return over the horizon."""
    debt = pyo.quicksum(interest(m, f, y) + guarantee_fees(m, f, y) for f in m.LOANS for y in m.Y)
    drawing = pyo.quicksum(construction_interest(m, e, y) + arrangement_fees(m, e, y) for e in m.ACTIVE for y in m.Y)
    return debt + drawing + investors_return(m)


def corporate_tax(m: Model) -> Expression:
    """Corporate tax over the horizon."""
    return pyo.quicksum(m.tax_meur[y] for y in m.TAXED)


def machine_cost(m: Model, y: int) -> Expression:
    """Expenditure on servers, GPU and CPU."""
    servers = pyo.quicksum(m.unit_price[g, v] * m.units_bought[s, g, v] for s, g, v in m.BUY if v == y)
    return servers + pyo.quicksum(m.cpu_unit_price * m.cpu_units_bought[s, y2] for s, y2 in m.SY if y2 == y)


def depreciation(m: Model, y: int) -> Expression:
    """Straight-line depreciation of all that the owner has bought."""
    servers = pyo.quicksum(
        m.unit_depreciation[g, v, y] * m.unit_price[g, v] * m.units_bought[s, g, v] for s, g, v in m.BUY if v <= y
    )
    places = pyo.quicksum(
        m.cpu_depreciation[v, y] * m.cpu_unit_price * m.cpu_units_bought[s, v]
        + m.building_depreciation[s, v, y]
        * (
            m.module_price[s] * m.power_modules_built[s, v]
            + m.opening_cost[s] * opened(m, s, v)
            + m.grid_connection_cost[s] * grid_added_mw(m, s, v)
        )
        for s, v in m.SY
        if v <= y
    )
    return servers + places


def service_profit(m: Model, y: int) -> Expression:
    """Profit of the service company before tax: surplus less interest, fees and the wear of what it owns."""
    surplus = m.revenue_meur["service", y] - m.opex_meur["service", y] + fee_income(m, "service", y)
    debt = pyo.quicksum(interest(m, f, y) + guarantee_fees(m, f, y) for f in own_loans(m, "service"))
    drawing = construction_interest(m, "service", y) + arrangement_fees(m, "service", y)
    if m.owner != "service":
        return surplus - debt - drawing
    return surplus - debt - drawing - depreciation(m, y) + access_income(m, y)


def public_compute(m: Model) -> Expression:
    """Compute for public users over the horizon."""
    return pyo.quicksum(m.compute_mgpuh[k, "public", y] for k in m.K for y in m.Y)
