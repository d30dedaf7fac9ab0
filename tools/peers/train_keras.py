"""Trains the seed CNN in Keras and prints one JSON line with the wall and CPU seconds of its later epochs.

  python train_keras.py --data FOLDER [--epochs 3] [--threads 2]

The first epoch compiles and is left out. As in 'swiftlet train', 5,000 of the 60,000 training images are held out and
scored after each epoch; batch 64, Adam.
"""
import argparse
import gzip
import json
import os
import time

import numpy as np


def read(folder, name, skip):
    with gzip.open(os.path.join(folder, name)) as file:
        return np.frombuffer(file.read()[skip:], np.uint8)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow
    keras = tensorflow.keras
    tensorflow.config.threading.set_intra_op_parallelism_threads(args.threads)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(1)
    images = read(args.data, "train-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1).astype(np.float32) / 255
    labels = read(args.data, "train-labels-idx1-ubyte.gz", 8)
    layers = keras.layers
    model = keras.Sequential([
        keras.Input((28, 28, 1)), layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(),
        layers.Dense(128, activation="relu"), layers.Dense(10, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    marks = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            marks.append((time.perf_counter(), time.process_time(), logs["val_accuracy"]))

    model.fit(
        images[:-5000], labels[:-5000], batch_size=64, epochs=args.epochs,
        validation_data=(images[-5000:], labels[-5000:]), verbose=0, callbacks=[Clock()])
    count = args.epochs - 1
    print(json.dumps({
        "wall_s": (marks[-1][0] - marks[0][0]) / count, "cpu_s": (marks[-1][1] - marks[0][1]) / count,
        "validation": marks[-1][2]}))


if __name__ == "__main__":
    main()
