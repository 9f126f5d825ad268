"""English stop words.

Source: the English stop word list of NLTK (`stopwords`), which goes back to Porter's Snowball.
"""

from __future__ import annotations

__all__ = ["ENGLISH", "NEGATIONS"]

_NEGATIONS = """
    no nor not don't aren't couldn't didn't doesn't hadn't hasn't haven't isn't mightn't mustn't
    needn't shan't shouldn't wasn't weren't won't wouldn't
    """

NEGATIONS: tuple[str, ...] = tuple(_NEGATIONS.split())
"""Stop words that turn a sentence round."""

_OTHERS = """
    i me my myself we our ours ourselves you you're you've you'll you'd your yours yourself
    yourselves he him his himself she she's her hers herself it it's its itself they them their
    theirs themselves what which who whom this that that'll these those am is are was were be been
    being have has had having do does did doing a an the and but if or because as until while of at
    by for with about against between into through during before after above below to from up down
    in out on off over under again further then once here there when where why how all any both
    each few more most other some such only own same so than too very s t can will just don should
    should've now d ll m o re ve y ain aren couldn didn doesn hadn hasn haven isn ma mightn mustn
    needn shan shouldn wasn weren won wouldn
    """

ENGLISH: tuple[str, ...] = (*_OTHERS.split(), *NEGATIONS)
"""All 179 of them, negations last."""
