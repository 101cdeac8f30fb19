"""What the composition root puts together, part by part. Chooses adapters by the settings; only `serve` uses it."""
