"""Stand-ins for the services that Ballast talks to, for tests on loopback."""
