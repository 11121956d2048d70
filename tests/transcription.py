"""The update as it is written, in NumPy and float64: what every engine is held against."""

import numpy as np


def transcription(data, hidden, output, alpha, eta, iterations):
    """The update as it is written, neuron by neuron, in NumPy; losses (T + 1, 2) and last weights."""
    b, a = hidden.copy(), output.copy()
    n = len(data.y_train)
    losses = []
    for t in range(iterations + 1):
        z = data.x_train @ b.T
        r = alpha * (np.maximum(z, 0) @ a) - data.y_train
        test = alpha * (np.maximum(data.x_test @ b.T, 0) @ a) - data.y_test
        losses.append((np.mean(r**2) / 2, np.mean(test**2) / 2))
        if t < iterations:
            gradient_a = np.array([np.sum(r * np.maximum(z[:, j], 0)) for j in range(len(a))]) / n
            gradient_b = np.array(
                [((r * a[j] * (z[:, j] > 0))[:, None] * data.x_train).sum(0) for j in range(len(a))]
            )
            a, b = a - eta / alpha * gradient_a, b - eta / alpha * gradient_b / n
    return np.array(losses), b, a
