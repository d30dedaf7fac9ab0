"""What models answer: integer models on every kernel table, in both binaries, and float models."""
import gzip
import json
import os
import random
import struct

from builds import CannotCompare, at_once, is_quantized, name_of, say, table

# Images for the plain loops of the Embedded binary, which are the same source; all of them would take minutes.
FEW = 1000


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
    lines = [json.loads(line) for line in output.splitlines()]
    return [[(entry["label"], entry["probability"]) for entry in line["top"]] for line in lines]


def kernel_tables(check, program="run"):
    """The names of the kernel tables of this CPU: those the old build has, then those only the new one has."""
    names = []
    for build in (check.old, check.new):
        for model in check.quantized:
            # Prints a verdict for each table until one is wrong, which a model without a self-test does not.
            printed = build.output(getattr(build, program), model, "--verify", "--json", may_fail=True)
            found = [json.loads(line)["kernels"] for line in printed.splitlines() if line]
            if found:
                break
        if not found:
            raise CannotCompare(f"the {build.name} swiftlet-run --verify --json names no kernels")
        names += [name for name in found if name not in names]
        if build is check.old:
            of_old = list(names)
    return of_old, names


def compare_outputs(check, program, title):
    models = [path for path in check.quantized if check.wants(f"{title} {name_of(path)}")]
    if not models:
        return
    images, count, what = test_images(check, check.options.images)
    old_tables, tables = kernel_tables(check, program)
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
            try:
                old, new = at_once(
                    lambda build: build.output(
                        getattr(build, program), model, given, "--json", "--top", 1000, "--kernels",
                        of_old if build is check.old else kernels),
                    check.old, check.new)
            except CannotCompare as error:
                say(f"  {error}")
                check.failures.append(name)
                row.append("FAILS")
                continue
            if old != new:
                old, new = predictions(old), predictions(new)
            row.append(check.result(name, old, new))
            differing = [index for index, pair in enumerate(zip(old, new)) if pair[0] != pair[1]] if old != new else []
            if differing:
                first = differing[0]
                row[-1] = f"{len(differing):,} DIFFER"
                say(f"  image {first}: {show(old[first], new[first])}")
        rows.append(row)
    print(table(rows), end="\n\n", flush=True)


def show(old, new):
    """The first label and probability of an image that differ."""
    for place, (was, now) in enumerate(zip(old, new)):
        if was != now:
            return f"label {place + 1} is {now[0]} {now[1]}, was {was[0]} {was[1]}"
    return f"{len(new)} labels instead of {len(old)}"


def compare_evaluations(check):
    models = [path for path in check.models if not is_quantized(path) and check.wants(f"eval {name_of(path)}")]
    if not models:
        return
    data, what = check.data()
    rows = [["float model", "test images", "old", "new", "confusion matrix"]]
    for model in models:
        name = f"eval {name_of(model)}"
        say(name)
        old, new = at_once(
            lambda build: build.json_lines(build.swiftlet, "eval", model, *data, "--json")[0], check.old, check.new)
        facts = [[report[key] for key in ("correct", "images", "confusion")] for report in (old, new)]
        rows.append([name_of(model), what, old["correct"], new["correct"], check.result(name, *facts)])
    print(table(rows), end="\n\n", flush=True)
