"""Loans: rate bands, guarantees, cover by seniority, reserve accounts and the lock-up of distributions."""

from __future__ import annotations

import pyomo.environ as pyo

from leam_opt.models import expressions as ex
from leam_opt.models.parts import Expression, Model, identity, rule


@identity("rate bands of the loans", about_money=True)
def loan_bands(m: Model) -> None:
    r"""A loan is the sum of its rate bands, each up to its size and with a schedule of its own.

    .. math:: d_{fy} = \sum_b d_{fby} \qquad \sum_y d_{fby} \le \overline{d}_{fb}
    """
    loans = [(f, y) for f, y in m.DRAW if f in m.LOANS]
    m.loan_bands = pyo.Constraint(
        loans,
        rule=lambda m, f, y: (
            m.draws_meur[f, y] == pyo.quicksum(m.band_draws_meur[f, b, y] for f2, b in m.BANDS if f2 == f)
        ),
    )
    m.loan_bands_size = pyo.Constraint(
        [(f, b) for f, b in m.BANDS if m.bands_of[f] > 1],
        rule=lambda m, f, b: (
            pyo.quicksum(m.band_draws_meur[f, b, y] for f2, y in loans if f2 == f) <= m.band_size[f, b]
        ),
    )


@rule("guarantees for loans", about_money=True)
def guarantees(m: Model) -> None:
    r"""A guarantee covers its share of each draw and its total; a lender may ask for a smallest share.

    .. math::
        \underline{\chi}_f d_{fy} \le \chi_{fy} \le \overline{\chi}_f d_{fy} \qquad
        \sum_{f \in u} \sum_y \chi_{fy} \le \overline{\chi}_u \\
        G^{\chi}_{fy} = \sum_{v \le y} o_{fvy} \chi_{fv} \qquad
        S_{fy} = \sum_{bv} (i_{fbvy} + t_{fbvy}) d_{fbv} + (g_f - \sigma_f) G^{\chi}_{fy}

    Guaranteed debt and its service are variables of their own: their products with other shares would be too small.
    """
    guaranteed = [(f, y) for f in m.GUARANTEED for y in m.Y]
    m.guarantees_debt = pyo.Constraint(
        guaranteed,
        rule=lambda m, f, y: (
            m.guaranteed_debt_meur[f, y]
            == pyo.quicksum(
                m.debt_opening[f, v, y] * m.guaranteed_meur[f2, v] for f2, v in m.guaranteed_meur if f2 == f and v <= y
            )
        ),
    )
    m.guarantees_service = pyo.Constraint(
        guaranteed,
        rule=lambda m, f, y: (
            m.debt_service_meur[f, y]
            == ex.interest(m, f, y) + ex.loan_payment(m, f, y, "principal") + ex.guarantee_fees(m, f, y)
        ),
    )
    m.guarantees_share = pyo.Constraint(
        list(m.guaranteed_meur),
        rule=lambda m, f, y: m.guaranteed_meur[f, y] <= m.guaranteed_max[f] * m.draws_meur[f, y],
    )
    m.guarantees_asked = pyo.Constraint(
        [(f, y) for f, y in m.DRAW if f in m.ASKS_GUARANTEE],
        rule=lambda m, f, y: (
            m.guaranteed_min[f] * m.draws_meur[f, y] - (m.guaranteed_meur[f, y] if f in m.GUARANTEED else 0) <= 0
        ),
    )
    m.guarantees_total = pyo.Constraint(
        [u for u in m.U if any(f in m.GUARANTEED for f in m.covers[u])],
        rule=lambda m, u: (
            pyo.quicksum(m.guaranteed_meur[f, y] for f, y in m.guaranteed_meur if f in m.covers[u])
            <= m.guarantee_cap[u]
        ),
    )


def _weighted(m: Model, weight: str, e: str, y: int) -> Expression:
    weights = getattr(m, weight)
    return pyo.quicksum(weights[f] * ex.debt_service(m, f, y) for f in ex.own_loans(m, e))


@rule("debt service cover of the loans", about_money=True)
def debt_cover(m: Model) -> None:
    r"""In years with debt service the operating cash flow (CFADS) covers it by the ratio (DSCR) that lenders ask for.

    Senior debt is covered by itself; where a company has mezzanine debt, all its debt is covered by that one's ratio.
    Fees that the owner got in advance (b) serve no debt in the year for which they were paid.

    .. math::
        \sum_{f \in e} \delta^{r}_f S_{fy} \le \overline{S}_{ey}\, b_{ey} \qquad
        \sum_{f \in e} \delta^{r}_f S_{fy} \le R_{ey} - O_{ey} \pm F_y - [e = owner]\, b_y - T_y
        + \overline{O}_{ey} (1 - b_{ey})
        \qquad r \in \{senior, all\}
    """
    ranks = {"senior": "cover_senior", "all": "cover_all"}
    rows = [(r, e, y) for e, y in m.DEBTOR for r in ranks if r == "senior" or m.has_mezzanine[e]]
    m.debt_cover_due = pyo.Constraint(
        rows,
        rule=lambda m, r, e, y: ex.switched(
            m, _weighted(m, ranks[r], e, y), m.debt_service_max[e, y], m.debt_due[e, y]
        ),
    )
    m.debt_cover = pyo.Constraint(
        rows,
        rule=lambda m, r, e, y: ex.switched(
            m,
            _weighted(m, ranks[r], e, y) - ex.operating_cash_flow(m, e, y),
            m.operating_loss_max[e, y],
            1 - m.debt_due[e, y],
        ),
    )


@rule("debt-service reserve accounts", about_money=True)
def reserve_account(m: Model) -> None:
    r"""Cash at a year's end holds the company's reserve and the lenders' months of the next year's debt service.

    .. math:: L_{ey} \ge \underline{L}_e + \sum_{f \in e} \rho_f S_{f,y+1} \qquad \forall e, y < H
    """
    asking = [e for e in m.ACTIVE if any(f in m.ASKS_RESERVE for f in ex.own_loans(m, e))]
    m.reserve_account = pyo.Constraint(
        asking,
        m.Y[:-1],
        rule=lambda m, e, y: (
            m.cash_meur[e, y]
            >= m.cash_reserve[e]
            + pyo.quicksum(m.reserve_share[f] * ex.debt_service(m, f, y + 1) for f in ex.own_loans(m, e))
        ),
    )


@rule("distribution lock-up of the lenders", about_money=True)
def lock_up(m: Model) -> None:
    r"""The service company distributes nothing in a year in which its cover is below the lenders' lock-up ratio.

    Payments to the tranches of a fund are no distributions: they are owed.

    .. math::
        \sum_{f \in service} \lambda_f S_{fy} \le R_y - O_y \pm F_y - T_y + (\overline{S}^{lock}_y + \overline{O}_y)
        (1 - b_y) \qquad \forall y
    """
    if not any(f in m.ASKS_LOCKUP for f in ex.own_loans(m, "service")):
        return
    m.lock_up = pyo.Constraint(
        m.DISTRIBUTE,
        rule=lambda m, y: ex.switched(
            m,
            _weighted(m, "lockup_dscr", "service", y) - ex.operating_cash_flow(m, "service", y),
            m.lockup_service_max[y] + m.operating_loss_max["service", y],
            1 - m.may_distribute[y],
        ),
    )


PARTS = [loan_bands, guarantees, debt_cover, reserve_account, lock_up]
