"""The wing of the page that checks this machine."""
