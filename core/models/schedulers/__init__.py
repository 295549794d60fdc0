"""Every scheduler that is offered, its settings and its plan; built from a checkpoint's config."""
