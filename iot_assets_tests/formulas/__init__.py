"""Tests of formulas: their language, units and library."""
