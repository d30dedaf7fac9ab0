"""The programs of one tree, and running both trees' at the same time."""
import concurrent.futures
import hashlib
import json
import os
import subprocess
import sys


class CannotCompare(Exception):
    """A check that could not be made; the text says why."""


def say(text):
    print(text, file=sys.stderr, flush=True)


class Build:
    """The programs built in a tree; `name` is old or new."""

    def __init__(self, name, tree):
        self.name, self.tree = name, tree
        self.swiftlet = os.path.join(tree, ".build/release/swiftlet")
        self.run = os.path.join(tree, ".build/release/swiftlet-run")
        self.embedded = os.path.join(tree, ".build-embedded/swiftlet-run")

    def require_programs(self):
        for path in (self.swiftlet, self.run, self.embedded):
            if not os.access(path, os.X_OK):
                raise CannotCompare(f"{path} is not built; run again without --skip-build")

    def output(self, program, *arguments, kernels=None, may_fail=False):
        """What a program prints, on one thread."""
        environment = dict(os.environ, SWIFTLET_THREADS="1")
        environment.pop("SWIFTLET_KERNELS", None)
        if kernels:
            environment["SWIFTLET_KERNELS"] = kernels
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, env=environment)
        if done.returncode != 0 and not may_fail:
            raise CannotCompare(
                f"the {self.name} {' '.join([os.path.basename(program), *map(str, arguments)])} ended with code "
                f"{done.returncode}: {done.stderr.decode(errors='replace').strip()[-300:]}")
        return done.stdout

    def json_lines(self, program, *arguments, kernels=None):
        """The JSON objects that a program prints, one a line."""
        return [json.loads(line) for line in self.output(program, *arguments, kernels=kernels).splitlines() if line]

    def commit(self):
        def git(*arguments):
            done = subprocess.run(["git", "-C", self.tree, *arguments], capture_output=True, text=True)
            return done.stdout.strip()
        changed = git("status", "--porcelain", "--untracked-files=no")
        return (git("rev-parse", "--short", "HEAD") or "no commit known") + (", changed since" if changed else "")

    def stripped_bytes(self, program, work):
        """The size of a program without its symbols."""
        copy = os.path.join(work, self.name + "-stripped")
        subprocess.run(["strip", "-s", "-o", copy, program], check=True, capture_output=True)
        return os.path.getsize(copy)


def at_once(function, old, new):
    """The results of `function` for both builds, which run at the same time."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(function, build) for build in (old, new)]
        return [future.result() for future in futures]


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def is_quantized(path):
    with open(path, "rb") as file:
        return file.read(5)[4] & 1 == 1


def name_of(path):
    return os.path.basename(path).removesuffix(".swl")


def table(rows):
    """A Markdown table of rows, the first its head."""
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    lines = ["| " + " | ".join(str(cell).ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])
