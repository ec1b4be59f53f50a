"""The order of channels inside a program: free where nobody outside sees it."""
