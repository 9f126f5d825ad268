"""How fast our scoring is beside everything else, in one run on one machine."""
