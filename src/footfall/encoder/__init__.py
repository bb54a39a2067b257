"""The attention network, its losses, targets and training loop."""
