"""Tests of the landing room: real brokers, real processes, real disks that are full."""
