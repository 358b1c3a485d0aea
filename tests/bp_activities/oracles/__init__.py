"""A second arithmetic, written from the laws and conventions alone: nothing here imports the product."""
