"""The checks checked: each fixture has offences planted in it, and the rules must find those and no others.

A fixture is Swift under another ending, so that nothing compiles or formats it. Its first line says where it would
stand, `// as: Sources/SwiftletModel/Planted.swift`; a line with an offence ends in `// offence: RULE`. The fixtures are
one small tree with a table of its own, house.txt, whose offences are marked `# offence: RULE`.
"""
from __future__ import annotations

import os
import re
from typing import List, Set, Tuple

import modules
import sizes
from check import offences_in, read
from house import House
from source import Source

MARK = re.compile(r"(?://|#) offence: ([a-z-]+(?:, [a-z-]+)*)\s*$")
PLACE = re.compile(r"// as: (\S+)")
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")


def marks(path: str, text: str) -> Set[Tuple[str, int, str]]:
    return {
        (path, number, rule) for number, line in enumerate(text.split("\n"), 1)
        for found in MARK.finditer(line) for rule in found.group(1).split(", ")}


def failures() -> List[str]:
    """What the rules miss, and what they find that is none."""
    table = os.path.join(FOLDER, "house.txt")
    house = House(table)
    expected = marks(table, read(FOLDER, "house.txt"))
    found = list(modules.table(house))
    sources, fixtures = [], {table: "house.txt"}
    for name in sorted(os.listdir(FOLDER)):
        text = read(FOLDER, name)
        place = PLACE.match(text)
        if place is None:
            continue
        fixtures[place.group(1)] = name
        expected |= marks(place.group(1), text)
        source = Source(place.group(1), text)
        found += sizes.long_file(source.path, source.line_count, house)
        if source.path == "Package.swift":
            found += modules.manifest(source, house)
        else:
            sources.append(source)
    found += modules.folders({path.split("/")[1]: path for path in fixtures if path.startswith("Sources/")}, house)
    found += modules.stale_paths(list(fixtures), house)
    found += offences_in(sources, house)
    actual = {(offence.path, offence.line, offence.rule) for offence in found}
    say = lambda kind, offence: f"fixtures/{fixtures.get(offence[0], offence[0])}:{offence[1]}: {kind} '{offence[2]}'"
    return [say("not found:", one) for one in sorted(expected - actual)] + [
        say("found where none is planted:", one) for one in sorted(actual - expected)]
