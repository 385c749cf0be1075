"""A small Chinese transformer encoder, from nothing: masked words first, then texts that belong together."""
