"""Measuring the platform on the machine at hand, by `iot-assets bench` and by the scripts in `benchmarks/`.

Belongs here: what those scripts share (figures and how they are kept, facts of the machine, processes that are
measured), and the few benchmarks that need nothing but the installed package. Does not: what the platform needs to run.
"""
