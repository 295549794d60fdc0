"""Real checkpoints: catalog, loading, hardware, schedulers, text and latents.

The libraries read these settings when they are first imported, so they are set here, before any
module of this package imports one: no network unless whoever starts the app allows it, no code
from checkpoints, no telemetry, no chatter on the console.
"""

import os
import warnings

_OFFLINE = "0" if os.environ.get("GLASSBOX_ONLINE") == "1" else "1"

for _name, _value in {
    "HF_HUB_OFFLINE": _OFFLINE,
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_ETAG_TIMEOUT": "5",
    "HF_HUB_DOWNLOAD_TIMEOUT": "10",
    "DIFFUSERS_DISABLE_REMOTE_CODE": "1",
    "DIFFUSERS_VERBOSITY": "error",
    "TRANSFORMERS_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
}.items():
    os.environ.setdefault(_name, _value)

# torchsde rounds the ends of a Brownian path to single precision, then says that they differ.
warnings.filterwarnings("ignore", "Should have t[ab]", UserWarning, "torchsde")
