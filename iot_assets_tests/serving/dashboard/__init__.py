"""The dashboard as people see it: in a real browser, from a real server."""
