"""Running: requests, traces, the denoising loop, the batcher and the store."""
