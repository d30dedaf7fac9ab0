"""Times int8 models in TFLite, ONNX Runtime and OpenVINO beside Swiftlet, in one interleaved run.

  python time_models.py --swiftlet BINARY --model MODEL.swl --peers FOLDER [--rounds 3] [--threads 1] [--batches 1,64]
                        [--deepsparse PYTHON] [--json FILE]

FOLDER has int8.tflite, int8.onnx (or ort-int8-u8.onnx) and ov-int8.xml, some of them; OpenVINO runs the ONNX file where
it has none of its own. --deepsparse names a Python that has DeepSparse, which then runs float.onnx and int8.onnx.
Every measurement is a process of its own, pinned to one core per thread: 0.2 s of warm-up, then
at least 0.5 s and 30 calls, inputs in place. Rounds go over all runtimes in turn; each figure is the least of the
rounds' medians (and of all calls). Compare ratios within a run, never times between runs.
"""
import argparse
import json
import os
import subprocess
import sys
import time


def prepare(runtime, path, threads, batch):
    """Loads a model and returns a function that runs it once on inputs already in place."""
    import numpy as np
    random = np.random.default_rng(0)
    if runtime == "tflite":
        from ai_edge_litert.interpreter import Interpreter
        net = Interpreter(path, num_threads=threads)
        entry = net.get_input_details()[0]
        shape = [batch, *entry["shape"][1:]]
        net.resize_tensor_input(entry["index"], shape)
        net.allocate_tensors()
        if entry["dtype"] == np.int8:
            net.set_tensor(entry["index"], random.integers(-128, 128, shape, np.int8))
        else:
            net.set_tensor(entry["index"], random.random(shape, np.float32))
        return getattr(getattr(net, "_interpreter", None), "Invoke", None) or net.invoke
    if runtime == "ort":
        import onnxruntime as ort
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_free_dimension_override_by_name("N", batch)
        session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        x = ort.OrtValue.ortvalue_from_numpy(random.random([batch, *session.get_inputs()[0].shape[1:]], np.float32))
        y = ort.OrtValue.ortvalue_from_numpy(np.zeros([batch, session.get_outputs()[0].shape[1]], np.float32))
        binding = session.io_binding()
        binding.bind_ortvalue_input(session.get_inputs()[0].name, x)
        binding.bind_ortvalue_output(session.get_outputs()[0].name, y)
        prepare.keep = (x, y)
        return lambda: session._sess.run_with_iobinding(binding._iobinding, None)
    if runtime == "deepsparse":
        import deepsparse
        engine = deepsparse.Engine(model=path, batch_size=batch, num_cores=threads)
        inputs = [random.random((batch, *shape[1:]), np.float32) for shape in engine.input_shapes]
        return lambda: engine.run(inputs)
    import openvino
    core = openvino.Core()
    model = core.read_model(path)
    # Converted models may leave every dimension open; both networks take one 28 x 28 channel.
    known = [1, 28, 28]
    sizes = [d.get_length() if d.is_static else k for d, k in zip(list(model.inputs[0].partial_shape)[1:], known)]
    model.reshape([batch, *sizes])
    request = core.compile_model(
        model, "CPU", {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    ).create_infer_request()
    request.get_input_tensor().data[...] = random.random(request.get_input_tensor().shape, np.float32)
    return request.infer


def worker(args):
    run = prepare(args.runtime, args.file, args.threads, args.batch)
    clock, times = time.perf_counter_ns, []
    start = clock()
    while clock() - start < 2e8:
        run()
    start = clock()
    while len(times) < 30 or clock() - start < 5e8:
        before = clock()
        run()
        times.append(clock() - before)
    times.sort()
    print(json.dumps({"median_us": times[len(times) // 2] / 1e3, "min_us": times[0] / 1e3}), flush=True)
    os._exit(0)  # Some runtimes take seconds to shut down.


def peers(folder, with_deepsparse):
    """The runtimes and files to measure, by the name they get in the table."""
    def first(*names):
        paths = [os.path.join(folder, name) for name in names]
        return next((path for path in paths if os.path.exists(path)), None)

    found = {
        "TFLite int8 (XNNPACK)": ("tflite", first("int8.tflite")),
        "ONNX Runtime int8": ("ort", first("int8.onnx", "ort-int8-u8.onnx")),
        "OpenVINO int8": ("openvino", first("ov-int8.xml", "int8.onnx")),
    }
    if with_deepsparse:
        found["DeepSparse float"] = ("deepsparse", first("float.onnx"))
        found["DeepSparse int8"] = ("deepsparse", first("int8.onnx"))
    return {name: entry for name, entry in found.items() if entry[1]}


def measure(command, threads):
    pinned = ["taskset", "-c", ",".join(map(str, range(threads)))] if os.path.exists("/usr/bin/taskset") else []
    done = subprocess.run(
        pinned + command, capture_output=True, text=True,
        env=dict(os.environ, OMP_NUM_THREADS=str(threads), NM_DISABLE_ANALYTICS="1"))
    for line in reversed(done.stdout.strip().splitlines()):
        try:
            return json.loads(line)
        except ValueError:
            pass
    return {"error": (done.stderr.strip().splitlines() or ["no output"])[-1][:200]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--swiftlet")
    parser.add_argument("--model")
    parser.add_argument("--peers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batches", default="1,64")
    parser.add_argument("--deepsparse")
    parser.add_argument("--json")
    parser.add_argument("--worker", action="store_true")
    parser.add_argument("--runtime")
    parser.add_argument("--file")
    parser.add_argument("--batch", type=int)
    args = parser.parse_args()
    if args.worker:
        return worker(args)
    others = peers(args.peers, args.deepsparse is not None)
    if not others:
        raise SystemExit(f"{args.peers}: has no peer's model")
    batches = [int(batch) for batch in args.batches.split(",")]
    names = ["Swiftlet int8", *others]
    best = {name: {batch: {} for batch in batches} for name in names}
    for turn in range(args.rounds):
        for name in names:
            for batch in batches:
                progress(f"round {turn + 1} of {args.rounds}: {name}, batch {batch}")
                if name in others:
                    runtime, file = others[name]
                    python = args.deepsparse if runtime == "deepsparse" else sys.executable
                    command = [
                        python, __file__, "--worker", "--runtime", runtime, "--file", file, "--threads",
                        str(args.threads), "--batch", str(batch)]
                else:
                    command = [
                        args.swiftlet, "bench", args.model, "--json", "--quiet", "--batch", str(batch), "--threads",
                        str(args.threads)]
                entry = best[name][batch]
                result = measure(command, args.threads)
                if "error" in result:
                    entry["error"] = result["error"]
                    continue
                for key in ("median_us", "min_us"):
                    entry[key] = min(result[key], entry.get(key, result[key]))
    progress("")
    if args.json:
        with open(args.json, "w") as file:
            json.dump(best, file, indent=2)
    print_table(best, list(others), batches)
    failed = [f"{name}, batch {batch}: {best[name][batch]['error']}"
              for name in names for batch in batches if "median_us" not in best[name][batch]]
    for line in failed:
        print(line, file=sys.stderr)
    return 1 if failed else 0


def progress(text):
    if sys.stderr.isatty():
        print(f"\r{text}\033[K", end="", file=sys.stderr, flush=True)


def print_table(best, others, batches):
    columns = [f"batch {batch}, us | images/s (best call) | x fastest peer" for batch in batches]
    print("| runtime | " + " | ".join(columns) + " |\n|" + "---|" * (1 + 3 * len(batches)))
    for name in best:
        cells = []
        for batch in batches:
            entry = best[name][batch]
            if "median_us" not in entry:
                cells += ["failed", "", ""]
                continue
            fastest = min(
                (best[other][batch]["median_us"] for other in others if "median_us" in best[other][batch]), default=None)
            cells += [
                f"{entry['median_us']:.1f}", f"{batch / entry['min_us'] * 1e6:,.0f}",
                f"{fastest / entry['median_us']:.2f}" if fastest else ""]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    sys.exit(main())
