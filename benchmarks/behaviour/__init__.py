"""What a sentiment model makes of short texts with negation, contrast, wishes and other domains."""
