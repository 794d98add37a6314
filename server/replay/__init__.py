"""The day, played again: on a socket, and in the terminal."""
