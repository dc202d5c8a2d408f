"""Recipes for the models that ship with the project. Needs torch, which nothing else does."""
