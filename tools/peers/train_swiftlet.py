"""Times an epoch of 'swiftlet train' as the difference between runs of 3 epochs and of 1, or prints the table.

  python train_swiftlet.py --swiftlet BINARY --data FOLDER [--threads 2]     one JSON line, as train_keras.py prints
  python train_swiftlet.py --table SWIFTLET_LINES KERAS_LINES                medians and ratios of many such lines
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import tempfile
import time


def run(args, epochs):
    """Wall and CPU seconds of one run."""
    with tempfile.TemporaryDirectory() as folder:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        subprocess.run(
            [args.swiftlet, "train", "--arch", "mnist-cnn", "--data", args.data, "--batch", "64", "--epochs",
             str(epochs), "--threads", str(args.threads), "-o", os.path.join(folder, "out.swl")],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def table(paths):
    rows = {}
    for name, path in zip(("Swiftlet", "Keras"), paths):
        with open(path) as file:
            lines = [json.loads(line) for line in file if line.startswith("{")]
        rows[name] = [statistics.median(line[key] for line in lines) for key in ("cpu_s", "wall_s")]
    print("| training the seed CNN, batch 64 | CPU seconds per epoch | wall seconds per epoch |\n|---|---|---|")
    for name, (cpu, wall) in rows.items():
        print(f"| {name} | {cpu:.2f} | {wall:.2f} |")
    print(f"| Keras / Swiftlet | {rows['Keras'][0] / rows['Swiftlet'][0]:.2f} "
          f"| {rows['Keras'][1] / rows['Swiftlet'][1]:.2f} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--swiftlet")
    parser.add_argument("--data")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--table", nargs=2)
    args = parser.parse_args()
    if args.table:
        return table(args.table)
    short, long = run(args, 1), run(args, 3)
    print(json.dumps({"wall_s": (long[0] - short[0]) / 2, "cpu_s": (long[1] - short[1]) / 2}), flush=True)


if __name__ == "__main__":
    main()
