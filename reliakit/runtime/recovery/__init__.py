"""Recovery by routing at run time: regions are watched, decided about by one worker for all, and left or taken back."""
