"""The small case with every kind of instrument, rule, price and tax that a case may have."""

from __future__ import annotations

from tests.case.small import SMALL

LEVELS = """\
  infrastructure_fee: 5000
  token_levels: [{price: 0.005, demand: 130 %}, {price: 0.01, demand: 1}, {price: 0.02, demand: 60 %}]
  cluster_hour_levels:
    - {price: 8000, demand: 1.2}
    - {price: 10000, demand: 1}
"""
TAXES = """\
  timely_use: {years: 3, free_reserve_share: 10 %, replacement_reserve: false, source: AO}
taxation:
  source: KStG, UStG
  corporate_tax: {2025: 30 %, 2027: 29 %}
  vat: 19 %
  vat_irrecoverable_research: 80 %
discounting: {real_rate: {low: 1 %, base: 2 %, high: 3 %}, inflation: 2 %, source: "assumption: long run"}
value_for_money:
  source: "assumption: as tested elsewhere"
  comparator: base
  partnership: private
  competitive_neutrality: 4 %
  ancillary_cost: 2
  transferred: {capex: 50 %}
  risks:
    delay: {title: Delay, basis: capex, overrun: {low: 0, base: 5 %, high: 20 %}, transferred: 80 %}
  samples: 500
  seed: 7
"""
FUNDING = """\
funding:
  use: [union-grant, state-grant, federal-grant, bank, sub-loan, bank-guarantee, first-loss, mid-piece, top-piece]
  gearing_max_service: 80 %
  instruments:
    federal-grant: {kind: grant, title: Federal grant, cap_total: 300, intensity: 100 %, payer: federation}
    union-grant:
      {kind: grant, title: Union, payer: union, cap_total: 100, intensity: 17 %, basis: computing_capex}
    union-access: {kind: access, title: Union, payer: union, entity: research, cap_total: 90, price: 2, intensity: 0.17}
    state-grant: {kind: grant, title: State, payer: state, cap_total: 200, intensity: 50 %}
    supporters: {kind: sponsor, title: Supporters, cap_total: 10}
    owners: {kind: equity, title: Owners, cap_total: 60, hurdle_rate: 10 %}
    bank:
      kind: loan
      title: Bank loan
      provider: private
      entity: service
      source: a term sheet
      cap_total: {low: 30, base: 50, high: 70}
      rate: 5 %
      rate_bands:
        - {up_to: 20, rate: 5 %}
        - {up_to: 35, rate: 6 %}
        - {rate: 7.5 %}
      tenor_years: 3
      grace_years: 1
      dscr_min: 1.3
      lockup_dscr: 1.4
      reserve_months: 6
      construction_years: 0.5
      guaranteed_share_min: 40 %
    sub-loan:
      kind: loan
      title: Mezzanine
      provider: private
      entity: service
      seniority: mezzanine
      cap_total: 15
      rate: 9 %
      tenor_years: 2
      repayment: bullet
      dscr_min: 1.1
    promo-loan:
      {kind: loan, title: Promotional, provider: public, entity: research, cap_total: 25, rate: 2 %, tenor_years: 3}
    first-loss:
      {kind: tranche, title: First, provider: public, share: 20 %, return_rate: 1 %, loss_max: 100 %, cap_total: 20}
    mid-piece:
      {kind: tranche, title: Middle, provider: private, share: 30 %, return_rate: 9 %, loss_max: 50 %, cap_total: 30}
    top-piece: {kind: tranche, title: Senior, provider: private, share: 50 %, return_rate: 6 %, cap_total: 50}
  guarantees:
    bank-guarantee: {title: Guarantee, loans: [bank, promo-loan], share_max: 60 %, cap_total: 30, fee: 1 %}
    state-guarantee:
      {title: State, payer: state, loans: [bank], share_max: 80 %, cap_total: 40, fee: 0.5 %, rate_reduction: 1.5 %}
  funds:
    innovation: {title: Innovation fund, tranches: [first-loss, mid-piece, top-piece]}
  budget_lines:
    digital: {title: Digital budget, instruments: [federal-grant, union-grant], cap_per_year: {2025: 120, 2026: 60}}
  matching:
    states: {instruments: [state-grant, federal-grant], matched: [union-grant, union-access], ratio: 100 %}
    donors: {instruments: [supporters], matched: [state-grant], ratio: 0.05}
  alternatives:
    union: [union-grant, union-access]
"""
SCENARIOS = """\
scenarios:
  private:
    title: Private
    source: "assumption: a bank lends more to a private company"
    overlay:
      funding:
        use: [bank, state-guarantee, owners]
        instruments:
          bank: {cap_total: 400}
"""
RICH = (
    SMALL[: SMALL.index("funding:")]
    .replace("  infrastructure_fee: 5000\n", LEVELS)
    .replace("  pue_max: 1.5\n", f"  pue_max: 1.5\n{TAXES}")
    + FUNDING
    + SCENARIOS
)
