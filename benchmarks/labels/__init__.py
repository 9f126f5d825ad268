"""Models of 8, 77 and 150 labels, beside a linear SVM of the same texts."""
