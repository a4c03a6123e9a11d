"""``quadcim train cnn``: a classifier with binary weights, and its layers as macros."""

import argparse
from pathlib import Path

from quadcim.arguments import number
from quadcim.files import TRAINING, check_output_folder
from quadcim.spec.cnn import BINARISERS, CNN_DATASETS, CNN_NETWORKS, QUANTISERS, CnnQuantisation
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.quoting import shell_line
from quadcim.training.cnn import CnnTraining

__all__ = ["add_train_cnn"]

_NETWORK, _INNER = CnnTraining(), CnnQuantisation()


def add_train_cnn(kinds: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = kinds.add_parser("cnn", help="train a classifier with binary weights, and freeze its layers to macros")
    command.add_argument("--out", type=Path, required=True, metavar="DIR",
                         help="the folder to write: network, curve, metrics, and weights and affine of each macro")
    command.add_argument("--dataset", default=_NETWORK.dataset, metavar="NAME",
                         help=f"one of {', '.join(CNN_DATASETS)} (default: digits, which need no download)")
    command.add_argument("--data", type=Path, metavar="FILE", help="cifar-10-binary.tar.gz, for --dataset cifar10")
    command.add_argument("--network", metavar="NAME",
                         help=f"one of {', '.join(CNN_NETWORKS)} (default: digits, or resnet20 for cifar10)")
    for name, text in (("weight_bits", "of the inner layers: 1, or 32 for floating point"),
                       ("activation_bits", "1 to 8, or 32 for floating point")):
        command.add_argument(f"--{name.replace('_', '-')}", type=number(int), default=getattr(_INNER, name),
                             metavar="N", help=f"{text} (default: {getattr(_INNER, name)})")
    command.add_argument("--binariser", default=_INNER.binariser, metavar="NAME",
                         help=f"levels of the weights: one of {', '.join(BINARISERS)} (default: {_INNER.binariser})")
    command.add_argument("--per-layer", action="store_true", help="the same levels for all channels of a layer")
    command.add_argument("--quantiser", default=_INNER.quantiser, metavar="NAME",
                         help=f"of the activations: one of {', '.join(QUANTISERS)} (default: {_INNER.quantiser})")
    for name, kind, text in (("epochs", int, "how often all pictures are seen"),
                             ("lr", float, "learning rate at the start"), ("batch", int, "pictures at once"),
                             ("seed", int, "seed of weights and order")):
        default = getattr(_NETWORK, name)
        command.add_argument(f"--{name}", type=number(kind), default=default, metavar="N",
                             help=f"{text} (default: {default})")
    command.add_argument("--force", action="store_true", help="replace an older training there")
    command.set_defaults(run=_train_cnn)


def _train_cnn(options: argparse.Namespace) -> int:
    network = options.network or ("resnet20" if options.dataset == "cifar10" else "digits")
    inner = CnnQuantisation(weight_bits=options.weight_bits, activation_bits=options.activation_bits,
                            binariser=options.binariser, per_channel=not options.per_layer,
                            quantiser=options.quantiser)
    settings = CnnTraining(network=network, dataset=options.dataset, quantisation=inner, epochs=options.epochs,
                           lr=options.lr, batch=options.batch, seed=options.seed)
    if (options.data is None) == (options.dataset == "cifar10"):
        raise IllegalSetting("data", "the file cifar-10-binary.tar.gz with --dataset cifar10, and nothing else",
                             "nothing" if options.data is None else str(options.data))
    check_output_folder(options.out, marker=TRAINING, force=options.force)
    from quadcim.models.bwma.train_cnn import train_cnn

    metrics = train_cnn(settings, out=options.out, data=options.data, force=options.force)
    for path in sorted(path for path in options.out.rglob("*") if path.is_file()):
        print(path)
    for layer in metrics["layers"]:
        weights, affine = (shell_line([f"{options.out / 'layers' / layer['name']}.{kind}"]) for kind in ("npy", "json"))
        affine = f" --affine {affine}" if layer["affine"] else ""
        print(f"quadcim generate cim --weights {weights}{affine} --encoding {layer['encoding']} "
              f"--activation-bits {layer['activation_bits']} --out DIR")
    results = [f"{metrics['accuracy_percent']} % of the test pictures told right"]
    if "accuracy_integer_percent" in metrics:
        results.append(f"{metrics['accuracy_integer_percent']} % with the macros' integers")
    print(f"{', '.join(results)}; trained in {metrics['fit_seconds']} s")
    return 0
