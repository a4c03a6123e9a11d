"""PyTorch: golden models, networks, training and freezing to integers."""
