"""Coverage-guided fuzzing of what reads other people's bytes; the corpus is replayed by the suite.

``python -m tests.fuzz [TARGET] [--seconds N]`` needs atheris; the replay does not.
"""
