"""`edgernn choose`: the model that meets limits of size, latency and accuracy.

Small candidates are measured untrained, so that none is trained that breaks a limit, and then
trained by successive halving within a time budget.
"""
