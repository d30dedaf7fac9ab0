"""The patterns of `switch`, `if case`, `guard case`, `for case` and `while case`."""
from __future__ import annotations

from typing import List, NamedTuple, Optional, Tuple

from source import Source
from tokens import CLOSING, SIGN, WORD


class Pattern(NamedTuple):
    """`form` is "any" (matches everything), "case", "tuple", "optional", "nil" or "other".

    A case has its name, the type written before it (or ""), and the patterns of its payload: none where none are
    written. An optional has one part.
    """
    form: str
    line: int
    name: str = ""
    type: str = ""
    parts: Tuple["Pattern", ...] = ()


class Row(NamedTuple):
    """One pattern of a `case`, or a `default`."""
    pattern: Pattern
    line: int
    is_default: bool
    # `where` leaves the rest to other rows.
    has_condition: bool


class Switch(NamedTuple):
    index: int
    # The tokens of what is switched over.
    subject: range
    rows: List[Row]


class Match(NamedTuple):
    """`if case PATTERN = SUBJECT` and its like."""
    index: int
    pattern: Pattern
    subject: range


def end_of(source: Source, start: int, end: int, *stops: str) -> int:
    """The first of the signs or words from `start` on that no bracket encloses, or `end`."""
    index = start
    while index < end:
        token = source.tokens[index]
        if token.text in stops and token.kind in (SIGN, WORD):
            return index
        index = source.other[index] + 1 if token.text in CLOSING and token.kind == SIGN else index + 1
    return end


def parts_between(source: Source, start: int, end: int) -> List[range]:
    """What stands between the commas."""
    parts = []
    while start < end:
        comma = end_of(source, start, end, ",")
        parts.append(range(start, comma))
        start = comma + 1
    return parts


def pattern(source: Source, at: range, binds: bool = False) -> Pattern:
    tokens, start, end = source.tokens, at.start, at.stop
    while start < end and tokens[start].text in ("let", "var"):
        start, binds = start + 1, True
    if start >= end:
        return Pattern("other", tokens[min(start, len(tokens) - 1)].line)
    line, last = tokens[start].line, tokens[end - 1]
    if last.text == "?" and last.kind == SIGN and end - start > 1:
        return Pattern("optional", line, parts=(pattern(source, range(start, end - 1), binds),))
    if end - start == 1 and tokens[start].kind == WORD:
        if tokens[start].text == "nil":
            return Pattern("nil", line)
        return Pattern("any" if binds or tokens[start].text == "_" else "other", line)
    if tokens[start].text == "(" and source.other[start] == end - 1:
        parts = parts_between(source, start + 1, end - 1)
        found = tuple(pattern(source, unlabelled(source, part), binds) for part in parts)
        return found[0] if len(found) == 1 else Pattern("tuple", line, parts=found)
    return case_pattern(source, range(start, end), binds)


def unlabelled(source: Source, at: range) -> range:
    is_labelled = len(at) > 2 and source.tokens[at.start].kind == WORD and source.tokens[at.start + 1].text == ":"
    return range(at.start + 2, at.stop) if is_labelled else at


def case_pattern(source: Source, at: range, binds: bool) -> Pattern:
    """`.name`, `.name(…)`, `Type.name(…)`; anything else is an expression."""
    tokens, index, names = source.tokens, at.start, []
    line = tokens[index].line
    if tokens[index].text != ".":
        names.append(tokens[index].text)
        index += 1
    while index + 1 < at.stop and tokens[index].text == "." and tokens[index + 1].kind == WORD:
        names.append(tokens[index + 1].text)
        index += 2
    is_type_named = all(name[:1].isupper() for name in names[:-1])
    if not names or not is_type_named or tokens[at.start].kind not in (WORD, SIGN) or index == at.start + 1:
        return Pattern("other", line)
    parts: Tuple[Pattern, ...] = ()
    if index < at.stop and tokens[index].text == "(" and source.other[index] == at.stop - 1:
        parts = tuple(
            pattern(source, unlabelled(source, part), binds) for part in parts_between(source, index + 1, at.stop - 1))
    elif index < at.stop:
        return Pattern("other", line)
    return Pattern("case", line, names[-1], ".".join(names[:-1]), parts)


def switches(source: Source) -> List[Switch]:
    found = []
    for index in range(len(source.tokens)):
        if source.is_word(index, "switch"):
            opening = end_of(source, index + 1, len(source.tokens), "{")
            if opening < len(source.tokens):
                found.append(Switch(index, range(index + 1, opening), rows(source, opening)))
    return found


CONDITION_WORDS = ("if", "guard", "while", "for", ",")


def rows(source: Source, opening: int) -> List[Row]:
    found, index, end = [], opening + 1, source.other[opening]
    while index < end:
        token = source.tokens[index]
        before = source.tokens[index - 1].text
        if source.is_word(index, "default") and source.tokens[index + 1].text == ":":
            found.append(Row(Pattern("any", token.line), token.line, True, False))
        elif source.is_word(index, "case") and before not in CONDITION_WORDS:
            colon = end_of_case(source, index + 1, end)
            for part in parts_between(source, index + 1, colon):
                where = end_of(source, part.start, part.stop, "where")
                one = pattern(source, range(part.start, where))
                found.append(Row(one, one.line, False, where < part.stop))
            index = colon
        index = source.other[index] + 1 if token.text in CLOSING and token.kind == SIGN else index + 1
    return found


def end_of_case(source: Source, start: int, end: int) -> int:
    """The colon of a case; that of `a ? b : c` in its condition is not it."""
    conditions = 0
    while True:
        start = end_of(source, start, end, ":", "?")
        if start == end:
            return end
        token = source.tokens[start]
        if token.text == "?" and token.is_apart:
            conditions += 1
        elif token.text == ":" and conditions == 0:
            return start
        elif token.text == ":":
            conditions -= 1
        start += 1


def matches(source: Source) -> List[Match]:
    found, tokens = [], source.tokens
    for index in range(1, len(tokens)):
        if source.is_word(index, "case") and tokens[index - 1].text in CONDITION_WORDS:
            equals = end_of(source, index + 1, len(tokens), "=", "in", "{", "}", ";")
            if equals < len(tokens) and tokens[equals].text in ("=", "in"):
                end = end_of(source, equals + 1, len(tokens), ",", "{", "else", "&&", ":", "?", "where", ")", "}")
                found.append(Match(index, pattern(source, range(index + 1, equals)), range(equals + 1, end)))
    return found


def last_name(source: Source, at: range) -> Optional[str]:
    """The property or variable that an expression ends with: `reduction` of `node.pool.reduction`."""
    names = [index for index in at if source.tokens[index].kind == WORD]
    return source.tokens[names[-1]].text if names and names[-1] == at.stop - 1 else None
