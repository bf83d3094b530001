"""Shareholders and layered funds: their return, the ring-fence between the companies, losses in the order of a fund."""

from __future__ import annotations

from itertools import pairwise

import pyomo.environ as pyo

from leam_opt.models import expressions as ex
from leam_opt.models.parts import Expression, Model, identity, rule


def _paid_in(m: Model, f: str, y: int) -> Expression:
    return pyo.quicksum(m.draw_value[f, v] * m.draws_meur[f2, v] for f2, v in m.DRAW if f2 == f and v <= y)


def _paid_out(m: Model, f: str, y: int) -> Expression:
    return pyo.quicksum(m.payout_value[f, v] * m.dividends_meur[f, v] for v in m.Y if v <= y)


@rule("return that the investors ask for", about_money=True)
def hurdle(m: Model) -> None:
    r"""Dividends and redemption give the investors their hurdle rate; redemption pays back contributions, no more.

    Before the horizon dividends never exceed what the contributions so far have earned; the contributions stay in.
    Otherwise the optimiser pays "dividends" first and draws the equity in the last year, or hands it back in the year
    in which it came: it would only decorate the private share.

    .. math::
        \sum_y \frac{v_{fy}}{(1 + h_f)^{y}} + \frac{r_f}{(1 + h_f)^{H}} \ge \sum_y \frac{d_{fy}}{(1 + h_f)^{y-1}}
        \qquad r_f \le \sum_y d_{fy} \qquad
        \sum_{v \le y} \Big( \frac{v_{fv}}{(1 + h_f)^{v}} + \frac{d_{fv}}{(1 + h_f)^{y}} \Big)
        \le \sum_{v \le y} \frac{d_{fv}}{(1 + h_f)^{v-1}} \quad \forall y < H \qquad \forall f \in equity
    """
    last = m.horizon_end
    m.hurdle = pyo.Constraint(
        m.EQUITY,
        rule=lambda m, f: (
            _paid_out(m, f, last) + m.payout_value[f, last] * m.redemption_meur[f] >= _paid_in(m, f, last)
        ),
    )
    m.hurdle_claim = pyo.Constraint(
        m.INVESTORS,
        m.Y[:-1],
        rule=lambda m, f, y: _paid_out(m, f, y) + m.payout_value[f, y] * ex.drawn_until(m, [f], y) <= _paid_in(m, f, y),
    )
    m.hurdle_redemption = pyo.Constraint(
        m.INVESTORS, rule=lambda m, f: m.redemption_meur[f] <= ex.drawn_until(m, [f], last)
    )


@rule("shares and claims of a layered fund", about_money=True)
def fund_claims(m: Model) -> None:
    r"""All tranches of a fund pay in by their shares; each gets its return exactly, or a loss is called.

    Payments to tranches are owed whether or not there is profit, unlike dividends; in a year in which shareholders or
    the research company are paid, tranches have what they have earned so far.

    .. math::
        \frac{d_{fy}}{s_f} = \frac{d_{f'y}}{s_{f'}} \qquad
        \sum_y \frac{v_{fy}}{(1 + h_f)^{y}} + \frac{r_f + \ell_f}{(1 + h_f)^{H}}
        = \sum_y \frac{d_{fy}}{(1 + h_f)^{y-1}} \qquad
        \ell_f \le \overline{\ell}_f \sum_y (1 + h_f)^{H - y + 1} d_{fy} \\
        \sum_{v \le y} \frac{d_{fv}}{(1 + h_f)^{v-1}}
        - \sum_{v \le y} \Big( \frac{v_{fv}}{(1 + h_f)^{v}} + \frac{d_{fv}}{(1 + h_f)^{y}} \Big)
        \le P_f (1 - b_y) \qquad \forall y < H
    """
    pairs = [
        (f, g, y) for tranches in m.FUNDS.values() for f, g in pairwise(tranches) for y in m.Y if (f, y) in m.draws_meur
    ]
    m.fund_claims_share = pyo.Constraint(
        pairs,
        rule=lambda m, f, g, y: m.tranche_share[g] * m.draws_meur[f, y] - m.tranche_share[f] * m.draws_meur[g, y] == 0,
    )
    last = m.horizon_end
    m.fund_claims = pyo.Constraint(
        m.TRANCHES,
        rule=lambda m, f: (
            _paid_out(m, f, last)
            + m.payout_value[f, last] * (m.redemption_meur[f] + m.called_loss_meur[f])
            - _paid_in(m, f, last)
            == 0
        ),
    )
    m.fund_claims_first = pyo.Constraint(
        m.TRANCHES,
        [y for y in m.DISTRIBUTE if y < last],
        rule=lambda m, f, y: (
            _paid_in(m, f, y) - _paid_out(m, f, y) - m.payout_value[f, y] * ex.drawn_until(m, [f], y)
            <= m.payout_max[f] * (1 - m.may_distribute[y])
        ),
    )
    m.fund_claims_loss = pyo.Constraint(
        m.TRANCHES,
        rule=lambda m, f: (
            m.called_loss_meur[f]
            <= m.loss_max[f] * pyo.quicksum(m.claim[f, v] * m.draws_meur[f2, v] for f2, v in m.DRAW if f2 == f)
        ),
    )


@identity("losses of a fund are called in its order, and only where money is missing", about_money=True)
def called_losses(m: Model) -> None:
    r"""A loss can be called only where the service company has nothing left, and junior tranches bear it first.

    Without these rows the optimiser invents losses: the first-loss piece of the public budget becomes a gift while the
    shareholders are paid.

    .. math::
        \ell_f \le \overline{\ell}_f P_f z_f \qquad
        \sum_y v_{gy} + r_g \le P_g (1 - z_f) \quad \forall g \text{ junior to } f \\
        L_{service,H} \le \underline{L}_{service} + \overline{L} (1 - z_f) \qquad
        \sum_{f' \in eq} \Big( \sum_y v_{f'y} + r_{f'} \Big) + \sum_y u_y \le \overline{V} (1 - z_f)
    """
    last = m.horizon_end
    m.called_losses = pyo.Constraint(
        m.TRANCHES,
        rule=lambda m, f: ex.switched(m, m.called_loss_meur[f], m.loss_max[f] * m.payout_max[f], m.loss_called[f]),
    )
    m.called_losses_order = pyo.Constraint(
        [(f, g) for tranches in m.FUNDS.values() for i, f in enumerate(tranches) for g in tranches[:i]],
        rule=lambda m, f, g: ex.switched(m, ex.payouts(m, g), m.payout_max[g], 1 - m.loss_called[f]),
    )
    m.called_losses_cash = pyo.Constraint(
        m.TRANCHES,
        rule=lambda m, f: ex.switched(
            m, m.cash_meur["service", last] - m.cash_reserve["service"], m.service_cash_max, 1 - m.loss_called[f]
        ),
    )

    def shareholders(m: Model) -> Expression:
        transfers = pyo.quicksum(m.profit_transfer_meur[y] for y in m.profit_transfer_meur)
        return pyo.quicksum(ex.payouts(m, f) for f in m.EQUITY) + transfers

    m.called_losses_shareholders = pyo.Constraint(
        m.TRANCHES if m.EQUITY or m.has_transfer else [],
        rule=lambda m, f: ex.switched(m, shareholders(m), m.shareholder_max, 1 - m.loss_called[f]),
    )


@identity("dividends only from the service company's profit", about_money=True)
def ring_fence(m: Model) -> None:
    r"""The service company distributes only accumulated profit; grants never become dividends (AO §§ 55, 58).

    .. math::
        \sum_f v_{fy} + u_y \le \overline{V}_y\, b_y \qquad
        \sum_{v \le y} \Big( \sum_f v_{fv} + u_v \Big) \le \sum_{v \le y} (\Pi_v - T_v) + (\overline{\Lambda}_y
        + \overline{V}_y) (1 - b_y) \qquad \forall y

    A year without profit so far is a year without distribution (b = 0).
    """
    if not m.DISTRIBUTE:
        return

    def paid(m: Model, y: int) -> Expression:
        dividends = pyo.quicksum(m.dividends_meur[f, y] for f in m.EQUITY)
        return dividends + (m.profit_transfer_meur[y] if m.has_transfer else 0)

    def kept(m: Model, y: int) -> Expression:
        return m.profit_meur[y] - (m.tax_meur[y] if m.TAXED else 0)

    m.ring_fence_year = pyo.Constraint(
        m.DISTRIBUTE, rule=lambda m, y: ex.switched(m, paid(m, y), m.distribution_max[y], m.may_distribute[y])
    )
    m.ring_fence = pyo.Constraint(
        m.DISTRIBUTE,
        rule=lambda m, y: ex.switched(
            m,
            pyo.quicksum(paid(m, v) - kept(m, v) for v in m.Y if v <= y),
            m.service_loss_max[y] + m.distribution_max[y],
            1 - m.may_distribute[y],
        ),
    )


PARTS = [hurdle, fund_claims, called_losses, ring_fence]
