"""The threshold unit: binary search in stored thresholds."""
