"""The lookup unit: a table of any unary function of few bits."""
