"""What a reader of a plan should know, and how its numbers are to be read; in the language of the reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leam_opt.ledger.fund_risk import fund_losses
from leam_opt.ledger.measures import discount_rate
from leam_opt.ledger.rules import Rule, legal_rules
from leam_opt.words import ENGLISH, N_, Words

if TYPE_CHECKING:
    from leam_opt.solve.plan import Plan

CONVENTIONS = (
    N_(
        "Money in nominal M€; capital expenditure and draws at the start of a year, operation and debt service at its "
        "end."
    ),
    N_(
        "Deficit = capital expenditure + operating cost + financing cost (interest, fees, investors' return above "
        "their contribution) + corporate tax - revenue over the horizon; a grant reduces the funding need, never also "
        "the cost."
    ),
    N_(
        "CFADS, the cash flow for debt service: revenue less operating cost and infrastructure fee, after corporate "
        "tax; fees that the owner got in advance serve no debt later."
    ),
    N_("The unfunded gap is what no instrument provides; gaps of the solver are relative to gross cost."),
    N_("Compute in million reference GPU-hours (one reference GPU = one A100 in training)."),
)
_CALLED_LOSS = N_("A called loss is no saving: the tranche that bears it is counted with its whole claim.")
_FUND_RISK = N_(
    "Losses that tranches may bear: the plan's decisions under figures drawn from the case's ranges, with its risk "
    "register; what the service company lacks at the horizon is borne by shareholders first, then by the tranches in "
    "their order."
)
_RESIDUAL = N_("Hardware and building are valued straight-line at the horizon.")
SCOPES = {"core": N_("the core pool"), "all": N_("all pools")}
_NOTHING_MEUR = 1e-3


def conventions(plan: Plan, words: Words = ENGLISH, *, has_fund: bool | None = None) -> list[str]:
    """How the numbers of a plan are to be read.

    Args:
        plan: the plan.
        words: the language.
        has_fund: whether the losses of a fund's tranches are shown; None looks.
    """
    rate = 100 * discount_rate(plan.case).share
    shows_losses = len(fund_losses(plan.case, plan.accounts.books)) > 0 if has_fund is None else has_fund
    told = [words(text) for text in CONVENTIONS]
    told.append(
        words(
            "Present values at {rate} % nominal, (1 + real rate) (1 + inflation) - 1 of the case; those of an owner of "
            "the whole centre at the highest hurdle rate of the equity in use, if there is one.",
            rate=_short(rate, words),
        )
    )
    if plan.accounts.books.inputs.structure.tranches.any():
        told.append(words(_CALLED_LOSS))
    if shows_losses:
        told.append(words(_FUND_RISK))
    if plan.case.objective.residual_value:
        told.append(words(_RESIDUAL))
    return told


def findings(plan: Plan, words: Words = ENGLISH) -> list[str]:
    """What a reader of the plan should know."""
    return [*_unfunded(plan, words), *_private_money(plan, words), *_losses(plan, words), *_readings(plan, words)]


def _unfunded(plan: Plan, words: Words) -> list[str]:
    totals = plan.accounts.totals
    gap, private = totals["unfunded_gap_meur"], totals["private_money_meur"]
    if gap <= _NOTHING_MEUR:
        return []
    share = words.percent(gap / max(totals["gross_cost_meur"], 1e-9), 0)
    told = [
        words(
            "{gap} ({share} of gross cost) are not funded by any instrument of this scenario.",
            gap=words.money(gap),
            share=share,
        )
    ]
    if private > _NOTHING_MEUR:
        told.append(
            words(
                "The {private} of private money come only if somebody gives what is not funded: with it open the plan "
                "has no financial close.",
                private=words.money(private),
            )
        )
    return told


def _private_money(plan: Plan, words: Words) -> list[str]:
    index = plan.accounts.books.inputs.structure.index
    terms = plan.case.funding.instruments
    has_private = any(terms[name].provider == "private" for name in index.instruments)
    if not has_private or plan.accounts.totals["private_money_meur"] >= 1e-6:
        return []
    return [
        words(
            "No private money is drawn: the service company's profit does not carry the return and the debt service "
            "that private money asks for."
        )
    ]


def _losses(plan: Plan, words: Words) -> list[str]:
    instruments = plan.accounts.books.inputs.structure.index.instruments
    return [
        words(
            "{loss} of what {name} asks for are not met: a loss that the tranche bears.",
            loss=words.money(float(loss)),
            name=name,
        )
        for name, loss in zip(instruments, plan.decisions.called_loss_meur, strict=True)
        if loss > _NOTHING_MEUR
    ]


def _readings(plan: Plan, words: Words) -> list[str]:
    return [_reading(rule, words) for rule in legal_rules(plan.accounts.books) if is_broken_reading(rule)]


def is_broken_reading(rule: Rule) -> bool:
    """Whether a reading of the public-use rule is broken that the plan is not bound by."""
    return rule.rule == "public_use" and not rule.met and not rule.active and None not in (rule.worst, rule.limit)


def _reading(rule: Rule, words: Words) -> str:
    return words(
        "Over {scope} public use falls to {worst} in {year}, below {limit}; the plan is not bound by that reading.",
        scope=words(SCOPES[rule.scope]) if rule.scope in SCOPES else rule.scope,
        worst=words.percent(rule.worst),
        year=rule.year,
        limit=words.percent(rule.limit, 0),
    )


def _short(value: float, words: Words) -> str:
    """A number without the zeros behind it."""
    digits = next((digits for digits in range(6) if abs(round(value, digits) - value) < 1e-9), 6)
    return words.number(value, digits)
