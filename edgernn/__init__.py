"""edgernn: recurrent text classifiers from training to the edge.

>>> import edgernn
>>> classifier = edgernn.load()
>>> classifier.score(["Great movie!"])[0].label
'positive'
"""

import edgernn.privacy
from edgernn.errors import EdgernnError
from edgernn.runtime import Classifier, Score, load

__all__ = ["Classifier", "EdgernnError", "Score", "__version__", "load"]

edgernn.privacy.switch_telemetry_off()

__version__ = "0.1.0"
