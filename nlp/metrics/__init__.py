"""What happened, as facts that can be counted, and the numbers made of them."""
