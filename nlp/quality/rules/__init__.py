"""Rules: small trees of atoms over who spoke, where and around what, written in a form as data."""
