"""Modules import only what their floor allows; libraries neither print nor exit; lean ones stay Embedded Swift."""
from __future__ import annotations

from typing import Dict, Iterator, List, Optional, Set, Tuple

from house import House, Module
from offence import Offence
from patterns import parts_between
from source import Source
from tokens import TEXT, WORD

IMPORT_KINDS = {"struct", "enum", "class", "func", "protocol", "typealias", "var", "let", "actor"}
OUTPUT_WORDS = {"print", "debugPrint", "exit", "fatalError"}
OUTPUT_MODULES = {"Swift", "Foundation", "Glibc"}


def imports(source: Source) -> Iterator[Tuple[int, str]]:
    for index in range(len(source.tokens) - 1):
        if source.is_word(index, "import"):
            at = index + 2 if source.tokens[index + 1].text in IMPORT_KINDS else index + 1
            yield source.tokens[index].line, source.tokens[at].text


# The table


def table(house: House) -> Iterator[Offence]:
    """The table itself: every arrow goes down, and none goes round."""
    for module in house.modules.values():
        for name in module.imports:
            target = house.modules.get(name)
            if target is None and name not in house.outside:
                yield Offence(house.path, module.line, "no-floor", f"{module.name} may import {name}, which has no floor")
            elif target is not None and target.floor > module.floor:
                yield Offence(
                    house.path, module.line, "upward",
                    f"{module.name} on floor {module.floor} may import {name} on floor {target.floor}: "
                    "an arrow goes down only, so move what both need to a lower floor")
            elif module.is_lean and (target is None or not target.is_lean):
                yield Offence(
                    house.path, module.line, "upward", f"{module.name} is lean and may import {name}, which is not")
    circle = cycle({module.name: module.imports for module in house.modules.values()})
    if circle:
        yield Offence(
            house.path, house.modules[circle[0]].line, "cycle",
            f"{' imports '.join(circle + circle[:1])}: move what they share into a module of its own")


def cycle(arrows: Dict[str, Tuple[str, ...]]) -> Optional[List[str]]:
    done: Set[str] = set()

    def walk(name: str, path: List[str]) -> Optional[List[str]]:
        if name in path:
            return path[path.index(name):]
        if name not in done:
            for target in arrows.get(name, ()):
                found = walk(target, path + [name])
                if found:
                    return found
            done.add(name)
        return None

    return next((found for found in (walk(name, []) for name in arrows) if found), None)


def folders(places: Dict[str, str], house: House) -> Iterator[Offence]:
    """Every module has a floor. `places` has a path by each module's name."""
    for name, path in places.items():
        if name not in house.modules:
            yield Offence(path, 1, "no-floor", f"the module {name} has no floor: add a line to {house.path}")


def stale_paths(paths: List[str], house: House) -> Iterator[Offence]:
    for start, line in house.paths:
        if not any(path.startswith(start) for path in paths):
            yield Offence(house.path, line, "stale", f"no file begins with {start}: remove this line or mend the path")


def manifest(source: Source, house: House) -> Iterator[Offence]:
    """Package.swift gives each module no more than the table does."""
    for index in range(len(source.tokens) - 1):
        if source.tokens[index].text in ("target", "executableTarget") and source.tokens[index + 1].text == "(":
            name, dependencies = target_of(source, index + 1)
            module = house.modules.get(name)
            for line, dependency in dependencies if module is not None else []:
                if dependency not in module.imports:
                    yield Offence(
                        source.path, line, "import",
                        f"{name} depends on {dependency}, which {house.path} does not allow: remove it, "
                        "or give the module another place in the table")


def target_of(source: Source, opening: int) -> Tuple[str, List[Tuple[int, str]]]:
    """The name and the dependencies that stand between these brackets."""
    name, dependencies = "", []
    for part in parts_between(source, opening + 1, source.other[opening]):
        label = source.tokens[part.start].text
        if label == "name" and len(part) > 2:
            name = source.tokens[part.start + 2].text.strip('"')
        elif label == "dependencies":
            dependencies = [
                (source.tokens[index].line, source.tokens[index].text.strip('"')) for index in part
                if source.tokens[index].kind == TEXT and source.tokens[index - 1].text in ("[", ",")]
    return name, dependencies


# A module's files


def file_of_module(source: Source, module: Module, house: House) -> Iterator[Offence]:
    for line, name in imports(source):
        if name in module.imports or name == module.name:
            continue
        target = house.modules.get(name)
        is_upward = target is not None and target.floor > module.floor
        why = f"floor {target.floor} is above floor {module.floor}" if is_upward else f"{house.path} does not list it"
        yield Offence(
            source.path, line, "import", f"{module.name} may not import {name} ({why}): move what it needs down")
    if module.is_library:
        yield from output(source)
    if module.is_lean:
        yield from heavy_words(source)


def output(source: Source) -> Iterator[Offence]:
    tokens = source.tokens
    for index in range(1, len(tokens) - 1):
        if tokens[index].kind == WORD and tokens[index].text in OUTPUT_WORDS and tokens[index + 1].text == "(":
            before = tokens[index - 1].text
            is_qualified = before == "." and tokens[index - 2].text in OUTPUT_MODULES
            if is_qualified or before not in (".", "func"):
                yield Offence(
                    source.path, tokens[index].line, "output",
                    f"a library neither prints nor exits: return or throw instead of calling {tokens[index].text}")


def heavy_words(source: Source) -> Iterator[Offence]:
    """What Embedded Swift has not: untyped errors and existentials."""
    tokens = source.tokens
    for index in range(len(tokens) - 1):
        following = tokens[index + 1]
        if source.is_word(index, "throws") and following.text not in ("(", ":"):
            yield Offence(
                source.path, tokens[index].line, "untyped-throws", "a lean module says what it throws: throws(SomeError)")
        elif source.is_word(index, "any") and following.kind == WORD and following.text[:1].isupper() or \
                source.is_word(index, "Any", "AnyObject"):
            yield Offence(
                source.path, tokens[index].line, "existential",
                "a lean module has no existentials: take a generic parameter, `some P`, or an enum")
