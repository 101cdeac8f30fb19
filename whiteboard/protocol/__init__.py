"""The wire format: message classes, codec, validation, close codes. Pure; no Trio, no I/O."""
