"""Cases, testbenches and simulators."""
