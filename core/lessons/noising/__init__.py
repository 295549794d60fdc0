"""The page on adding noise: how a picture is destroyed on purpose."""
