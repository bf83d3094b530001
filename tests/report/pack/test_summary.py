"""The summary of a pack: the same numbers in both languages, and those of the ledger."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from leam_opt.report.compare import compare, compared
from leam_opt.report.pack.content import Pack
from leam_opt.report.pack.summary import conventions, findings, summary
from leam_opt.words import Words
from tests.report.pack.packs import GAP, MADE, small_pack
from tests.solve.test_compare import price, scenarios

GERMAN, ENGLISH = Words("de"), Words("en")


def numbers(text: str, words: Words) -> list[float]:
    """All numbers in a text, read in its language, in order of size (German has another order of words)."""
    thousands, decimal = (",", ".") if words.language == "en" else (".", ",")
    found = re.findall(r"(?<![\w])[−+]?\d[\d.,]*\d|(?<![\w])[−+]?\d", text)
    plain = (each.replace(thousands, "").replace(decimal, ".").replace("−", "-") for each in found)
    return sorted(float(each) for each in plain)


def pack_of(case: Any, **options: Any) -> Pack:
    return Pack(case=case, comparison=compare(case, mip_gap=GAP), made=MADE, **options)


def test_both_languages_say_the_same_numbers() -> None:
    """Breaks when a sentence is lost in one language, or a value stands in the wrong place of one of them."""
    pack = small_pack()
    for tell in (lambda words: summary(pack, words), lambda words: conventions(pack.best, words)):
        english, german = tell(ENGLISH), tell(GERMAN)
        assert len(english) == len(german) > 4
        for one, other in zip(english, german, strict=True):
            assert one != other
            assert numbers(one, ENGLISH) == numbers(other, GERMAN), one
            assert "{" not in one + other


def test_the_first_sentence_is_the_answer() -> None:
    """Units at 12 and 10, internet at 0.5 and 0.7 a year: deficits of 13 and 11.4 (see the test of the ranking)."""
    case = scenarios(dear=price(12), cheap={**price(10), "operations": {"internet": 0.7}})
    told = summary(pack_of(case))
    assert told[0] == (
        "Cheap is best: from 2025 to 2026 its deficit is 11.4 M€; with Dear it would be 13.0 M€, 1.6 M€ more."
    )
    assert told[1] == "What makes the difference, in M€: Servers −2.0; Internet connection +0.4."
    assert told[2] == "The public side gives 11.4 M€ (100 % of the money that is drawn), private sources 0.0 M€."
    assert told[3] == "Everything is funded."
    german = summary(pack_of(case), GERMAN)
    assert german[0] == (
        "Cheap schneidet am besten ab (Defizit von 2025 bis 2026: 11,4 Mio. €); bei Dear wären es 13,0 Mio. €, also "
        "1,6 Mio. € mehr."
    )


def test_what_is_unfunded_is_said_of_the_best_and_of_the_others() -> None:
    """A grant of 10 of the 11 M EUR that are needed leaves one open."""
    poor = {"funding": {"instruments": {"grant": {"cap_total": 10}}}}
    told = summary(pack_of(scenarios(rich={}, poor=poor)))
    assert "its unfunded gap is 0.0 M€; with Poor it would be 1.0 M€" in told[0]
    assert "Poor leaves 1.0 M€ unfunded." in told
    alone = pack_of(scenarios(poor=poor))
    assert summary(alone)[0] == "Poor: from 2025 to 2026 the deficit is 11.0 M€."
    assert "1.0 M€ stay unfunded: there is no financial close yet." in summary(alone)
    assert findings(alone.best)[0].startswith("1.0 M€ (9 % of gross cost) are not funded by any instrument")


def test_scenarios_that_are_the_same_are_not_ranked() -> None:
    told = summary(pack_of(scenarios(one={}, other={})))
    assert told[0].startswith("One and Other cannot be told apart: their deficits are 11.00 M€ and 11.00 M€")
    assert not any("makes the difference" in sentence for sentence in told)


def test_the_margin_of_charitable_status() -> None:
    """All use is public: 50 percentage points above the half that is required; none where all has to be."""
    assert any("50.0 percentage points above the required 50 %" in sentence for sentence in summary(small_pack()))
    strict = {"rules": {"public_use": {"enabled": True, "scope": "all", "share_min": 1}}}
    told = summary(pack_of(scenarios(strict=strict)))
    assert any("without any margin: public use of all pools is 100.0 % in 2025" in sentence for sentence in told)


def test_what_is_not_proven_is_not_said_to_be() -> None:
    """Breaks when a search that was ended early is told as a proof."""
    pack = small_pack()
    result = replace(pack.best.result, mip_gap=float("inf"), dual_bound_meur=float("-inf"))
    early = replace(pack.best, result=result)
    plans = {pack.comparison.ranking[0]: early}
    told = summary(replace(pack, comparison=compared(pack.case, plans)))
    assert any("is not proven" in sentence for sentence in told)
    assert not any("It is proven" in sentence for sentence in told)


@pytest.mark.parametrize("words", [ENGLISH, GERMAN], ids=["en", "de"])
def test_a_changed_figure_and_a_conflict_are_told(words: Words) -> None:
    pack = replace(small_pack(), case=small_pack().case.override({"prices.tokens": 0.003}))
    told = summary(pack, words)
    assert any(sentence.startswith(("One figure differs", "Eine Angabe weicht")) for sentence in told)
    stuck = next(
        sentence for sentence in told if "stuck" in sentence or "Fall selbst" in sentence or "itself" in sentence
    )
    assert told.index(stuck) == 1, "a scenario without a plan is told at once, with what it would take"
    assert words.money(4.0) in stuck and words.money(1.5) in stuck and words.number(3.0, 0) in stuck
