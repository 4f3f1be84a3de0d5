"""The landscape of the loss: low-rank maps, lifting, critical points and their kinds."""
