"""What the rules of a case say, in sentences that take the case's own values."""

from __future__ import annotations

from collections.abc import Mapping

from leam_opt.words import ENGLISH, N_, Words

TEXTS = {
    "site.modules_max": N_("at most {value} of {module} MW at site {site}"),
    "grid.grid_limit": N_("at most {value} of grid power at site {site}"),
    "heat.heat_reuse_max": N_("at most {value} of the energy of site {site} can be sold as heat"),
    "cpu.cores": N_("at least {value} for pre-processing"),
    "pool_share.share_min": N_("at least {value} of the running servers in the {pool} pool"),
    "pool_share.share_max": N_("at most {value} of the running servers in the {pool} pool"),
    "class_share.private_share_max": N_("at most {value} private use of the {pool} pool"),
    "mission_models.models_per_year_min": N_("at least {value} a year"),
    "mission_models.models_per_year_max": N_("at most {value} a year"),
    "mission_models.models_min": N_("at least {value} of {generation}"),
    "mission_compute.public_compute_min": N_("at least {value} for public users"),
    "source_share.share_max": N_("at most {value} of a site's electricity from {source}"),
    "renewable.renewable_share_min": N_("at least {value} renewable electricity"),
    "heat.heat_reuse_min": N_("at least {value} of every site's energy reused as heat"),
    "pue_limit.pue_max": N_("a PUE of at most {value} at every open site"),
    "co2.co2_max": N_("at most {value} of CO2 a year from electricity"),
    "public_use.share_min": N_("public use of at least {value} {scope}"),
    "ancillary_use.share_max": N_("economic use of at most {value} of the capacity {scope}"),
    "grant_income.share_min": N_("grants and gifts as at least {value} of the research company's income"),
    "timely_use.years": N_("use of the research company's means within {value}"),
    "timely_use.free_reserve_share": N_("a free reserve of at most {value} of the research company's means"),
    "deficit_limit.deficit_max": N_("a deficit of at most {value}"),
    "caps.cap_total": N_("at most {value} from {instrument}"),
    "caps.cap_per_year": N_("at most {value} a year from {instrument}"),
    "caps.min_ticket": N_("at least {value} from {instrument} if it is used"),
    "grant_intensity.intensity": N_("at most {value} of eligible cost from {instrument}"),
    "access.intensity": N_("at most {value} of the cost of the servers paid in advance by {instrument}"),
    "private_money.private_share_min": N_("a private share of the funding of at least {value}"),
    "private_money.private_share_max": N_("a private share of the funding of at most {value}"),
    "gearing.gearing_max": N_("loans of at most {value} of the money of the {company}"),
    "guarantees.share_max": N_("at most {value} of each draw guaranteed by {guarantee}"),
    "guarantees.cap_total": N_("at most {value} guaranteed by {guarantee}"),
    "guarantees.guaranteed_share_min": N_("at least {value} of each draw of {loan} guaranteed"),
    "debt_cover.dscr_min": N_("a debt service cover (DSCR) of at least {value} for {loan}"),
    "reserve_account.reserve_months": N_("a reserve of {value} of debt service for {loan}"),
    "lock_up.lockup_dscr": N_("no distributions below a debt service cover (DSCR) of {value} for {loan}"),
    "hurdle.hurdle_rate": N_("a return of at least {value} a year for {investor}"),
    "fund_claims.return_rate": N_("a return of {value} a year owed to {investor}"),
    "fund_claims.loss_max": N_("a loss of at most {value} of the claim of {investor}"),
    "budget_lines.cap_per_year": N_("at most {value} a year from the budget {budget}"),
    "matching.ratio": N_("money from {one} of at least {value} times that from {other}"),
}
"""Texts by the rule's family and the figure's key."""

WORDS = (
    N_("in the core pool"),
    N_("over all pools"),
    N_("core"),
    N_("tuning"),
    N_("inference"),
    N_("research company"),
    N_("service company"),
)
"""Names in the texts that are words themselves."""

SAYS = (
    N_("size of the sites (IT power modules and grid connection)"),
    N_("IT power built covers the nameplate of all servers"),
    N_("grid connection of the site"),
    N_("largest PUE that the law allows for an open site"),
    N_("CPU cores for pre-processing"),
    N_("share of the running servers that a pool may have"),
    N_("largest private share of a pool's compute"),
    N_("each model generation is trained at one site on one server type"),
    N_("number of core models that the mission asks for"),
    N_("compute that the mission promises to public users"),
    N_("largest share of a site's electricity from one source"),
    N_("smallest renewable share of the electricity"),
    N_("share of the site's energy that is reused as heat"),
    N_("largest CO2 of the electricity"),
    N_("public use of the pools in scope (charitable status)"),
    N_("ancillary economic use of the research infrastructure (state aid)"),
    N_("grants as the main income of the research company (AO § 68 no. 9)"),
    N_("largest sum of each funding instrument"),
    N_("grants only for eligible cost of the research company"),
    N_("access time bought in advance"),
    N_("budgets that instruments share"),
    N_("contributions that have to match others"),
    N_("instruments of which only one can be used"),
    N_("private share of the funding"),
    N_("largest share of loans in the money of a company"),
    N_("guarantees for loans"),
    N_("debt service cover of the loans"),
    N_("debt-service reserve accounts"),
    N_("distribution lock-up of the lenders"),
    N_("return that the investors ask for"),
    N_("shares and claims of a layered fund"),
    N_("timely use of the research company's means (AO § 55(1) no. 5)"),
    N_("largest deficit"),
)
"""The rules in the words of the model (`Part.says`), for those that no figure sets."""


def named(names: Mapping[str, str], words: Words = ENGLISH) -> dict[str, str]:
    """What a text speaks of, in a language: names that are words themselves, and the size of a power module."""
    told = {name: words(text) if name in ("scope", "pool", "company") else text for name, text in names.items()}
    if module := told.get("module"):
        told["module"] = words.number(float(module), len(module.partition(".")[2]))
    return told


def shown(value: float, unit: str, words: Words) -> str:
    """A figure with its unit, in as many digits as it has: `87.5 %`, `4.5 MW`, `1 core model`."""
    if unit == "share":
        return f"{plain(100 * value, words)} %"
    if unit in ("MEUR", "MEUR/a"):
        return words.money(value, digits(value))
    count = round(value)
    if unit in ("model", "model/a"):
        return words.plural("{count} core model", "{count} core models", count)
    if unit == "a":
        return words.plural("{count} year", "{count} years", count)
    if unit == "month" and abs(value - count) < 1e-6:
        return words.plural("{count} month", "{count} months", count)
    if unit == "unit":
        return words.plural("{count} IT power module", "{count} IT power modules", count)
    if unit == "core":
        return words.plural("{count} CPU core", "{count} CPU cores", count)
    text = plain(value, words)
    if unit == "month":
        return words("{number} months", number=text)
    if unit == "MGPUh/a":
        return words("{number} million GPU-hours a year", number=text)
    return f"{text} {unit.removesuffix('/a')}" if unit in ("MW", "kt/a") else text


def plain(value: float, words: Words) -> str:
    """A number without zeros at its end."""
    return words.number(value, digits(value))


def digits(value: float) -> int:
    """Decimals that a figure has, up to four."""
    return next((n for n in range(4) if abs(round(value, n) - value) < 1e-6), 4)
