"""The tracker of SAM 3 on single images: `transformers.Sam3TrackerModel`."""

from __future__ import annotations

from cosmos_datasets.evaluation.models.preprocess import Normalisation
from cosmos_datasets.evaluation.models.sam2 import Sam2Adapter


class Sam3Adapter(Sam2Adapter):
    """SAM 3's promptable part: points and boxes as in SAM 2, on an encoder of 1008 pixels; without its text prompts.

    Its own code resizes 8-bit values.

    The encoder of the whole SAM 3 has a fourth level, of half the resolution of the third. The image model of
    transformers does not use it, but adds SAM 3's embedding for "no memory" to it, and so leaves that out (its video
    model drops the level first). The results here are those of transformers' image model.
    """

    architecture = "Sam3TrackerModel"
    image_processor = "Sam3ImageProcessor"
    rounds = True
    usual = Normalisation((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
