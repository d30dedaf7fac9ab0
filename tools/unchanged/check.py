"""The checks of tools/check-unchanged; see its --help."""
import argparse
import os
import sys
import time

from builds import Build, CannotCompare, is_quantized, name_of, say, table
import outputs
import pictures
import speed
import training


class Check:
    """What all checks need, and what they found."""

    def __init__(self, options):
        self.options, self.work = options, options.work
        self.old, self.new = Build("old", options.old), Build("new", options.new)
        self.failures, self.count = [], 0
        self.models = sorted(
            os.path.join(options.old, "models", name) for name in os.listdir(os.path.join(options.old, "models"))
            if name.endswith(".swl"))
        self.quantized = [path for path in self.models if is_quantized(path)]
        self.mnist = existing(os.path.join(options.data, "mnist"))
        self.recordings = existing(os.path.join(options.data, "fsdd/recordings"))

    def wants(self, name):
        return not self.options.only or any(text in name for text in self.options.only.split(","))

    def path(self, name):
        return os.path.join(self.work, name)

    def result(self, name, old, new):
        """'same', or notes a failure."""
        self.count += 1
        if old == new:
            return "same"
        self.failures.append(name)
        return "DIFFERENT"

    def data(self, network=""):
        """The --data option of a network, and a text that names the data."""
        if network != "keyword":
            return ["--data", self.mnist or "synthetic"], "MNIST" if self.mnist else "generated digits"
        if self.recordings:
            return ["--data", self.recordings], "spoken digits"
        folder = self.path("pictures")
        if not os.path.isdir(folder):
            pictures.write(folder, 32, 32, 1, classes=10, per_class=60)
        return ["--data", folder], "generated noise"


def existing(path):
    return os.path.realpath(path) if os.path.isdir(path) else None


def compare_sizes(check):
    rows = [["binary, stripped", "old bytes", "new bytes", "change"]]
    for title, program in (("swiftlet", "swiftlet"), ("swiftlet-run", "run"), ("swiftlet-run, Embedded", "embedded")):
        old, new = (build.stripped_bytes(getattr(build, program), check.work) for build in (check.old, check.new))
        rows.append([title, f"{old:,}", f"{new:,}", f"{new - old:+,}"])
    print(table(rows), end="\n\n", flush=True)


def list_names(check):
    for title in ("outputs", "embedded"):
        print(*(f"{title} {name_of(path)}" for path in check.quantized), sep="\n")
    print(*(f"eval {name_of(path)}" for path in check.models if not is_quantized(path)), sep="\n")
    print(*(f"{kind} {network}" for network in training.NETWORKS for kind in ("training", "quantize")), sep="\n")
    print("recipe mnist-cnn")
    print(*(f"{kind} {name_of(path)}" for path in check.models for kind in ("pack", "pack --plain")), sep="\n")
    print(*(f"speed {name}" for name in speed.NAMES), sep="\n")


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("old", "new", "work", "data"):
        parser.add_argument("--" + name, required=True)
    for name in ("same-files", "speed", "list"):
        parser.add_argument("--" + name, action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    try:
        check = Check(options)
        if options.list:
            return list_names(check)
        for build in (check.old, check.new):
            build.require_programs()
        started = time.monotonic()
        for build in (check.old, check.new):
            print(f"{build.name}: {build.commit()} in {build.tree}")
        print(flush=True)
        compare_sizes(check)
        outputs.compare_outputs(check, "run", "outputs")
        outputs.compare_outputs(check, "embedded", "embedded")
        outputs.compare_evaluations(check)
        training.compare_training(check)
        if options.same_files:
            training.compare_files(check)
        if options.speed:
            speed.compare(check)
    except CannotCompare as error:
        say(f"error: {error}")
        return 1
    print(f"{(time.monotonic() - started) / 60:.1f} minutes")
    if check.count == 0:
        say(f"error: no check has '{options.only}' in its name. --list prints the names; speed needs --speed, and pack "
            "--same-files.")
        return 1
    if check.failures:
        print("CHANGED: " + "; ".join(check.failures))
        return 1
    print(f"nothing changed in {check.count} comparisons")
    return 0


if __name__ == "__main__":
    sys.exit(main())
