"""The trained flagship: several seeds, their halves, and the model that was shipped before."""
