"""Rules over operators: a new one must make the compiler name every place that has to know it."""
from __future__ import annotations

from typing import Dict, Iterator, List, Sequence, Tuple

from enums import Enums, type_at
from house import House
from offence import Offence
from patterns import Pattern, Row, last_name, matches, parts_between, switches
from source import Source
from tokens import WORD


ANY = Pattern("any", 0)


def hints(source: Source, enums: Enums, subject: range) -> List[str]:
    """The types that what is matched may have."""
    name = last_name(source, subject)
    if name == "self" and len(subject) == 1:
        return [source.type_around(subject.start)]
    return sorted(enums.types.get(name, ())) if name else []


def subjects(source: Source, subject: range) -> List[range]:
    """The elements of a tuple that is switched over, or the one subject."""
    if len(subject) > 1 and source.tokens[subject.start].text == "(" and source.other[subject.start] == subject.stop - 1:
        return parts_between(source, subject.start + 1, subject.stop - 1)
    return [subject]


# Catch-alls


def catch_alls(source: Source, enums: Enums) -> Iterator[Offence]:
    for switch in switches(source):
        types = [hints(source, enums, part) for part in subjects(source, switch.subject)]
        hidden = column(switch.rows, types[0], enums) if len(types) == 1 else columns(switch.rows, types, enums)
        for line, enum in sorted(set(hidden)):
            yield Offence(
                source.path, line, "catch-all",
                f"this hides a new case of {enum} from the compiler: name the cases that are left, "
                "or ask a property of the operator instead of switching")


def element(row: Row, index: int, count: int) -> Pattern:
    """What a row says of one element of a tuple or payload; everything where it does not look at it."""
    return row.pattern.parts[index] if len(row.pattern.parts) == count else ANY


def column(rows: Sequence[Row], types: Sequence[str], enums: Enums) -> Iterator[Tuple[int, str]]:
    """The lines and enums of rows that match whatever comes, beside rows that name cases of an operator's enum."""
    rows = [unwrapped(row) for row in rows]
    named = [row.pattern for row in rows if row.pattern.form == "case"]
    if not named:
        return
    names = {pattern.name for pattern in named}
    enum = enums.of_cases(names, [pattern.type for pattern in named if pattern.type] or types)
    if enum is not None:
        yield from ((row.line, enum.path) for row in rows if row.pattern.form == "any" and not row.has_condition)
    for name in sorted(names):
        inside = [row for row in rows if row.pattern.form == "case" and row.pattern.name == name]
        count = max(len(row.pattern.parts) for row in inside)
        payload = enum.cases[name] if enum is not None else []
        yield from columns(inside, [payload[index:index + 1] for index in range(count)], enums)


def columns(rows: Sequence[Row], types: Sequence[Sequence[str]], enums: Enums) -> Iterator[Tuple[int, str]]:
    """The same for a tuple or a payload of several elements.

    There an element that matches everything hides a new case only where the other elements of such rows leave no gap:
    after `(.none, let other), (let other, .none)` the compiler still asks for a new case beside itself.
    """
    for index, hint in enumerate(types):
        elements = [row._replace(pattern=element(row, index, len(types))) for row in rows]
        yield from column([one for row, one in zip(rows, elements)
                           if one.pattern.form != "any" or leaves_no_gap(rows, index, len(types), enums)], hint, enums)


def leaves_no_gap(rows: Sequence[Row], index: int, count: int, enums: Enums) -> bool:
    open_rows = [[element(row, other, count) for other in range(count) if other != index] for row in rows
                 if element(row, index, count).form == "any" and not row.has_condition]
    return is_exhaustive(open_rows, enums)


def is_exhaustive(rows: Sequence[Sequence[Pattern]], enums: Enums) -> bool:
    if any(all(pattern.form == "any" for pattern in row) for row in rows):
        return True
    if not rows:
        return False
    names = {row[0].name for row in rows if row[0].form == "case"}
    covers = any(names == set(enum.cases) for enum in enums.all)
    return covers and all(
        is_exhaustive([row[1:] for row in rows if row[0].form == "any" or is_whole_case(row[0], name)], enums)
        for name in names)


def is_whole_case(pattern: Pattern, name: str) -> bool:
    return pattern.form == "case" and pattern.name == name and all(part.form == "any" for part in pattern.parts)


def unwrapped(row: Row) -> Row:
    """`.some(x)` and `x?` are looked at as x."""
    pattern = row.pattern
    while pattern.form == "optional" or pattern.form == "case" and pattern.name == "some" and len(pattern.parts) == 1:
        pattern = pattern.parts[0]
    return row._replace(pattern=pattern)


# Casts

CAST_WORDS = ("is", "as")


def casts(source: Source, enums: Enums) -> Iterator[Offence]:
    tokens = source.tokens
    for index in range(1, len(tokens) - 1):
        at = index + 1
        if source.is_word(index, *CAST_WORDS):
            if tokens[index].text == "as" and tokens[at].text in ("?", "!"):
                at += 1
            elif tokens[index].text == "as" and not is_in_pattern(source, index):
                continue
        elif not (tokens[index].text in ("==", "!=") and names_a_type(source, at)):
            continue
        while tokens[at].text in ("[", "(", "any", "some"):
            at += 1
        name = (type_at(source, at) or "").split(".self")[0].split(".")[-1]
        if name in enums.structs:
            yield Offence(
                source.path, tokens[index].line, "cast",
                f"this asks at run time whether something is a {name}, and no new operator is missed there: "
                "switch over Operator, or ask a property of it")


def is_in_pattern(source: Source, index: int) -> bool:
    """Whether `as` stands in `case let x as Type`."""
    return any(source.is_word(before, "case") for before in range(max(0, index - 3), index))


def names_a_type(source: Source, index: int) -> bool:
    """Whether `Conv2D.self` stands there."""
    while index + 1 < len(source.tokens) and source.tokens[index].kind == WORD and source.tokens[index + 1].text == ".":
        index += 2
    return source.tokens[index].text == "self" and source.tokens[index - 1].text == "."


# Places


def places(source: Source, enums: Enums, house: House) -> Iterator[Offence]:
    """Patterns that name an operator where only traits should be asked; those of folders "not-yet" count as open."""
    place = house.place(source.path)
    if place == "may":
        return
    rule = "place" if place == "never" else "open-place"
    lines: Dict[int, List[str]] = {}
    for line, name in sorted(set(named_operators(source, enums))):
        if name.rsplit(".", 1)[0] in house.families:
            lines.setdefault(line, []).append(name)
    for line, names in lines.items():
        yield Offence(
            source.path, line, rule,
            f"{', '.join(names)} named outside the places of {house.path}: ask a trait of the operator instead, "
            "and state it on its struct in SwiftletModel/Operators")


def named_operators(source: Source, enums: Enums) -> Iterator[Tuple[int, str]]:
    """The lines of patterns and comparisons that name a case of an operator's enum, with the case."""
    for switch in switches(source):
        parts = subjects(source, switch.subject)
        for index, part in enumerate(parts):
            rows = [row if len(parts) == 1 else row._replace(pattern=element(row, index, len(parts)))
                    for row in switch.rows]
            yield from named_in([unwrapped(row).pattern for row in rows], hints(source, enums, part), enums)
    for match in matches(source):
        row = unwrapped(Row(match.pattern, match.pattern.line, False, False))
        yield from named_in([row.pattern], hints(source, enums, match.subject), enums)
    yield from compared(source, enums)


def named_in(patterns: Sequence[Pattern], types: Sequence[str], enums: Enums) -> Iterator[Tuple[int, str]]:
    named = [pattern for pattern in patterns if pattern.form == "case"]
    enum = enums.of_cases({pattern.name for pattern in named}, [one.type for one in named if one.type] or types)
    for pattern in named if enum is not None else []:
        yield pattern.line, f"{enum.path}.{pattern.name}"
        for index, part in enumerate(pattern.parts):
            payload = enum.cases[pattern.name]
            yield from named_in([part], payload[index:index + 1], enums)


def compared(source: Source, enums: Enums) -> Iterator[Tuple[int, str]]:
    """`pool.reduction == .max` is a pattern in other clothes."""
    tokens = source.tokens
    for index in range(1, len(tokens) - 2):
        if tokens[index].text in ("==", "!=") and tokens[index + 1].text == "." and tokens[index + 2].kind == WORD:
            types = hints(source, enums, range(index - 1, index))
            enum = enums.of_cases({tokens[index + 2].text}, types)
            if enum is not None:
                yield tokens[index].line, f"{enum.path}.{tokens[index + 2].text}"
