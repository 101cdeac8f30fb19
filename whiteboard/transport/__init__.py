"""One port: listening sockets, telling WebSockets from HTTP, TLS, and the connection that rooms use."""
