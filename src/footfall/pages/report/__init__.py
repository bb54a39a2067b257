"""Draws journey, pain points and customers on one page that needs no network."""
