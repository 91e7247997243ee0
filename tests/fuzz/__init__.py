"""Coverage-guided fuzzing of the parsers of untrusted bytes; the test suite replays the corpus.

``python -m tests.fuzz [TARGET] [--seconds N]`` needs atheris; the replay does not.
"""
