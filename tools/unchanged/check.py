"""The checks of tools/check-unchanged: outputs of models, training, files, times. See its --help."""
import argparse
import gzip
import json
import os
import random
import struct
import sys
import time

from builds import Build, CannotCompare, at_once, digest, say, table
import pictures
import speed

NETWORKS = ["mnist-cnn", "lenet5", "resnet8", "keyword"]
# Trained again on every kernel table, with generated digits, so that it takes seconds; keyword takes no digits.
DIGIT_NETWORKS = ["mnist-cnn", "lenet5", "resnet8"]

# Images for the plain loops of the Embedded binary, which are the same source; all of them would take minutes.
FEW = 1000


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


def is_quantized(path):
    with open(path, "rb") as file:
        return file.read(5)[4] & 1 == 1


def name_of(path):
    return os.path.basename(path).removesuffix(".swl")


# Outputs

def test_images(check, count):
    """An idx file of test images, how many they are, and what."""
    path = check.path(f"images-{count}.idx")
    if check.mnist:
        with gzip.open(os.path.join(check.mnist, "t10k-images-idx3-ubyte.gz")) as file:
            pixels, what = file.read()[16:][:count * 784], "MNIST test images"
    else:
        chance = random.Random(1)
        # Mostly black with spots, about as digits are.
        pixels = bytes(chance.randrange(256) if chance.random() < 0.2 else 0 for _ in range(count * 784))
        what = "images of noise"
    with open(path, "wb") as file:
        file.write(struct.pack(">4I", 0x803, len(pixels) // 784, 28, 28) + pixels)
    return path, len(pixels) // 784, what


def predictions(output):
    """For each image of what swiftlet-run --json printed all labels and their probabilities, the likeliest first."""
    return [[(entry["label"], entry["probability"]) for entry in json.loads(line)["top"]] for line in output.splitlines()]


def kernel_tables(build, program, model):
    """The names of the kernel tables of this CPU; the self-test in `model` runs on each."""
    return [verdict["kernels"] for verdict in build.json_lines(program, model, "--verify", "--json")]


def compare_outputs(check, program, title):
    models = [path for path in check.quantized if check.wants(f"{title} {name_of(path)}")]
    if not models:
        return
    images, count, what = test_images(check, check.options.images)
    old_tables, tables = at_once(lambda build: kernel_tables(build, getattr(build, program), models[0]), check.old, check.new)
    missing = [name for name in old_tables if name not in tables]
    if missing:
        check.failures.append(f"{title}: kernels {', '.join(missing)} are gone")
    rows = [[f"{title}, {count:,} {what}", *tables]]
    few = None
    if program == "embedded" and "reference" in tables and count > FEW:
        few, fewer, _ = test_images(check, FEW)
        rows[0][1 + tables.index("reference")] += f", {fewer:,}"
    for model in models:
        row = [name_of(model)]
        for kernels in tables:
            name = f"{title} {name_of(model)} {kernels}"
            say(name)
            given = few if few and kernels == "reference" else images
            # New kernels have to compute what the old ones do.
            of_old = kernels if kernels in old_tables else old_tables[0]
            old, new = at_once(
                lambda build: build.output(
                    getattr(build, program), model, given, "--json", "--top", 1000, "--kernels",
                    of_old if build is check.old else kernels),
                check.old, check.new)
            if old != new:
                old, new = predictions(old), predictions(new)
            row.append(check.result(name, old, new))
            differing = [index for index, pair in enumerate(zip(old, new)) if pair[0] != pair[1]] if old != new else []
            if differing:
                first = differing[0]
                row[-1] = f"{len(differing):,} DIFFER"
                say(f"  image {first}: {show(new[first])} was {show(old[first])}")
        rows.append(row)
    print(table(rows), end="\n\n", flush=True)


def show(entries):
    return ", ".join(f"{label} {probability}" for label, probability in entries[:3])


def compare_evaluations(check):
    models = [path for path in check.models if not is_quantized(path) and check.wants(f"eval {name_of(path)}")]
    if not models:
        return
    data, what = check.data()
    rows = [["float model", "test images", "old", "new", "confusion matrix"]]
    for model in models:
        name = f"eval {name_of(model)}"
        say(name)
        old, new = at_once(lambda build: build.json_lines(build.swiftlet, "eval", model, *data, "--json")[0], check.old, check.new)
        facts = [[report[key] for key in ("correct", "images", "confusion")] for report in (old, new)]
        rows.append([name_of(model), what, old["correct"], new["correct"], check.result(name, *facts)])
    print(table(rows), end="\n\n", flush=True)


# Training

def weights_hash(check, path):
    """A hash of what a model file computes with: no provenance, no names. The old build reads both where it can."""
    plain = path + ".plain"
    for build in (check.old, check.new):
        try:
            build.output(
                build.swiftlet, "pack", path, "--plain", "--drop", "labels,names,provenance,self-test", "-o", plain, "--force")
            return digest(plain)[:16]
        except CannotCompare as error:
            failure = error
    raise failure


def compare_training(check):
    """One epoch of each network; then, from the old build's networks, what makes integers of them."""
    rows = [["training", "data", "kernels", "old", "new", "weights"]]

    def made(name, data_name, kernels, arguments):
        """Has both builds make a model file by `arguments`; returns the old one's path."""
        say(name)
        stem = name.replace(" ", "-")

        def make(build):
            path = check.path(f"{stem}-{build.name}.swl")
            build.output(build.swiftlet, *arguments, "-o", path, "--force", kernels=kernels)
            return path

        paths = at_once(make, check.old, check.new)
        hashes = [weights_hash(check, path) for path in paths]
        rows.append([name, data_name, kernels or "best", *hashes, check.result(name, *hashes)])
        return paths[0]

    for network in NETWORKS:
        data, data_name = check.data(network)
        names = [f"training {network}", f"quantize {network}", f"recipe {network}"]
        if network != "mnist-cnn":
            names.pop()
        if not any(check.wants(name) for name in names):
            continue
        trained = made(names[0], data_name, None, ["train", "--arch", network, *data, "--epochs", "1", "--seed", "1"])
        if check.wants(names[1]):
            made(names[1], data_name, None, ["quantize", trained, *data])
        if check.wants(names[-1]) and len(names) == 3:
            recipe = os.path.join(check.new.tree, "tools/unchanged/recipe.json")
            made(names[2], data_name, None, ["shrink", trained, *data, "--recipe", recipe])
    tables = kernel_tables(check.new, check.new.run, check.quantized[0])
    for kernels in tables:
        for network in DIGIT_NETWORKS:
            name = f"training {network} {kernels}"
            # `reference` is of integer kernels alone.
            if kernels != "reference" and check.wants(name):
                made(name, "1,000 generated digits", kernels, [
                    "train", "--arch", network, "--data", "synthetic", "--synthetic-count", "1000", "--epochs", "1", "--augment"])
    if len(rows) > 1:
        print(table(rows), end="\n\n", flush=True)


# Files

def compare_files(check):
    rows = [["pack", "old bytes", "new bytes", "content"]]
    for model in check.models:
        for options in ([], ["--plain"]):
            name = " ".join(["pack", *options, name_of(model)])
            if not check.wants(name):
                continue
            say(name)

            def pack(build):
                path = check.path(f"packed-{build.name}.swl")
                build.output(build.swiftlet, "pack", model, *options, "-o", path, "--force")
                return os.path.getsize(path), digest(path)

            old, new = at_once(pack, check.old, check.new)
            rows.append([name, f"{old[0]:,}", f"{new[0]:,}", check.result(name, old, new)])
    if len(rows) > 1:
        print(table(rows), end="\n\n", flush=True)


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
    print(*(f"{kind} {network}" for network in NETWORKS for kind in ("training", "quantize")), "recipe mnist-cnn", sep="\n")
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
        print(f"old: {check.old.commit()} in {check.old.tree}\nnew: {check.new.commit()} in {check.new.tree}\n", flush=True)
        compare_sizes(check)
        compare_outputs(check, "run", "outputs")
        compare_outputs(check, "embedded", "embedded")
        compare_evaluations(check)
        compare_training(check)
        if options.same_files:
            compare_files(check)
        if options.speed:
            speed.compare(check)
    except CannotCompare as error:
        say(f"error: {error}")
        return 1
    print(f"{(time.monotonic() - started) / 60:.1f} minutes")
    if check.count == 0:
        say(f"error: no check has '{options.only}' in its name; --list prints the names, speed needs --speed and pack --same-files")
        return 1
    if check.failures:
        print("CHANGED: " + "; ".join(check.failures))
        return 1
    print(f"nothing changed in {check.count} comparisons")
    return 0


if __name__ == "__main__":
    sys.exit(main())
