"""A recording -> the vector of its speaker, from which a voice can learn to sound like them."""
