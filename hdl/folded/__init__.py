"""The folded engine: PE × SIMD multiply–accumulate lanes over dense weights."""
