"""Times of both builds on the same model files: old, new and old again in turns."""
import os
import shutil

from builds import CannotCompare, say, table
import pictures

BATCHES = (1, 64)
# A cell that is slower by more than this share, and by more than the old build differs from itself, is suspect.
MARGIN = 0.03
# The four networks of MLPerf Tiny: architecture, image, classes.
TINY = {
    "MobileNetV1 0.25": ("visual-wake-words", (96, 96, 3), 2),
    "DS-CNN": ("keyword-spotting", (49, 10, 1), 12),
    "ResNet-8": ("image-classification", (32, 32, 3), 10),
    "autoencoder": ("anomaly-detection", (1, 640, 1), 2),
}
NAMES = ["seed CNN", "LeNet-5", "no-loss model", *TINY]


def model_path(check, name):
    """The model file that both builds are timed on, made by the old one where it is not shipped."""
    models = os.path.join(check.old.tree, "models")
    old = check.old
    if name == "seed CNN":
        return os.path.join(models, "mnist-cnn-int8.swl")
    if name == "no-loss model":
        return os.path.join(models, "mnist-cnn-noloss.swl")
    say(f"making the {name}")
    made, data = check.path("speed.swl"), check.path("speed-data")
    if name == "LeNet-5":
        source, data = os.path.join(models, "lenet5-float.swl"), check.data()[0][1]
    else:
        architecture, (height, width, channels), classes = TINY[name]
        source = check.path("seeded.swl")
        path = os.path.join(check.new.tree, f"tools/benchmarks/mlperf-tiny/{architecture}.json")
        shutil.rmtree(data, ignore_errors=True)
        pictures.write(data, height, width, channels, classes, per_class=max(6, 48 // classes))
        # Speed asks for no accuracy: the weights stay about those of the seed.
        old.output(
            old.swiftlet, "train", "--arch", path, "--data", data, "--epochs", 1, "--batch", 16, "--learning-rate",
            "1e-6", "--seed", 1, "-o", source, "--force")
    old.output(old.swiftlet, "quantize", source, "--data", data, "-o", made, "--force")
    return made


def medians(build, model):
    """The median microseconds of a call, by batch size."""
    arguments = ["bench", model, "--batch", ",".join(map(str, BATCHES)), "--threads", 1, "--json", "--quiet"]
    rows = [row for row in build.json_lines(build.swiftlet, *arguments) if "median_us" in row]
    found = {row["batch"]: row["median_us"] for row in rows}
    if sorted(found) != sorted(BATCHES):
        raise CannotCompare(f"the {build.name} swiftlet bench --json gave no median_us for batches {BATCHES}")
    return found


def measured(check, name, model):
    """Per batch size the least median of old, new and old again."""
    least = {batch: [float("inf")] * 3 for batch in BATCHES}
    for number in range(check.options.rounds):
        say(f"speed {name}, round {number + 1} of {check.options.rounds}")
        for place, build in enumerate((check.old, check.new, check.old)):
            for batch, median in medians(build, model).items():
                least[batch][place] = min(least[batch][place], median)
    return least


def judged(times):
    """How much slower new is than the faster old, how far the two old ones are apart, and whether that is too much."""
    old, new, again = times
    base = min(old, again)
    slower, spread = new / base - 1, abs(old - again) / base
    return slower, spread, slower > MARGIN and slower > spread


def compare(check):
    rows = [["speed, 1 thread", "batch", "old us", "new us", "old again us", "new against old", "old against itself", ""]]
    for name in NAMES:
        if not check.wants(f"speed {name}"):
            continue
        model = model_path(check, name)
        first = measured(check, name, model)
        suspects = [batch for batch in BATCHES if judged(first[batch])[2]]
        second = {}
        if suspects:
            say(f"speed {name}: slower at batch {', '.join(map(str, suspects))}; measuring again")
            second = measured(check, name, model)
        check.count += len(BATCHES)
        for batch in BATCHES:
            for run, times in enumerate([first] + ([second] if batch in suspects else [])):
                slower, spread, is_slower = judged(times[batch])
                verdict = "slower" if is_slower else "same"
                if run == 1 and is_slower:
                    verdict = "SLOWER, twice"
                    check.failures.append(f"speed {name}, batch {batch}")
                rows.append([
                    name + (", again" if run else ""), batch, *(f"{us:.2f}" for us in times[batch]), f"{slower:+.1%}",
                    f"{spread:.1%}", verdict])
    if len(rows) > 1:
        print(table(rows), end="\n\n", flush=True)
