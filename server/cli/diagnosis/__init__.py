"""What is wrong with a server that runs, from what it tells about itself."""
