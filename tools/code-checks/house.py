"""Reads a table of the house: modules with their floors and imports, limits, and where operators may be named."""
from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Tuple


class Module(NamedTuple):
    name: str
    floor: int
    # Lean modules compile as Embedded Swift.
    is_lean: bool
    imports: Tuple[str, ...]
    line: int

    @property
    def is_library(self) -> bool:
        return self.name.startswith("Swiftlet")


class House:
    def __init__(self, path: str):
        self.path = path
        self.modules: Dict[str, Module] = {}
        # Not ours: Foundation and packages.
        self.outside: List[str] = []
        self.limits: Dict[str, int] = {}
        # Beginnings of paths, with whether an operator's cases may be named there: "may", "not-yet" or "never".
        self.places: Dict[str, str] = {}
        # Bodies that may be long for now: their paths and names, with the lines of the table that say so.
        self.long_bodies: Dict[Tuple[str, str], int] = {}
        # The paths that lines name, with those lines.
        self.paths: List[Tuple[str, int]] = []
        # The enums whose cases are operators and members of their families.
        self.families: List[str] = []
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                words = line.split("#")[0].split()
                if words:
                    self._read(words, number)

    def _read(self, words: List[str], line: int):
        kind, rest = words[0], words[1:]
        if kind == "module":
            name, floor, weight = rest[:3]
            self.modules[name] = Module(name, int(floor), weight == "lean", tuple(rest[3:]), line)
        elif kind == "outside":
            self.outside += rest
        elif kind == "limit":
            self.limits[rest[0]] = int(rest[1])
        elif kind in ("may", "not-yet", "never"):
            self.places[rest[0]] = kind
            self.paths.append((rest[0], line))
        elif kind == "long":
            self.long_bodies[rest[0], rest[1]] = line
            self.paths.append((rest[0], line))
        elif kind == "family":
            self.families += rest
        else:
            raise SystemExit(f"{self.path}:{line}: '{kind}' is no kind of line")

    def module_of(self, path: str) -> Optional[str]:
        """The module that a file belongs to, by its folder: Sources/NAME or tools/NAME."""
        parts = path.split("/")
        if len(parts) < 3 or parts[0] not in ("Sources", "tools"):
            return None
        return parts[1]

    def place(self, path: str) -> str:
        """Whether this file may name an operator's cases: the longest beginning of its path decides."""
        fitting = [start for start in self.places if path.startswith(start)]
        return self.places[max(fitting, key=len)] if fitting else "never"
