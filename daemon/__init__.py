"""Running again and again: when runs are due, who makes them, and what a monitor may ask."""
