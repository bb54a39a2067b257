"""Footfall: customer journeys and scores inside the warehouse."""
