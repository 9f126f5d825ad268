"""Keras and TensorFlow made ready to train: repeatable, on a GPU where there is one."""

from __future__ import annotations

import os
import warnings

from edgernn.errors import MissingPackageError, TrainingError
from edgernn.native_logs import held_back
from edgernn.privacy import import_quietly
from edgernn.training.gpu import find_gpu_problem

__all__ = ["prepare_keras"]


def prepare_keras(seed: int) -> str:
    """Load TensorFlow, make it repeatable, and return what it will train on, in words.

    Warns where the machine has a GPU that TensorFlow cannot use.

    Args:
        seed: of Keras's own random numbers, such as first weights.

    Raises:
        MissingPackageError: TensorFlow is not installed.
        TrainingError: Keras runs on something else.
    """
    try:
        with held_back():
            keras = import_quietly("keras")
            tf = import_quietly("tensorflow")
    except ImportError as error:
        raise MissingPackageError("tensorflow", "training", "train") from error
    if keras.backend.backend() != "tensorflow":
        raise TrainingError(
            f"Keras runs on {keras.backend.backend()}; set KERAS_BACKEND=tensorflow and try again"
        )
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    problem = find_gpu_problem(tf)
    if problem is not None:
        warnings.warn(problem, RuntimeWarning, stacklevel=2)
    if gpus:
        name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")
        return f"GPU {name}, cuDNN LSTM kernels (TensorFlow {tf.__version__})"
    return f"CPU, {os.cpu_count()} cores: TensorFlow {tf.__version__} sees no GPU"
