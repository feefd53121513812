"""Folium pages that open without a network."""
