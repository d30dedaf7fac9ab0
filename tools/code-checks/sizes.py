"""Files and functions stay small enough to read."""
from typing import Iterator

from house import House
from offence import Offence
from source import Block, Source


def long_file(path: str, line_count: int, house: House) -> Iterator[Offence]:
    limit = house.limits["file-lines"]
    if line_count > limit:
        yield Offence(path, limit + 1, "long-file", f"the file has {line_count} lines, more than {limit}: split it")


def long_bodies(source: Source, house: House) -> Iterator[Offence]:
    """Functions, initializers, properties and closures of more lines than the limit, those of their braces not counted.

    A function inside another is part of it.
    """
    limit = house.limits["body-lines"]
    excused = {name: line for (path, name), line in house.long_bodies.items() if path == source.path}
    for block in source.blocks:
        first, last = source.tokens[block.opening].line, source.tokens[block.closing].line
        if not is_outermost_body(block) or last - first - 1 <= limit:
            continue
        if excused.pop(block.name, None) is None:
            name = block.name or "this"
            yield Offence(
                source.path, first, "long-body",
                f"{name} has {last - first - 1} lines, more than {limit}: split it into parts with names")
    for name, line in excused.items():
        yield Offence(house.path, line, "not-long", f"{name} of {source.path} is not long any more: remove this line")


def is_outermost_body(block: Block) -> bool:
    around = block.parent
    while around is not None and around.is_type:
        around = around.parent
    return not block.is_type and around is None
