"""What a rule finds."""
from typing import NamedTuple


class Offence(NamedTuple):
    path: str
    line: int
    rule: str
    # What is wrong and how to mend it.
    sentence: str
