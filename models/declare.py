"""Sets, parameters and variables of the planning model."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo

from leam_opt.case.derive import TABLE, Derived
from leam_opt.case.derive_funding import draw_years
from leam_opt.case.derive_loans import guarantee_of
from leam_opt.case.index import CLASSES, ENTITIES, POOLS
from leam_opt.case.instruments import Access, Equity, Grant, Loan, Tranche
from leam_opt.case.schema import Case
from leam_opt.models.parts import Model


def sets(m: Model, case: Case, derived: Derived) -> None:
    """Sets: structure only, so that numbers can change without a rebuild."""
    index = derived.index
    m.S, m.G, m.Y = list(index.sites), list(index.types), list(index.years)
    m.K, m.C, m.E = list(POOLS), list(CLASSES), list(ENTITIES)
    m.N, m.A, m.J, m.F = list(index.generations), list(index.levels), list(index.sources), list(index.instruments)
    m.P = list(range(index.steps))
    m.U, m.B = list(index.guarantees), list(range(index.bands))
    m.L, m.M = list(range(index.token_levels)), list(range(index.cluster_levels))
    m.V = m.Y
    m.horizon_end = m.Y[-1]
    m.case = case
    m.owner = case.infrastructure_entity
    m.pool_entity = {k: getattr(case.pools, k).entity for k in m.K}
    m.open_from = {s: case.sites[s].open_from or m.Y[0] for s in m.S}
    # (s, y): years in which a site can be used.
    m.SY = [(s, y) for s in m.S for y in m.Y if y >= m.open_from[s]]
    # (s, g, v): purchases that are possible; a type must be on sale and the site usable.
    m.BUY = [(s, g, v) for s, v in m.SY for g in m.G if _on_sale(case, g, v)]
    m.life = {g: case.server_types[g].life_years for g in m.G}
    m.bought_alive = {
        (s, g, y): [v for (s2, g2, v) in m.BUY if (s2, g2) == (s, g) and v <= y < v + m.life[g]]
        for s in m.S
        for g in m.G
        for y in m.Y
    }
    m.RUN = [key for key, purchases in m.bought_alive.items() if purchases]
    m.cpu_alive = {y: [v for v in m.Y if v <= y < v + case.cpu.life_years] for y in m.Y}
    m.DEVELOP = [
        (n, y) for n in m.N for y in m.Y if case.generations[n].first_year <= y <= case.generations[n].last_year
    ]
    m.TRAIN = [(n, s, g, y) for n, y in m.DEVELOP for (s, g, y2) in m.RUN if y2 == y]
    m.PLACE = list(dict.fromkeys((n, s, g) for n, s, g, _ in m.TRAIN))
    # Years in which a generation is the only one in development.
    alone = {y for y in m.Y if sum(y2 == y for _, y2 in m.DEVELOP) == 1}
    m.SOLE = [key for key in m.TRAIN if key[3] in alone]
    m.STEP = [(k, p) for k in m.K for p in range(len(getattr(case.pools, k).staff_steps))]
    m.SUPPLY = [(j, s, y) for j in m.J for s, y in m.SY if s in (case.energy_sources[j].sites or m.S)]
    _funding(m, case, derived)
    # Companies that own or run something, or receive money.
    active = {m.owner, *m.pool_entity.values(), *m.instrument_entity.values()}
    m.ACTIVE = [e for e in m.E if e in active]
    m.fee_payers = {k: m.pool_entity[k] for k in m.K if m.pool_entity[k] != m.owner}
    m.has_prepayment = m.owner == "research" and bool(m.fee_payers)
    m.has_transfer = len(m.ACTIVE) == 2
    m.DEBTOR = [(e, y) for e in m.ACTIVE for y in m.Y if any(m.instrument_entity[f] == e for f in m.LOANS)]
    service = "service" in m.ACTIVE
    m.DISTRIBUTE = m.Y if (m.EQUITY or m.has_transfer) and service else []
    m.TAXED = m.Y if case.taxation.corporate_tax is not None and service else []
    m.PROFIT = m.Y if m.DISTRIBUTE or m.TAXED else []


def _funding(m: Model, case: Case, derived: Derived) -> None:
    """Instruments by kind, and the rules between them; names that are not in use drop out."""
    index, funding = derived.index, case.funding
    terms = funding.instruments
    m.kind = {f: terms[f].kind for f in m.F}
    m.instrument_entity = {f: terms[f].entity for f in m.F}
    m.DRAW = [(f, y) for f in m.F for y in draw_years(case, f)]
    m.TICKET = [f for f in m.F if terms[f].min_ticket.high > 0]
    m.ALTERNATIVES = {name: [f for f in group if f in m.F] for name, group in funding.alternatives.items()}
    m.USED = [f for f in m.F if f in m.TICKET or any(f in g for g in m.ALTERNATIVES.values() if len(g) > 1)]
    m.PUBLIC_MONEY = [f for f in m.F if terms[f].provider == "public"]
    m.PRIVATE_MONEY = [f for f in m.F if terms[f].provider == "private"]
    used = {f: terms[f] for f in m.F}
    loans = {f: t for f, t in used.items() if isinstance(t, Loan)}
    m.LOANS = list(loans)
    m.grant_basis = {f: t.basis for f, t in used.items() if isinstance(t, Grant)}
    m.GRANTS = list(m.grant_basis)
    m.EQUITY = [f for f, t in used.items() if isinstance(t, Equity)]
    m.TRANCHES = [f for f, t in used.items() if isinstance(t, Tranche)]
    m.INVESTORS = [*m.EQUITY, *m.TRANCHES]
    m.ACCESS = [f for f, t in used.items() if isinstance(t, Access)]
    m.FUNDS = {name: fund.tranches for name, fund in funding.funds.items() if all(t in m.F for t in fund.tranches)}
    m.bands_of = {f: len(t.rate_bands) or 1 for f, t in loans.items()}
    m.BANDS = [(f, b) for f in m.LOANS for b in range(m.bands_of[f])]
    m.BAND_DRAW = [(f, b, y) for f, b in m.BANDS for y in draw_years(case, f)]
    m.has_mezzanine = {e: any(t.seniority == "mezzanine" and t.entity == e for t in loans.values()) for e in m.E}
    m.ASKS_RESERVE = [f for f, t in loans.items() if t.reserve_months.high > 0]
    m.ASKS_LOCKUP = [f for f, t in loans.items() if t.lockup_dscr.high > 0]
    m.ASKS_GUARANTEE = [f for f, t in loans.items() if t.guaranteed_share_min.high > 0]
    m.covers = {u: funding.guarantees[u].loans for u in m.U}
    m.GUARANTEED = [f for f in m.LOANS if guarantee_of(case, index, f) is not None]
    m.BUDGET = {x: [f for f in line.instruments if f in m.F] for x, line in funding.budget_lines.items()}
    m.X, m.R = list(funding.budget_lines), list(funding.matching)
    m.MATCHING = {
        r: ([f for f in rule.instruments if f in m.F], [f for f in rule.matched if f in m.F])
        for r, rule in funding.matching.items()
    }


def _on_sale(case: Case, g: str, year: int) -> bool:
    kind = case.server_types[g]
    return kind.on_sale_from <= year <= (kind.on_sale_until or year)


def parameters(m: Model, derived: Derived) -> None:
    """Every entry of the derived table as a mutable parameter of the same name, without missing figures."""
    axes = {
        "S": m.S,
        "G": m.G,
        "Y": m.Y,
        "V": m.V,
        "K": m.K,
        "N": m.N,
        "P": m.P,
        "J": m.J,
        "F": m.F,
        "A": m.A,
        "E": m.E,
        "B": m.B,
        "U": m.U,
        "L": m.L,
        "M": m.M,
        "X": m.X,
        "R": m.R,
    }
    for name, (letters, unit, meaning) in TABLE.items():
        array = derived.values[name]
        if not letters:
            value = float(array)
            setattr(
                m,
                name,
                pyo.Param(initialize=value if math.isfinite(value) else 0.0, mutable=True, doc=f"{meaning} [{unit}]"),
            )
            continue
        members = [axes[letter] for letter in letters]
        keys = members[0] if len(members) == 1 else list(_product(members))
        values = {k: v for k, v in zip(keys, array.ravel().tolist(), strict=True) if math.isfinite(v)}
        parameter = pyo.Param(keys, initialize=values, mutable=True, doc=f"{meaning} [{unit}]")
        setattr(m, name, parameter)


def _product(members: list[list[object]]) -> list[tuple[object, ...]]:
    grid = np.meshgrid(*[np.arange(len(x)) for x in members], indexing="ij")
    columns = [[x[i] for i in g.ravel()] for x, g in zip(members, grid, strict=True)]
    return list(zip(*columns, strict=True))


def variables(m: Model) -> None:
    """Decisions, with bounds from the derived table."""
    integer, binary, positive = pyo.NonNegativeIntegers, pyo.Binary, pyo.NonNegativeReals
    m.units_bought = pyo.Var(
        m.BUY, domain=integer, bounds=lambda m, s, g, v: (0, m.units_max[s, g]), doc="purchase units of servers bought"
    )
    m.cpu_units_bought = pyo.Var(
        m.SY, domain=integer, bounds=lambda m, s, y: (0, m.cpu_units_max[s]), doc="units of own CPU servers bought"
    )
    m.cpu_cores_rented_k = pyo.Var(
        m.Y, domain=positive, bounds=lambda m, y: (0, m.cpu_cores_needed), doc="thousand CPU cores rented"
    )
    m.site_open = pyo.Var(m.SY, domain=binary, doc="1 from the year in which a site is open")
    m.power_modules_built = pyo.Var(
        m.SY, domain=integer, bounds=lambda m, s, y: (0, m.modules_max[s]), doc="IT power modules built"
    )
    m.grid_power_mw = pyo.Var(
        m.SY, domain=positive, bounds=lambda m, s, y: (0, m.grid_limit[s]), doc="grid power contracted"
    )
    m.units_allocated = pyo.Var(m.K, m.RUN, domain=positive, doc="running purchase units that a pool uses")
    m.compute_mgpuh = pyo.Var(
        m.K, m.C, m.Y, domain=positive, bounds=lambda m, k, c, y: (0, m.pool_compute_max[k]), doc="compute delivered"
    )
    m.core_models = pyo.Var(
        m.DEVELOP, domain=integer, bounds=lambda m, n, y: (0, m.models_per_year_max), doc="core models developed"
    )
    m.training_mgpuh = pyo.Var(m.TRAIN, domain=positive, doc="training of a generation at a place")
    m.training_place = pyo.Var(m.PLACE, domain=binary, doc="1 where a generation is trained")
    m.tokens_bn_per_day = pyo.Var(m.C, m.Y, domain=positive, doc="inference tokens")
    m.staff_step = pyo.Var(m.STEP, m.Y, domain=binary, doc="1 for the team size in force")
    m.energy_gwh = pyo.Var(m.SUPPLY, domain=positive, doc="electricity bought")
    m.heat_sold_gwh = pyo.Var(m.SY, domain=positive, doc="heat sold")
    m.adoption = pyo.Var(m.A, m.Y, domain=binary, doc="1 for the adoption level in force")
    m.draws_meur = pyo.Var(m.DRAW, domain=positive, bounds=lambda m, f, y: (0, m.cap_year[f, y]), doc="money drawn")
    m.instrument_used = pyo.Var(
        m.USED, domain=binary, doc="1 if an instrument with a minimum ticket or an alternative is used"
    )
    m.band_draws_meur = pyo.Var(m.BAND_DRAW, domain=positive, doc="money drawn on a rate band of a loan")
    guaranteed = [(f, y) for f, y in m.DRAW if f in m.GUARANTEED]
    m.guaranteed_meur = pyo.Var(guaranteed, domain=positive, doc="guaranteed part of a draw")
    served = [(f, y) for f in m.GUARANTEED for y in m.Y]
    m.guaranteed_debt_meur = pyo.Var(served, domain=positive, doc="guaranteed debt at the start of the year")
    m.debt_service_meur = pyo.Var(served, domain=positive, doc="interest, principal and guarantee fee of a loan")
    m.dividends_meur = pyo.Var(m.INVESTORS, m.Y, domain=positive, doc="dividends, and payments of return to tranches")
    m.redemption_meur = pyo.Var(m.INVESTORS, domain=positive, doc="contributions paid back at the end of the horizon")
    m.called_loss_meur = pyo.Var(m.TRANCHES, domain=positive, doc="claim of a tranche that is not met at the horizon")
    m.loss_called = pyo.Var(m.TRANCHES, domain=binary, doc="1 if a tranche bears a loss")
    prepaying = m.Y if m.has_prepayment else []
    m.fee_prepaid_meur = pyo.Var(prepaying, domain=positive, doc="infrastructure fee paid in advance")
    m.fee_credited_meur = pyo.Var(prepaying, domain=positive, doc="infrastructure fee settled from advances")
    m.profit_transfer_meur = pyo.Var(
        m.Y if m.has_transfer else [], domain=positive, doc="profit passed to the research company"
    )
    m.unfunded_gap_meur = pyo.Var(
        m.ACTIVE, m.Y, domain=positive, bounds=lambda m, e, y: (0, m.gap_max), doc="money that no instrument provides"
    )
    m.debt_due = pyo.Var(m.DEBTOR, domain=binary, doc="1 in years with debt service")
    m.may_distribute = pyo.Var(
        m.DISTRIBUTE, domain=binary, doc="1 in years in which the service company may distribute profit"
    )
    m.token_price_level = pyo.Var(m.L, domain=binary, doc="1 for the chosen price of tokens")
    m.cluster_price_level = pyo.Var(m.M, domain=binary, doc="1 for the chosen price of compute")
    points = [("tokens", p, y) for p in m.L for y in m.Y]
    points += [(k, p, y) for k in ("core", "tuning") for p in m.M for y in m.Y]
    m.sold_at_level = pyo.Var(points, domain=positive, doc="sales at a point of the demand curve")
    m.profit_meur = pyo.Var(m.PROFIT, domain=pyo.Reals, doc="profit of the service company before tax")
    m.taxed_profit_meur = pyo.Var(m.TAXED, domain=positive, doc="profit that has been taxed so far")
    m.tax_meur = pyo.Var(m.TAXED, domain=positive, doc="corporate tax of the service company")
    m.tax_due = pyo.Var(m.TAXED, domain=binary, doc="1 in years in which profit is taxed")
    # Yearly accounts of the companies, defined by rows of their own so that cash, grants and cover can share them.
    m.capex_meur = pyo.Var(m.Y, domain=pyo.Reals, doc="capital expenditure of the owner of the infrastructure")
    m.opex_meur = pyo.Var(m.ACTIVE, m.Y, domain=pyo.Reals, doc="operating cost")
    m.revenue_meur = pyo.Var(m.ACTIVE, m.Y, domain=pyo.Reals, doc="revenue from customers")
    m.infrastructure_fee_meur = pyo.Var(m.Y, domain=positive, doc="infrastructure fee to the owner")
    m.cash_invested_meur = pyo.Var(
        m.ACTIVE, m.Y, domain=positive, doc="cash after the investments at the start of the year"
    )
    m.cash_meur = pyo.Var(
        m.ACTIVE,
        m.Y,
        domain=positive,
        bounds=lambda m, e, y: (m.cash_reserve[e], None),
        doc="cash at the end of the year",
    )
