"""The facts of PortOne's official document, and the tests that compare this package with them.

``facts.json`` holds facts alone: methods, paths, names, places, types, limits and words.
"""
