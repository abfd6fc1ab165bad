"""How well a classifier trained on one study reads the test images of another: drawn digits on real ones.

python benchmarks/transfer.py results/digits/cnn5/training/model.safetensors data/mnist.parquet
"""

import argparse
import sys
from pathlib import Path

from invariscope.classifiers.evaluation import accuracy, confusion
from invariscope.classifiers.model_file import load_classifier
from invariscope.data.table import read_data
from invariscope.errors import UserError
from invariscope.runtime import open_device


def main() -> None:
    parser = argparse.ArgumentParser(description="Accuracy of a classifier on the test split of another data set.")
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    try:
        classifier = load_classifier(options.model, open_device(options.device))
        images = read_data(options.data, "test")
        if classifier.class_names != images.class_names:
            raise UserError(f"{options.data}: has other classes than {options.model}; take a set of the same classes")
    except UserError as error:
        sys.exit(f"error: {error}")
    counts = confusion(classifier, images)
    for label, name in enumerate(classifier.class_names):
        print(f"{name}: {counts[label, label] / counts[label].sum():.4f}")
    print(f"all {len(images)} images: {accuracy(counts):.4f}")


if __name__ == "__main__":
    main()
