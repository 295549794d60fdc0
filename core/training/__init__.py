"""How the built-in model was made, and small labs that train while you watch."""
