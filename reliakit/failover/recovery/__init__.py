"""Recovery by routing: what happens to the regions of an upstream when one of them is lost."""
