"""The page on the U-Net: what flows through the network."""
