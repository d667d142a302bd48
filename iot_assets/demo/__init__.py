"""The demo: a broker and a fleet of simulated devices, so that one command shows the whole platform.

Belongs here: what stands in for the outside world. Does not: anything that production needs.
"""
