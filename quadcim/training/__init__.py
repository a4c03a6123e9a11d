"""Settings of trainings, which the command line and sweeps read without starting PyTorch."""
