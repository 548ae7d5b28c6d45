"""What only the pages of the book call: figures, players, sliders, stored results."""
