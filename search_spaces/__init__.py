"""What can be tried: parameters, search spaces, preprocessing and model families."""
