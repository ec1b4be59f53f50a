"""The credit FIFO that ends every component."""
