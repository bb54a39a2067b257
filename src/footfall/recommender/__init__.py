"""Trains, stores, fine-tunes and back-tests the recommender, and recommends with it."""
