"""The enums of a tree, which of them describe operators, and which enum the cases of a `switch` belong to."""
from __future__ import annotations

from typing import Dict, Iterable, List, NamedTuple, Optional, Set

from patterns import end_of, parts_between
from source import Source
from tokens import WORD

OPERATORS = "Sources/SwiftletModel/Operators/"


class Enum(NamedTuple):
    path: str
    # The types of each case's payload, by the case's name.
    cases: Dict[str, List[str]]
    is_operator: bool


# Those of the standard library whose cases, or constants that look like cases, are named in patterns.
STANDARD = [
    Enum("Optional", {"none": [], "some": [""]}, False),
    Enum("Result", {"success": [""], "failure": [""]}, False),
    Enum("FixedWidthInteger", {"max": [], "min": [], "zero": []}, False),
]


class Enums:
    def __init__(self, sources: Iterable[Source]):
        self.all: List[Enum] = list(STANDARD)
        # The types that a property, variable or parameter of a name has, wherever it is declared.
        self.types: Dict[str, Set[str]] = {}
        # The structs that `enum Operator` holds.
        self.structs: Set[str] = set()
        for source in sources:
            self._read(source)
        for enum in self.all:
            if enum.is_operator and enum.path == "Operator":
                self.structs = {payload for types in enum.cases.values() for payload in types}

    def _read(self, source: Source):
        for block in source.blocks:
            if block.word == "enum":
                self.all.append(Enum(block.path, cases(source, block), source.path.startswith(OPERATORS)))
        for index in range(1, len(source.tokens) - 1):
            if source.tokens[index].text == ":" and source.tokens[index - 1].kind == WORD:
                type_name = type_at(source, index + 1)
                if type_name:
                    self.types.setdefault(source.tokens[index - 1].text, set()).add(type_name)

    def named(self, type_name: str) -> List[Enum]:
        """The enums of a name, which may be written without the types around them."""
        return [enum for enum in self.all if enum.path == type_name or enum.path.endswith("." + type_name)]

    def of_cases(self, names: Set[str], hints: Iterable[str]) -> Optional[Enum]:
        """The enum of an operator that all of these cases are of; nil where it is another or cannot be told.

        `hints` are types of what is matched, as far as they are known: they decide where several enums have such cases.
        """
        fitting = [enum for enum in self.all if names <= set(enum.cases)]
        hinted = [enum for hint in hints for enum in self.named(hint) if enum in fitting]
        fitting = hinted or fitting
        if names and fitting and all(enum.is_operator for enum in fitting):
            return fitting[0]
        return None


def cases(source: Source, block) -> Dict[str, List[str]]:
    found: Dict[str, List[str]] = {}
    index = block.opening + 1
    while index < block.closing:
        if source.is_word(index, "case"):
            index = read_cases(source, index + 1, found)
        else:
            index = max(source.other[index], index) + 1
    return found


def read_cases(source: Source, index: int, found: Dict[str, List[str]]) -> int:
    """Reads `a(Payload), b = 1` and gives the index after it."""
    while True:
        name, payload = source.tokens[index].text, []
        index += 1
        if source.tokens[index].text == "(" and not source.tokens[index].is_apart:
            payload = [written_type(source, part) for part in parts_between(source, index + 1, source.other[index])]
            index = source.other[index] + 1
        found[name] = payload
        if source.tokens[index].text == "=":
            index += 2 if source.tokens[index + 1].text != "-" else 3
        if source.tokens[index].text != ",":
            return index
        index += 1


def written_type(source: Source, at: range) -> str:
    colon = end_of(source, at.start, at.stop, ":")
    return type_at(source, colon + 1 if colon < at.stop else at.start) or ""


def type_at(source: Source, index: int) -> Optional[str]:
    """The type that is written there: one or more names that begin with a capital."""
    names = []
    while index < len(source.tokens) and source.tokens[index].kind == WORD and source.tokens[index].text[:1].isupper():
        names.append(source.tokens[index].text)
        if index + 1 >= len(source.tokens) or source.tokens[index + 1].text != ".":
            break
        index += 2
    return ".".join(names) if names else None
