"""A better engine than the embedded one: fetched in the background, taken up while people talk."""
