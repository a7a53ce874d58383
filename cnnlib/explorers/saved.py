"""Keep a saved notebook readable: an extension of Jupyter's server, switched on where cnnlib is installed.

A widget's view lives as long as its kernel; reopened later it is an error message. So a notebook that is saved keeps
of every explorer the picture and the settings that stand beside the view, and not the view; of the training panel,
which marks its output with "cnnlib", the picture.
"""

from typing import Any

# The server needs nothing else of the explorers, so that it starts as fast as without them.
STORED, VIEW = "application/vnd.cnnlib.explorer+json", "application/vnd.jupyter.widget-view+json"


def without_views(model: dict[str, Any], **_: Any) -> None:
    """Remove the course's own views from a notebook about to be written (Jupyter's `pre_save_hook`)."""
    if model["type"] == "notebook" and model["content"]:
        for cell in model["content"].get("cells", ()):
            for output in cell.get("outputs", ()):
                if STORED in output.get("data", ()) or "cnnlib" in output.get("metadata", ()):
                    output["data"].pop(VIEW, None)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "cnnlib.explorers.saved"}]


def _load_jupyter_server_extension(server: Any) -> None:
    server.contents_manager.register_pre_save_hook(without_views)
