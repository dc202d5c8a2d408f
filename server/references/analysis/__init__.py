"""What can be measured of how somebody speaks."""
