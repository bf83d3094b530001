"""Who pays what in which year: waterfall, sources and uses, bearers, contingent liabilities, fiscal exposure.

Every function takes the books of one plan (no axis of variants) and returns a long table in M EUR of the year's money.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, get_args

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.index import ENTITIES
from leam_opt.case.instruments import Payer
from leam_opt.finance.project import dscr
from leam_opt.ledger.books import Books
from leam_opt.ledger.rows import ONE_EURO_MEUR

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

CENT: Final = 1e-8
"""One euro cent in M EUR: tables leave out what stays below it in every year."""
PUBLIC_PAYERS: Final = ("union", "federation", "state", "public")
OTHER_BEARERS: Final = ("customers", "treasury", "unfunded")
"""Who pays or receives without an instrument."""


def one_plan(books: Books) -> None:
    """Refuses books of several variants.

    Raises:
        ValueError: the books carry an axis of variants.
    """
    if books.money.cash_end.ndim != 2:
        raise ValueError("statements and measures are of one plan; take the arrays of Books for several variants")


def long_table(axes: Mapping[str, tuple[object, ...]], columns: Mapping[str, Array]) -> pd.DataFrame:
    """A long table: one row for each combination of the axes, arrays of that shape as columns."""
    import pandas as pd

    shape = tuple(len(names) for names in axes.values())
    grid = np.indices(shape).reshape(len(shape), -1)
    keys = {name: [names[n] for n in along] for (name, names), along in zip(axes.items(), grid, strict=True)}
    # Adding zero turns -0.0 into 0.0.
    return pd.DataFrame({**keys, **{name: np.broadcast_to(a, shape).ravel() + 0.0 for name, a in columns.items()}})


def instrument_receipts(books: Books) -> tuple[Array, Array]:
    """(F, Y) what the giver of each instrument gets back at the start and at the end of each year.

    Interest, interest during construction, arrangement fee and repayment of loans; dividends and redemption of equity
    and tranches. The arrangement fee of any other instrument pays third parties, as does the guarantee fee.
    """
    structure, money, plan = books.inputs.structure, books.money, books.plan
    investors = (structure.equity | structure.tranches)[:, None]
    start = np.where(structure.loans[:, None], money.arrangement_fees + money.construction_interest, 0.0)
    end = money.interest + money.repayment + plan.dividends_meur * investors
    end[:, -1] += plan.redemption_meur * investors[:, 0]
    return start, end


def guarantee_fees(books: Books) -> Array:
    """(U, Y) fees that each guarantee earns."""
    earned: Array = books.inputs.structure.covers @ books.money.guarantee_fees
    return earned


def waterfall(books: Books) -> pd.DataFrame:
    """The order in which each company's money is used: revenue first, shareholders last.

    Money in is positive, money out negative: the four first columns add up to `cfads_meur`, with the debt service to
    `cash_after_debt_meur`. `infrastructure_fee_meur` is the fee of the year, for its owner less what was
    paid in advance.
    `senior_service_meur` and `mezzanine_service_meur` are interest, guarantee fees and principal. `dscr` is CFADS
    (after tax) over all debt service, not a number in years without.
    """
    one_plan(books)
    structure, money, flows = books.inputs.structure, books.money, books.money.flows
    plan = books.plan

    def to_company(by_instrument: Array, chosen: NDArray[np.bool_]) -> Array:
        booked: Array = np.einsum("fy,f,fe->ey", by_instrument, chosen.astype(float), structure.receives)
        return booked

    service = to_company(money.debt_service, structure.loans)
    mezzanine = to_company(money.debt_service, structure.mezzanine)
    tax = flows["corporate_tax"]
    revenue, opex = flows["revenue"], flows["opex"]
    return long_table(
        {"company": ENTITIES, "year": structure.index.years},
        {
            "revenue_meur": revenue,
            "opex_meur": opex,
            "infrastructure_fee_meur": money.cfads - revenue - opex - tax,
            "corporate_tax_meur": tax,
            "cfads_meur": money.cfads,
            "senior_service_meur": mezzanine - service,
            "mezzanine_service_meur": -mezzanine,
            "cash_after_debt_meur": money.cfads - service,
            "dividends_meur": -to_company(plan.dividends_meur, structure.equity),
            "fund_payments_meur": -to_company(plan.dividends_meur, structure.tranches),
            "redemption_meur": flows["redemption"],
            "profit_transfer_meur": flows["profit_transfer"],
            "dscr": dscr(money.cfads, np.where(service > ONE_EURO_MEUR, service, 0.0)),
        },
    )


def sources_and_uses(books: Books) -> pd.DataFrame:
    """Where the money of both companies comes from and what it is used for; columns year, side, item, meur.

    Flows between the two companies cancel. What a year leaves or takes stands as `cash_increase` (use) or
    `cash_decrease` (source), so that sources equal uses in every year. Amounts are positive; interest that a guarantee
    lowers is net.
    """
    import pandas as pd

    one_plan(books)
    structure, flows = books.inputs.structure, books.money.flows
    both = {name: values.sum(axis=0) for name, values in flows.items()}
    change = np.diff(books.money.cash_end.sum(axis=0), prepend=0.0)
    sources = {
        **dict(zip(structure.index.instruments, books.plan.draws_meur, strict=True)),
        "unfunded_gap": both["unfunded_gap"],
        "revenue": both["revenue"],
        "cash_decrease": np.maximum(-change, 0.0),
    }
    paid = ("capex", "opex", "arrangement_fees", "construction_interest", "interest", "guarantee_fees", "repayment")
    uses = {
        **{name: -both[name] for name in (*paid, "corporate_tax", "dividends", "redemption")},
        "cash_increase": np.maximum(change, 0.0),
    }
    rows = [
        {"year": year, "side": side, "item": item, "meur": float(values[number]) + 0.0}
        for number, year in enumerate(structure.index.years)
        for side, items in (("source", sources), ("use", uses))
        for item, values in items.items()
        if np.abs(values).max() > CENT
    ]
    return pd.DataFrame(rows, columns=["year", "side", "item", "meur"])


def bearers(books: Books) -> pd.DataFrame:
    """Who bears which euro in which year; columns year, payer, paid_meur, received_meur, net_meur.

    Paid are draws of instruments, revenue (by customers), and the unfunded gap. Received are debt service, fees of
    loans and guarantees, dividends, redemption, and by the treasury corporate tax and irrecoverable value-added tax.
    The net amounts of a year add up to what suppliers and staff get (capital expenditure and operating cost without
    that tax, arrangement fees of instruments other than loans) and the change of cash.
    """
    one_plan(books)
    structure, business = books.inputs.structure, books.business
    years, nothing = structure.index.years, np.zeros(structure.horizon)
    paid: dict[str, Array] = {}
    received: dict[str, Array] = {}

    def add(side: dict[str, Array], who: str, yearly: Array) -> None:
        side[who] = side.get(who, nothing) + yearly

    start, end = instrument_receipts(books)
    for number, terms in enumerate(structure.instruments):
        add(paid, terms.payer, books.plan.draws_meur[number])
        add(received, terms.payer, start[number] + end[number])
    for cover, fees in zip(structure.guarantees, guarantee_fees(books), strict=True):
        add(received, cover.payer, fees)
    add(paid, "customers", books.money.flows["revenue"].sum(axis=0))
    add(paid, "unfunded", books.plan.unfunded_gap_meur.sum(axis=0))
    vat = business.capex["vat_on_capex"] + business.opex["vat_on_opex"]
    add(received, "treasury", books.money.tax + vat.sum(axis=0))
    names = [
        who
        for who in (*get_args(Payer), *OTHER_BEARERS)
        if max(np.abs(paid.get(who, nothing)).max(), np.abs(received.get(who, nothing)).max()) > CENT
    ]
    gave, got = (
        np.array([side.get(who, nothing) for who in names]).reshape(len(names), len(years)).T
        for side in (paid, received)
    )
    return long_table(
        {"year": years, "payer": tuple(names)}, {"paid_meur": gave, "received_meur": got, "net_meur": gave - got}
    )


def contingent_liabilities(books: Books) -> pd.DataFrame:
    """Guarantees in use by year; columns guarantee, payer, year, guaranteed_meur, expected_call_meur.

    `guaranteed_meur` is the guaranteed debt at the start of the year with that year's draws; `expected_call_meur` is
    what a call in this year would cost on average (probability of a call times the guaranteed debt). The probability is
    that of one call over the whole time: the years' figures are alternatives and do not add up.
    """
    one_plan(books)
    structure = books.inputs.structure
    guaranteed = structure.covers @ books.money.guaranteed_opening
    table = long_table(
        {"guarantee": structure.index.guarantees, "year": structure.index.years},
        {
            "guaranteed_meur": guaranteed,
            "expected_call_meur": books.inputs.money.call_probability[:, None] * guaranteed,
        },
    )
    payers = {name: cover.payer for name, cover in zip(structure.index.guarantees, structure.guarantees, strict=True)}
    table.insert(1, "payer", [payers[name] for name in table["guarantee"]])
    return table


def fiscal_exposure(books: Books) -> pd.DataFrame:
    """Burden on public budgets by year; columns payer, year, meur: draws of public money less what it gets back.

    A public instrument without a public payer (a loan of a promotional bank) stands under `public`. Guarantees are
    contingent liabilities and stand apart; their fees are receipts. Taxes are not counted: `bearers` shows them under
    `treasury`.
    """
    one_plan(books)
    structure = books.inputs.structure
    start, end = instrument_receipts(books)
    burden: dict[str, Array] = {}

    def add(who: str, yearly: Array) -> None:
        name = who if who in PUBLIC_PAYERS else "public"
        burden[name] = burden.get(name, np.zeros(structure.horizon)) + yearly

    for number, terms in enumerate(structure.instruments):
        if terms.public:
            add(terms.payer, books.plan.draws_meur[number] - start[number] - end[number])
    for cover, fees in zip(structure.guarantees, guarantee_fees(books), strict=True):
        if cover.public:
            add(cover.payer, -fees)
    names = tuple(name for name in PUBLIC_PAYERS if name in burden)
    amounts = np.array([burden[name] for name in names]).reshape(len(names), structure.horizon)
    return long_table({"payer": names, "year": structure.index.years}, {"meur": amounts})
