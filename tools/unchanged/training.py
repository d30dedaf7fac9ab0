"""What training, quantizing, shrinking and packing make."""
import os

from builds import CannotCompare, at_once, digest, name_of, say, table
from outputs import kernel_tables

NETWORKS = ["mnist-cnn", "lenet5", "resnet8", "keyword"]
# Trained again on every kernel table, with generated digits, so that it takes seconds; keyword takes no digits.
DIGIT_NETWORKS = ["mnist-cnn", "lenet5", "resnet8"]


def model_hash(check, path):
    """A hash of what a file computes with: written anew without provenance and names, by the old build if it can."""
    plain = path + ".plain"
    for build in (check.old, check.new):
        try:
            build.output(
                build.swiftlet, "pack", path, "--plain", "--drop", "labels,names,provenance,self-test", "-o", plain,
                "--force")
            return digest(plain)
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
        hashes = [digest(path) for path in paths]
        if hashes[0] != hashes[1]:
            hashes = [model_hash(check, path) for path in paths]
        rows.append([name, data_name, kernels or "best", *(text[:12] for text in hashes), check.result(name, *hashes)])
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
    _, tables = kernel_tables(check)
    for kernels in tables:
        for network in DIGIT_NETWORKS:
            name = f"training {network} {kernels}"
            # `reference` is of integer kernels alone.
            if kernels != "reference" and check.wants(name):
                made(name, "1,000 generated digits", kernels, [
                    "train", "--arch", network, "--data", "synthetic", "--synthetic-count", "1000", "--epochs", "1",
                    "--augment"])
    if len(rows) > 1:
        print(table(rows), end="\n\n", flush=True)


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
