"""One module per section of PortOne's reference; each method builds a call and awaits it."""
