"""edgernn: recurrent text classifiers from training to the edge."""
