"""The command line: what each verb prints and refuses."""
