"""How much of an error budget is left.

Source: Beyer, Jones, Petoff & Murphy 2016, Site Reliability Engineering, chapter 3.
"""

from reliakit.rollouts.definition import Objective

__all__ = ["budget_left"]


def budget_left(objective: Objective, requests: int, errors: int) -> float:
    """Returns the share of the budget that is left after so many requests and errors within the window: 1 where
    nothing has failed, 0 where all that may fail has failed, below 0 beyond that.
    """
    allowed = (1 - objective.good) * requests
    return 1 - errors / allowed if allowed else 1.0
