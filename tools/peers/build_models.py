"""Builds the peers' int8 models of a float .swl model: ONNX (QDQ) for ONNX Runtime and OpenVINO, TFLite if TensorFlow
is installed.

  python build_models.py MODEL.swl FOLDER [--data FOLDER] [--sparsity SHARE]

Calibrates on 512 MNIST training images from --data, else on random ones, which changes accuracy but not speed. With
--sparsity that share of each layer's weights, the smallest, becomes zero first, without the training that would make
up for it: for speed alone.
"""
import argparse
import gzip
import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

import swl


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("folder")
    parser.add_argument("--data")
    parser.add_argument("--sparsity", type=float, default=0)
    args = parser.parse_args()
    shape, layers = swl.read(args.model)
    for layer in layers:
        if args.sparsity and "weights" in layer:
            size = np.abs(layer["weights"])
            layer["weights"] = np.where(size < np.quantile(size, args.sparsity), np.float32(0), layer["weights"])
    layers = [layer for layer in layers if layer["tag"] not in (swl.SOFTMAX, swl.DROPOUT)]
    images = calibration_images(args.data, shape)
    os.makedirs(args.folder, exist_ok=True)
    float_path = os.path.join(args.folder, "float.onnx")
    onnx.save(onnx_model(shape, layers), float_path)
    quantize_onnx(float_path, os.path.join(args.folder, "int8.onnx"), images)
    try:
        import tensorflow
    except ImportError:
        return
    keras = keras_model(tensorflow, shape, layers)
    expect_same(keras, float_path, images[:8])
    with open(os.path.join(args.folder, "int8.tflite"), "wb") as file:
        file.write(quantize_tflite(tensorflow, keras, images))


def calibration_images(folder, shape):
    """Images in 0...1, [count, height, width, channels]."""
    path = folder and os.path.join(folder, "train-images-idx3-ubyte.gz")
    if not path or not os.path.exists(path) or shape != [28, 28, 1]:
        return np.random.default_rng(0).random((512, *shape), np.float32)
    with gzip.open(path) as file:
        pixels = np.frombuffer(file.read(16 + 512 * 784)[16:], np.uint8)
    return (pixels.reshape(512, 28, 28, 1) / 255).astype(np.float32)


def onnx_model(shape, layers):
    h, w, c = shape
    nodes, constants, value = [], [], "x"

    def constant(name, array):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(kind, inputs, **attributes):
        nonlocal value
        name = f"{kind.lower()}_{len(nodes)}"
        nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        value = name

    for index, layer in enumerate(layers):
        tag = layer["tag"]
        if tag == swl.CONV:
            weights = constant(f"w{index}", layer["weights"].transpose(0, 3, 1, 2))
            add("Conv", [value, weights, constant(f"b{index}", layer["bias"])], kernel_shape=layer["kernel"],
                strides=layer["stride"])
        elif tag == swl.MAX_POOL:
            add("MaxPool", [value], kernel_shape=layer["kernel"], strides=layer["stride"])
        elif tag == swl.FLATTEN:
            add("Flatten", [value])
        elif tag == swl.DENSE:
            lh, lw, lc = layer["input"]
            weights = layer["weights"].reshape(-1, lh, lw, lc).transpose(0, 3, 1, 2).reshape(layer["units"], -1)
            add("Gemm", [value, constant(f"w{index}", weights), constant(f"b{index}", layer["bias"])], transB=1)
        if layer["relu"]:
            add("Relu", [value])
    # The graph's ends have the names that the timing script binds.
    nodes[-1].output[0] = "y"
    graph = helper.make_graph(
        nodes, "peer", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", c, h, w])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", layers[-1]["units"]])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    return model


class Calibration(CalibrationDataReader):
    def __init__(self, images):
        self.batches = iter([{"x": np.ascontiguousarray(images.transpose(0, 3, 1, 2))}])

    def get_next(self):
        return next(self.batches, None)


def quantize_onnx(source, target, images):
    quantize_static(
        source, target, Calibration(images), quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8, per_channel=True)


def keras_model(tensorflow, shape, layers):
    keras = tensorflow.keras
    model = keras.Sequential([keras.Input(shape)])
    for layer in layers:
        tag, activation = layer["tag"], "relu" if layer["relu"] else None
        if tag == swl.CONV:
            made = keras.layers.Conv2D(
                layer["units"], layer["kernel"], strides=layer["stride"], activation=activation)
            weights = layer["weights"].transpose(1, 2, 3, 0)
        elif tag == swl.DENSE:
            made = keras.layers.Dense(layer["units"], activation=activation)
            weights = layer["weights"].T
        elif tag == swl.MAX_POOL:
            made = keras.layers.MaxPooling2D(layer["kernel"], strides=layer["stride"])
        elif tag == swl.FLATTEN:
            made = keras.layers.Flatten()
        else:
            made = keras.layers.ReLU()
        model.add(made)
        if tag in (swl.CONV, swl.DENSE):
            made.set_weights([weights, layer["bias"]])
    return model


def expect_same(keras, onnx_path, images):
    """The two float models are one network, else a comparison of their speed would mean nothing."""
    import onnxruntime
    session = onnxruntime.InferenceSession(onnx_path, providers=["CPUExecutionProvider"])
    other = session.run(None, {"x": np.ascontiguousarray(images.transpose(0, 3, 1, 2))})[0]
    ours = keras(images).numpy()
    if not np.allclose(ours, other, rtol=1e-3, atol=1e-3 * np.abs(other).max()):
        raise SystemExit(f"Keras and ONNX differ by {np.abs(ours - other).max()}")


def quantize_tflite(tensorflow, model, images):
    converter = tensorflow.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image[None]] for image in images[:200])
    converter.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tensorflow.int8
    return converter.convert()


if __name__ == "__main__":
    main()
