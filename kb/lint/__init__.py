"""What contradicts, repeats or has died in a handbook; the same reading of facts checks a draft."""
