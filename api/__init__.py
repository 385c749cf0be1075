"""How the world talks to the service and what is remembered."""
