"""The demo: the whole system on one machine, with a sample course, demo people and light traffic."""
