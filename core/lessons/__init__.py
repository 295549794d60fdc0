"""A wing for every page: its screens, what they draw (``*_data``), and its components."""
