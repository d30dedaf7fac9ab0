"""Runs every rule over a tree; see tools/check-code."""
from __future__ import annotations

import os
from typing import Iterator, List

import modules
import operators
import sizes
from enums import Enums
from house import House
from offence import Offence
from source import Source
from tokens import BrokenSource

FOLDERS = ("Sources", "tools", "Tests")
TEXT_ENDINGS = (".swift", ".c", ".h", ".py")


def files(root: str) -> Iterator[str]:
    for folder in FOLDERS:
        for place, names, found in os.walk(os.path.join(root, folder)):
            names[:] = sorted(name for name in names if not name.startswith("."))
            yield from (os.path.relpath(os.path.join(place, name), root) for name in sorted(found))


def read(root: str, path: str) -> str:
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def is_source(root: str, path: str) -> bool:
    """Scripts without an ending count too."""
    if path.endswith(TEXT_ENDINGS):
        return True
    if "." in os.path.basename(path):
        return False
    with open(os.path.join(root, path), "rb") as file:
        return file.read(2) == b"#!"


def tree_offences(root: str, house: House) -> List[Offence]:
    paths = [path for path in files(root) if is_source(root, path)]
    offences: List[Offence] = []
    sources: List[Source] = []
    for path in paths:
        text = read(root, path)
        offences += sizes.long_file(path, len(text.splitlines()), house)
        if path.endswith(".swift"):
            try:
                sources.append(Source(path, text))
            except BrokenSource as error:
                offences.append(Offence(path, int(str(error).split(":")[0]), "broken", str(error).split(": ")[1]))
    places = {path.split("/")[1]: path for path in paths if path.startswith("Sources/")}
    offences += modules.table(house)
    offences += modules.folders(places, house)
    offences += modules.stale_paths(paths, house)
    offences += modules.manifest(Source("Package.swift", read(root, "Package.swift")), house)
    return offences + offences_in(sources, house)


def offences_in(sources: List[Source], house: House) -> List[Offence]:
    """What the rules about single files find."""
    enums = Enums(source for source in sources if not source.path.startswith("Tests/"))
    found: List[Offence] = []
    for source in sources:
        found += operators.catch_alls(source, enums)
        found += operators.casts(source, enums)
        found += sizes.long_bodies(source, house)
        if not source.path.startswith("Tests/"):
            found += operators.places(source, enums, house)
        module = house.modules.get(house.module_of(source.path) or "")
        if module is not None:
            found += modules.file_of_module(source, module, house)
    return found
