"""A simulated shop with a known truth, generated inside DuckDB from one seed number."""

from footfall.storefront.simulation import StorefrontRun, fingerprint, generate

__all__ = ["StorefrontRun", "fingerprint", "generate"]
