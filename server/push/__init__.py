"""What readers are sent, and how: feed, messages, frames, sockets. No HTTP, no log."""
