"""What the documentation makes of the code: the reference, and the pictures. `python -m docs._site.pictures` draws them."""
