"""The demo room: the broker of our own against real clients, the fleet, the choice between brokers."""
